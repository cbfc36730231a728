"""A report as JSON, for other programs."""

from __future__ import annotations

import json
from typing import Any


def as_json(data: Any) -> str:
    r"""Always valid UTF-8: the bytes of a file name that is not UTF-8 become escapes (`\udcff`), as in Python."""
    return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode(errors="backslashreplace").decode()
