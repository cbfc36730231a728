"""A report as JSON, for other programs."""

from __future__ import annotations

import json
from typing import Any


def as_json(data: Any) -> str:
    r"""UTF-8 whatever it holds: of a file name that is not, the bytes are escapes (`\udcff`), as Python has them."""
    return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode(errors="backslashreplace").decode()
