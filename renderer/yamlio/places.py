"""Where each value of a document stands in its text; a second pass, for when something is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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

from renderer.problem import Problem
from renderer.yamlio.data import Position, pointer
from renderer.yamlio.events import ERRORS, events
from renderer.yamlio.guard import MAX_DEPTH

Places = dict[str, tuple[Position, Position]]
_NULLS = ("", "~", "null", "Null", "NULL")


def positions(text: bytes, document: int = 0) -> Places:
    """JSON pointer -> (where the key or list item begins, where the value begins), for one document.

    `document` counts as the list of `load_all` does: without the empty ones. Of a key that stands twice the first place
    counts. Never raises: what comes after a mistake in the text, or below 64 levels, is missing from the answer.
    """
    places: Places = {}
    try:
        _Walk(text, places).document(document)
    except (*ERRORS, _TooDeepError):
        pass
    return places


def name_first_places(problems: Iterable[Problem], text: bytes) -> list[Problem]:
    """The same problems; those about a key that stands twice say where it stands first."""
    problems = list(problems)
    if all(problem.rule != "yaml-duplicate-key" for problem in problems):
        return problems
    places = positions(text)
    return [_with_first(problem, places) for problem in problems]


def _with_first(problem: Problem, places: Places) -> Problem:
    if problem.rule != "yaml-duplicate-key" or problem.pointer not in places:
        return problem
    line = places[problem.pointer][0].line
    return replace(problem, message=f"{problem.message}, in line {line}; keep one of the two")


class _TooDeepError(Exception):
    """More levels than `load` takes."""


class _Walk:
    """Collects the places of one document, event by event."""

    def __init__(self, text: bytes, places: Places) -> None:
        self.next: Callable[[], Any] = events(text)
        self.places = places

    def document(self, number: int) -> None:
        while (event := self.next()) is not None:
            if event.__class__ is DocumentStartEvent and not _is_empty(root := self.next()):
                if number == 0:
                    self.value(root, "", None, 0)
                    return
                number -= 1

    def value(self, event: Any, path: str, key: Position | None, depth: int) -> None:
        place = _position(event)
        self.places.setdefault(path, (key or place, place))
        if depth > MAX_DEPTH:
            raise _TooDeepError
        if event.__class__ is MappingStartEvent:
            self.mapping(path, depth + 1)
        elif event.__class__ is SequenceStartEvent:
            self.sequence(path, depth + 1)

    def mapping(self, path: str, depth: int) -> None:
        while (event := self.next()).__class__ is not MappingEndEvent:
            if event.__class__ is ScalarEvent:
                below = path + pointer((event.value,))
            else:  # no text: no pointer can name what is below it
                below = f"{path}/?"
                self.value(event, below, None, depth)
            self.value(self.next(), below, _position(event), depth)

    def sequence(self, path: str, depth: int) -> None:
        number = 0
        while (event := self.next()).__class__ is not SequenceEndEvent:
            self.value(event, f"{path}/{number}", None, depth)
            number += 1


def _is_empty(event: Any) -> bool:
    return event.__class__ is ScalarEvent and not event.style and event.value in _NULLS


def _position(event: Any) -> Position:
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)
