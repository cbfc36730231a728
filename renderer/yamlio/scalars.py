"""The value of an unquoted word or number in YAML, and whether all readers of YAML agree on it."""

from __future__ import annotations

import re
from functools import lru_cache
from math import isfinite
from typing import NamedTuple

from renderer.lazy import regex
from renderer.yamlio.data import Scalar

NUMBER_STARTS = frozenset("0123456789+-.")
WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}
_OTHER_SPELLINGS = {
    **dict.fromkeys(("Null", "NULL"), "null"),
    **dict.fromkeys(("True", "TRUE"), "true"),
    **dict.fromkeys(("False", "FALSE"), "false"),
}
_LONGEST_NUMBER = 64
_INT64 = range(-(1 << 63), 1 << 63)

_INTEGER = regex("-?[1-9][0-9]*|0")
# A number to any of PyYAML, go-yaml v2 (YAML 1.1), ruamel, go-yaml v3 (1.2). Some take `_` between all its characters.
_NUMBER_SOMEWHERE = regex(
    r"""[-+]?(?:
        0[bB][01]+ | 0[oO][0-7]+ | 0[xX][0-9a-fA-F]+
      | [0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?
      | \.[0-9]+(?:[eE][-+]?[0-9]+)?
      | [0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?
      | \.(?:inf|Inf|INF)
    )|\.(?:nan|NaN|NAN)""",
    re.VERBOSE,
)
_DIGITS_ARE_UNDERSCORES = regex(r"[-+]?(?:0[bBoOxX]|\.(?:[eE][-+]?[0-9]*)?)?")  # PyYAML and ruamel fail on these
NOT_FINITE = regex(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_CORE_INTEGER = regex("[-+]?[0-9]+")
_CORE_BASED = regex("0o[0-7]+|0x[0-9a-fA-F]+")
_CORE_FLOAT = regex(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_OCTAL_IN_1_1 = regex("[-+]?0[0-7]+")


class Unclear(NamedTuple):
    """A scalar that is refused, and what to write instead."""

    message: str


@lru_cache(maxsize=1 << 12)  # the words of specs repeat
def scalar_of(text: str) -> Scalar | Unclear:
    """An unquoted scalar of YAML 1.2 (core schema) that every reader reads the same way, without losing a digit."""
    if text[:1] in NUMBER_STARTS:
        return _number(text)
    if text in WORDS:
        return WORDS[text]
    if text in _OTHER_SPELLINGS:
        return Unclear(
            f'{text} is {_OTHER_SPELLINGS[text]} in YAML; write {_OTHER_SPELLINGS[text]}, or quote it: "{text}"'
        )
    return text


def _number(text: str) -> Scalar | Unclear:
    if len(text) <= 20 and _INTEGER.fullmatch(text):
        value = int(text)
        return value if value in _INT64 else _too_large(text)
    if not _is_number_somewhere(text):
        return text
    if len(text) > _LONGEST_NUMBER:
        return _too_large(text)
    if _CORE_FLOAT.fullmatch(text) and isfinite(real := float(text)) and float_text(real) == text:
        return real
    return _explain(text)


def _is_number_somewhere(text: str) -> bool:
    digits = text.replace("_", "")
    if _NUMBER_SOMEWHERE.fullmatch(digits):
        return True
    return "_" in text and _DIGITS_ARE_UNDERSCORES.fullmatch(digits) is not None


def key_message(text: str) -> str:
    """Why this unquoted key is refused, and what to write instead."""
    value = scalar_of(text)
    what = "nothing" if value is None else str(value).lower() if isinstance(value, bool) else "a number"
    if isinstance(value, str | Unclear) and text[:1] not in NUMBER_STARTS:
        what = "true, false or nothing"
    shown = text[:_LONGEST_NUMBER]
    return f'the key {shown or "left empty"} is {what} to readers of YAML; keys are text: quote it: "{shown}"'


def float_text(value: float) -> str:
    """The shortest decimal text that readers of YAML 1.1 and 1.2 read as this float; ValueError if not finite."""
    if not isfinite(value):
        raise ValueError(f"{value} has no text in JSON")
    text = repr(value)
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return text
    if not 1e-7 <= abs(value) < 1e21:  # YAML 1.1 needs the point and the sign
        return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{int(exponent):+03d}"
    sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    whole, _, fraction = digits.partition(".")
    if int(exponent) < 0:
        return f"{sign}0.{'0' * (-int(exponent) - 1)}{whole}{fraction}"
    return f"{sign}{whole}{fraction.ljust(int(exponent), '0')}.0"


def _explain(text: str) -> Unclear:
    quoted = f'quote it: "{text}"'
    value = _core(text)
    if _OCTAL_IN_1_1.fullmatch(text) and value != int(text, 8):
        return Unclear(
            f"{text} is {value} to some readers of YAML and {int(text, 8)} to others; {quoted}, or write one of the two"
        )
    if NOT_FINITE.fullmatch(text):
        return Unclear(f"{text} is not a number in JSON; {quoted}")
    if value is None:
        return Unclear(f"{text} is a number to some readers of YAML and text to others; {quoted}")
    if not isfinite(value) or (isinstance(value, int) and value not in _INT64):
        return _too_large(text)
    whole = isinstance(value, int) or (value.is_integer() and abs(value) < 1e15)
    written = str(int(value)) if whole else float_text(value)
    return Unclear(f"{text} is the number {written} in YAML; {quoted}, or write {written}")


def _core(text: str) -> int | float | None:
    """The number in YAML 1.2's core schema; None if it is not finite, or a number in YAML 1.1 alone."""
    if _CORE_INTEGER.fullmatch(text):
        return int(text)
    if _CORE_BASED.fullmatch(text):
        return int(text, 0)
    return float(text) if _CORE_FLOAT.fullmatch(text) else None


def _too_large(text: str) -> Unclear:
    if len(text) > _LONGEST_NUMBER:
        return Unclear(f"{text[:_LONGEST_NUMBER]}... is too long for a number; quote it")
    return Unclear(f'{text} is too large for a number; quote it: "{text}"')
