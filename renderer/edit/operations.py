"""The parts of an edit: operations on data, and the single edits of a text that turn the old data into the new."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from renderer.plain import tokens
from renderer.yamlio import Data
from renderer.yamlio.nodes import Path


@dataclass(frozen=True, slots=True)
class Set:
    """Sets the value at a JSON pointer, new or changed; parent mappings that are missing or null are created.

    In a list, the index after the last item, or `-`, appends. The order of a mapping's keys is part of the value.
    """

    pointer: str
    value: Any


@dataclass(frozen=True, slots=True)
class Remove:
    """Removes the key or the list item at a JSON pointer."""

    pointer: str


@dataclass(frozen=True, slots=True)
class Rename:
    """Renames the key at a JSON pointer to `name`, which must be new to its mapping; the key keeps its position."""

    pointer: str
    name: str


Operation = Set | Remove | Rename


class EditError(Exception):
    """An edit that cannot be made; `pointer` names the value, `message` is one line."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(f"{pointer or '/'}: {message}")
        self.pointer = pointer
        self.message = message


@dataclass(frozen=True, slots=True)
class Replace:
    """Replaces the value at `path`."""

    path: Path
    value: Data


@dataclass(frozen=True, slots=True)
class Insert:
    """Adds an entry to the collection at `path`, after the entry `after` (None: before all)."""

    path: Path
    name: str | int
    value: Data
    after: str | int | None


@dataclass(frozen=True, slots=True)
class Delete:
    """Removes the entry at `path`; its collection keeps at least one other entry."""

    path: Path


@dataclass(frozen=True, slots=True)
class Relabel:
    """Renames the key of the entry at `path` to `name`."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Reorder:
    """Sorts these keys of the mapping at `path` into this order; other keys keep their positions."""

    path: Path
    names: tuple[str, ...]


TextEdit = Replace | Insert | Delete | Relabel | Reorder


def equal_in_order(one: Data, other: Data) -> bool:
    """Whether both are equal, also in the order of keys; 1 equals neither 1.0 nor true."""
    return json.dumps(one) == json.dumps(other)


def applied(data: Data, operation: Operation) -> Data:
    """New data; the old data does not change. Raises EditError if the pointer names nothing."""
    names = _names(operation.pointer)
    if isinstance(operation, Set):
        return _with(data, names, checked_data(operation.value, operation.pointer), operation.pointer)
    if isinstance(operation, Rename):
        return _renamed(data, names, operation)
    if not names:
        raise EditError("", "the whole document cannot be removed")
    return _without(data, names, operation.pointer)


def text_edits(old: Data, new: Data, path: Path = ()) -> Iterator[TextEdit]:
    """The edits, one after another, that turn the text of `old` into a text of `new`."""
    if equal_in_order(old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict) and old and new:
        yield from _mapping(old, new, path)
    elif isinstance(old, list) and isinstance(new, list) and old and new:
        yield from _list(old, new, path)
    else:
        yield Replace(path, new)


def checked_data(value: Any, pointer: str) -> Data:
    """The value as plain data."""
    if isinstance(value, float) and not isfinite(value):
        raise EditError(pointer, f"{value} is not a number in JSON")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): checked_data(each, pointer) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [checked_data(each, pointer) for each in value]
    raise EditError(pointer, f"{type(value).__name__} is not plain data")


def _names(text: str) -> list[str]:
    if text and not text.startswith("/"):
        raise EditError(text, "is not a JSON pointer")
    return tokens(text)


def _with(data: Data, names: list[str], value: Data, pointer: str) -> Data:
    if not names:
        return value
    name, *rest = names
    if data is None:
        data = {}
    if isinstance(data, dict):
        return {**data, name: _with(data.get(name), rest, value, pointer)}
    if isinstance(data, list):
        index = len(data) if name == "-" else _index(name, len(data) + 1, pointer)
        return [
            *data[:index],
            _with(data[index] if index < len(data) else None, rest, value, pointer),
            *data[index + 1 :],
        ]
    raise EditError(pointer, f"its parent is not a mapping, so {name!r} cannot be set in it")


def _without(data: Data, names: list[str], pointer: str) -> Data:
    name, *rest = names
    if isinstance(data, dict) and name in data:
        kept = {key: value for key, value in data.items() if key != name}
        return (
            {key: _without(value, rest, pointer) if key == name else value for key, value in data.items()}
            if rest
            else kept
        )
    if isinstance(data, list):
        index = _index(name, len(data), pointer)
        return [*data[:index], *([_without(data[index], rest, pointer)] if rest else []), *data[index + 1 :]]
    raise EditError(pointer, "does not exist, so it cannot be removed")


def _renamed(data: Data, names: list[str], operation: Rename) -> Data:
    if not isinstance(data, dict) or not names or names[0] not in data:
        raise EditError(operation.pointer, "there is nothing")
    first, *rest = names
    if rest:
        return {**data, first: _renamed(data[first], rest, operation)}
    if operation.name in data:
        raise EditError(operation.pointer, f"there is a key {operation.name} already")
    return {operation.name if key == first else key: value for key, value in data.items()}


def relabel(operation: Rename) -> Relabel:
    """The edit of a text for a Rename."""
    return Relabel(tuple(_names(operation.pointer)), operation.name)


def _index(name: str, end: int, pointer: str) -> int:
    if not (name.isascii() and name.isdigit() and str(int(name)) == name and int(name) < end):
        raise EditError(pointer, f"the list has no item {name}")
    return int(name)


def _mapping(old: dict[str, Data], new: dict[str, Data], path: Path) -> Iterator[TextEdit]:
    kept = [key for key in new if key in old]
    for key in kept:
        yield from text_edits(old[key], new[key], (*path, key))
    if [key for key in old if key in new] != kept:
        yield Reorder(path, tuple(kept))
    before: str | None = None
    for key, value in new.items():
        if key not in old:
            yield Insert(path, key, value, before)
        before = key
    for key in old:
        if key not in new:
            yield Delete((*path, key))


def _list(old: list[Data], new: list[Data], path: Path) -> Iterator[TextEdit]:
    """Equal items at the beginning and at the end stay; those between are paired, then items are added or removed."""
    shorter = min(len(old), len(new))
    head = next((index for index in range(shorter) if not equal_in_order(old[index], new[index])), shorter)
    rest = shorter - head
    tail = next((count for count in range(rest) if not equal_in_order(old[-1 - count], new[-1 - count])), rest)
    last_old, last_new = len(old) - tail, len(new) - tail
    for index in range(head, min(last_old, last_new)):
        yield from text_edits(old[index], new[index], (*path, index))
    for index in range(last_old, last_new):
        yield Insert(path, index, new[index], index - 1 if index else None)
    for index in range(last_old - 1, last_new - 1, -1):
        yield Delete((*path, index))


def difference(old: Data, new: Data, path: Path = ()) -> Path | None:
    """The path of the first difference, or None."""
    if isinstance(old, dict) and isinstance(new, dict) and list(old) == list(new):
        found = (difference(old[key], new[key], (*path, key)) for key in old)
        return next((each for each in found if each is not None), None)
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        found = (difference(one, other, (*path, index)) for index, (one, other) in pairs)
        return next((each for each in found if each is not None), None)
    return None if equal_in_order(old, new) else path


def value_at(data: Data, path: Path) -> Data:
    """The value at a path that exists."""
    for name in path:
        data = data[name]  # type: ignore[index]
    return data


def ordered_as(model: Data, data: Data) -> Data:
    """The data with the keys of its mappings in the order of the model."""
    if isinstance(model, dict) and isinstance(data, dict) and model.keys() == data.keys():
        return {key: ordered_as(model[key], data[key]) for key in model}
    if isinstance(model, list) and isinstance(data, list) and len(model) == len(data):
        return [ordered_as(one, other) for one, other in zip(model, data, strict=True)]
    return data
