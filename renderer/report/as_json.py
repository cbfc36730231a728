"""A report as JSON, for other programs."""

from __future__ import annotations

import json
import re
from typing import Any

from renderer.lazy import regex
from renderer.masking import without_known
from renderer.problem import is_visible

_PERHAPS = regex(r"[^\n -~]|#(?=#)|(?<=#)\[|(?<=vso)\[|(?<=teamcity)\[")


def as_json(data: Any, indent: int | None = 2) -> str:
    r"""Always valid UTF-8, without secrets; text that a terminal or a CI runner could interpret is escaped.
    Without an indent it is one line.

    The bytes of a file name that is not UTF-8 are escapes too (`\udcff`), as in Python.
    """
    text = json.dumps(_masked(data), indent=indent, ensure_ascii=False) + "\n"
    return _PERHAPS.sub(_escaped, text)


def _masked(data: Any) -> Any:
    if isinstance(data, str):
        return without_known(data)
    if isinstance(data, dict):
        return {key: _masked(value) for key, value in data.items()}
    return [*map(_masked, data)] if isinstance(data, list | tuple) else data


def _escaped(found: re.Match[str]) -> str:
    letter = found[0]
    if letter.isascii() or not is_visible(letter):
        return json.dumps(letter)[1:-1] if not letter.isascii() or letter < " " else f"\\u{ord(letter):04x}"
    return letter
