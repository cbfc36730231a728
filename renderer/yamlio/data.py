"""What YAML is read into: plain data, and places in a text."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

Scalar: TypeAlias = bool | int | float | str | None
Data: TypeAlias = "Scalar | list[Data] | dict[str, Data]"


class Position(NamedTuple):
    """A place in a text; line and column count from 1, columns in characters."""

    line: int
    column: int
