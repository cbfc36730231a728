"""What YAML is read into: plain data, and places in a text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

Scalar: TypeAlias = bool | int | float | str | None
Data: TypeAlias = "Scalar | list[Data] | dict[str, Data]"


class Position(NamedTuple):
    """A place in a text; line and column count from 1, columns in characters."""

    line: int
    column: int


def pointer(path: Iterable[str | int]) -> str:
    """RFC 6901: `["spec", "a/b", 0]` is `/spec/a~1b/0`."""
    return "".join(["/" + str(part).replace("~", "~0").replace("/", "~1") for part in path])
