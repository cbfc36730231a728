"""What YAML is read into: plain data, and positions in a text."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

Scalar: TypeAlias = bool | int | float | str | None
Data: TypeAlias = "Scalar | list[Data] | dict[str, Data]"


class Position(NamedTuple):
    """A line and a column of a text, both counted from 1; columns are counted in characters."""

    line: int
    column: int
