"""The position of each value of a document in its text: a second pass, only for texts with problems."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from yaml.events import (
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from renderer.plain import pointer_of
from renderer.problem import Problem
from renderer.yamlio.data import Position
from renderer.yamlio.events import ERRORS, events
from renderer.yamlio.guard import MAX_DEPTH

KeyAndValue = tuple[Position, Position]  # where the key or list item begins, and where its value begins
_NULLS = ("", "~", "null", "Null", "NULL")


class Positions(Mapping[str, KeyAndValue]):
    """The positions of one document's values by JSON pointer.

    It is a tree, because each pointer as text would repeat all keys above its value.
    """

    def __init__(self, root: _Node | None) -> None:
        self._root = root

    def __getitem__(self, pointer: str) -> KeyAndValue:
        start, *names = pointer.split("/")
        node = None if start else self._root
        for name in names:
            node = (node.below or {}).get(name) if node else None
        if node is None:
            raise KeyError(pointer)
        return node.positions

    def __iter__(self) -> Iterator[str]:
        return _pointers("", self._root) if self._root else iter(())

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Node:
    """A value; `below` holds the values in it, by the last part of their pointers."""

    __slots__ = ("below", "positions")

    def __init__(self, positions: KeyAndValue) -> None:
        self.positions = positions
        self.below: dict[str, _Node] | None = None


def _pointers(path: str, node: _Node) -> Iterator[str]:
    yield path
    for name, below in (node.below or {}).items():
        yield from _pointers(f"{path}/{name}", below)


def positions(text: bytes, document: int = 0) -> Positions:
    """The positions of one document's values; `document` is its index in the list that `load_all` returns.

    If a key is given twice, the first one counts. Never raises: values after a syntax error, or more than 64 levels
    deep, are missing from the answer.
    """
    return next(itertools.islice(each_positions(text), document, None), Positions(None))


def each_positions(text: bytes) -> Iterator[Positions]:
    """The `positions` of each document, in order."""
    walk = _Walk(text)
    while (root := walk.document()) is not None:
        yield Positions(root)


def name_first_positions(problems: Iterable[Problem], text: bytes) -> list[Problem]:
    """The same problems; one about a key that is given twice also says in which line it is given first."""
    problems = list(problems)
    if all(problem.rule != "yaml-duplicate-key" for problem in problems):
        return problems
    known = positions(text)
    return [_with_first(problem, known) for problem in problems]


def _with_first(problem: Problem, known: Positions) -> Problem:
    if problem.rule != "yaml-duplicate-key" or problem.pointer not in known:
        return problem
    line = known[problem.pointer][0].line
    return replace(problem, message=f"{problem.message}, in line {line}; keep one of the two")


class _TooDeepError(Exception):
    """More levels than `load` accepts."""


class _Walk:
    """Collects the positions of a document, event by event."""

    def __init__(self, text: bytes) -> None:
        self.next: Callable[[], Any] = events(text)

    def document(self) -> _Node | None:
        """The root of the next document that is not empty."""
        top: dict[str, _Node] = {}  # it will hold the root, under an empty name
        try:
            while not top and (event := self.next()) is not None:
                if event.__class__ is DocumentStartEvent and not _is_empty(root := self.next()):
                    self.value(root, top, "", None, 0)
        except (*ERRORS, _TooDeepError):
            self.next = lambda: None
        return top.get("")

    def value(self, event: Any, siblings: dict[str, _Node], name: str, key: Position | None, depth: int) -> None:
        start = _position(event)
        if name not in siblings:
            siblings[name] = _Node((key or start, start))
        if depth > MAX_DEPTH:
            raise _TooDeepError
        if event.__class__ is MappingStartEvent:
            self.mapping(_below(siblings[name]), depth + 1)
        elif event.__class__ is SequenceStartEvent:
            self.sequence(_below(siblings[name]), depth + 1)

    def mapping(self, below: dict[str, _Node], depth: int) -> None:
        while (event := self.next()).__class__ is not MappingEndEvent:
            if event.__class__ is ScalarEvent:
                name = pointer_of((event.value,))[1:]
            else:  # no text: no pointer can name what is below it
                name = "?"
                self.value(event, below, name, None, depth)
            self.value(self.next(), below, name, _position(event), depth)

    def sequence(self, below: dict[str, _Node], depth: int) -> None:
        number = 0
        while (event := self.next()).__class__ is not SequenceEndEvent:
            self.value(event, below, str(number), None, depth)
            number += 1


def _below(node: _Node) -> dict[str, _Node]:
    if node.below is None:
        node.below = {}
    return node.below


def _is_empty(event: Any) -> bool:
    return event.__class__ is ScalarEvent and not event.style and event.value in _NULLS


def _position(event: Any) -> Position:
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)
