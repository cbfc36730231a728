"""What kubectl makes of an unquoted scalar of a manifest: sigs.k8s.io/yaml turns YAML 1.1 into JSON."""

from __future__ import annotations

from math import isfinite

from renderer.lazy import regex
from renderer.yamlio.data import Scalar
from renderer.yamlio.scalars import NOT_FINITE, NUMBER_STARTS, Unclear

# go-yaml v2, resolve.go; a test compares it with kubectl 1.37
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
}
_INTEGER = regex("([-+]?)(?:0[bB]([01]+)|0[oO]?([0-7]+)|0[xX]([0-9a-fA-F]+)|(0|[1-9][0-9]*))")
_FLOAT = regex(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
# Numbers to Go alone: underscores after a point, a sign after `0b`.
_ODD = regex(r"\.(?=.*_)[0-9][0-9_]*(?:[eE][-+]?[0-9_]+)?|0_*b_*[-+][01_]+")
_LONGEST_NUMBER = 400
_INT64 = range(-(1 << 63), 1 << 63)
_EXACT = 1 << 53  # JSON writes whole floats up to this one as integers
_UINT64 = range(-(1 << 63), 1 << 64)


def kubectl_plain(text: str) -> Scalar | Unclear:
    """The value in the JSON that kubectl makes of it; `Unclear` if JSON has no such value."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in NUMBER_STARTS:
        return text
    if NOT_FINITE.fullmatch(text):
        return Unclear(f'{text} is not a number in JSON; quote it: "{text}"')
    if _ODD.fullmatch(text):
        return Unclear(f'{text} is a number to some readers of YAML and text to others; quote it: "{text}"')
    digits = text if text[0] == "." else text.replace("_", "")
    return text if (number := _number(digits)) is None else number


def _number(digits: str) -> int | float | None:
    if len(digits) > _LONGEST_NUMBER:
        return None
    integer = _integer(digits)
    if integer is not None and integer in _UINT64:
        return integer if integer in _INT64 else float(integer)
    if _FLOAT.fullmatch(digits) and isfinite(real := float(digits)):
        return int(real) if real.is_integer() and abs(real) <= _EXACT else real
    return None


def _integer(digits: str) -> int | None:
    """Go's `strconv.ParseInt` with base 0, without its range."""
    found = _INTEGER.fullmatch(digits)
    if found is None:
        return None
    sign, *groups = found.groups()
    base, group = next(each for each in zip((2, 8, 16, 10), groups, strict=True) if each[1] is not None)
    return int(sign + group, base)
