"""Durations of Go, as `time.ParseDuration` reads them: `90s`, `1h30m`, `500ms`, `1.5h`."""

from __future__ import annotations

import re
from functools import lru_cache

_LONGEST = 64  # characters of a duration that anybody would write
_MOST = 2**63 - 1  # nanoseconds of a Go duration: about 292 years
_SECOND = 10**9
_DURATION = re.compile(r"[-+]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+", re.ASCII).fullmatch
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII).findall
_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": _SECOND, "m": 60 * _SECOND}
_UNITS["h"] = 3600 * _SECOND


@lru_cache(maxsize=1024)
def nanoseconds(text: str) -> int | None:
    """A Go duration in nanoseconds; None when it is none, or is more than Go can hold. Go also takes a bare `0`."""
    if text in ("0", "+0", "-0"):
        return 0
    total = _total(text)
    if total is None or total > _MOST:
        return None
    return -total if text.startswith("-") else total


def whole_seconds(text: str) -> int:
    """The whole seconds of a positive duration, also of one that Go cannot hold; 0 when it is none."""
    return 0 if text.startswith("-") else (_total(text) or 0) // _SECOND


def _total(text: str) -> int | None:
    """The nanoseconds without their sign."""
    if len(text) > _LONGEST or not _DURATION(text):
        return None
    return sum(_scaled(number, _UNITS[unit]) for number, unit in _PART(text))


def _scaled(number: str, unit: int) -> int:
    whole, _, fraction = number.partition(".")
    return int(whole or 0) * unit + (int(fraction) * unit // 10 ** len(fraction) if fraction else 0)
