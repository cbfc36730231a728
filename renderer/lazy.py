"""Regular expressions that are compiled on first use: compiling all of them is a fifth of a command's start."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


def regex(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What `re.compile` gives, compiled when one of its methods is first looked up; for patterns of a module."""
    return cast("re.Pattern[AnyStr]", _Lazy(text, flags))


class _Lazy:
    """Each attribute is looked up in the compiled pattern once; then it is the instance's own, and costs nothing."""

    def __init__(self, text: Any, flags: int) -> None:
        self._given = text, flags

    def __getattr__(self, name: str) -> Any:
        text, flags = self._given
        found = getattr(re.compile(text, flags), name)  # re keeps what it compiled
        setattr(self, name, found)
        return found
