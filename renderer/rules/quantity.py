"""Kubernetes quantities and int-or-percent values as integers; exact, without floats or decimals."""

from __future__ import annotations

import re
from functools import lru_cache

from renderer.rules.syntax import is_digits

_QUANTITY = re.compile(
    r"([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:([eE][+-]?\d+)|(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE])?)", re.ASCII
).fullmatch
_TENS = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_TWOS = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_NANO = 9  # a quantity is kept in units of 10^-9, the finest that Kubernetes keeps
_UNIT: int = 10**_NANO
_MOST = (1 << 31) - 1  # of an integer in an int-or-percent value
_LONGEST = 64  # digits and exponents beyond any quantity that a cluster could mean


def quantity(value: object) -> int | None:
    """`100m`, `1.5Gi`, `2e3`, 4 in units of 10^-9; None for text that is not a quantity."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value * _UNIT
    return _parse(str(value)) if isinstance(value, (str, float)) else None


@lru_cache(maxsize=2048)
def _parse(text: str) -> int | None:
    match = _QUANTITY(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    sign, number, exponent, suffix = match.groups()
    whole, _, fraction = number.partition(".")
    tens = _NANO - len(fraction) + (int(exponent[1:]) if exponent else _TENS.get(suffix, 0))
    if abs(tens) > _LONGEST:
        return None
    digits = int(whole + fraction) << _TWOS.get(suffix, 0)
    scaled: int = digits * 10**tens if tens >= 0 else -(-digits // 10**-tens)  # Kubernetes rounds a finer value up
    return -scaled if sign == "-" else scaled


def share(value: object, total: int, *, up: bool) -> int | None:
    """An int-or-percent value of `total` pods, rounded up or down; None for another value."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if not (isinstance(value, str) and value.endswith("%") and is_digits(value[:-1])):
        return None
    hundredths = int(value[:-1]) * total
    return -(-hundredths // 100) if up else hundredths // 100


def is_too_large(value: object) -> bool:
    """Whether an int-or-percent value has a number that Kubernetes cannot read: it keeps 32 bits."""
    if isinstance(value, str):
        return len(value.removesuffix("%")) > len(str(_MOST))
    return isinstance(value, int) and value > _MOST


def amount(value: object) -> int | None:
    """The bare number of an int-or-percent value: 25 of `25%`, 1 of 1; None when it is neither."""
    return share(value, 100, up=False)
