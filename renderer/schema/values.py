"""The arguments and results of this package: schemas as plain data, and one fault of a document."""

from __future__ import annotations

from typing import Any, NamedTuple

from renderer.lazy import regex

Node = dict[str, Any]  # a JSON Schema, or a part of one, as plain data
Tokens = tuple[str | int, ...]  # the path to a value: keys of mappings, indexes of lists

_DIGITS = regex(r"([0-9]+)")


class Fault(NamedTuple):
    """One thing that is wrong in a document.

    `pointer` is an RFC 6901 JSON pointer to the value (for an unknown field: to the field; for a missing one: to the
    mapping that lacks it); `rule` is a stable id; `message` is one line in the words of the spec.
    """

    pointer: str
    rule: str
    message: str


def in_order(faults: set[Fault]) -> list[Fault]:
    """Sorted by pointer, indexes of lists as numbers."""
    return sorted(faults, key=lambda fault: (_natural(fault.pointer), fault.rule, fault.message))


def _natural(text: str) -> list[tuple[int, int, str]]:
    parts = _DIGITS.split(text)
    return [(1, 0, part) if index % 2 == 0 else (0, int(part[:18]), part) for index, part in enumerate(parts)]
