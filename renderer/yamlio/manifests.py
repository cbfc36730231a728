"""Reads plain Kubernetes manifests: several documents, aliases and merge keys, with the values that kubectl reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from renderer.plain import pointer_of
from renderer.problem import Problem, in_order, without_secrets
from renderer.yamlio import guard
from renderer.yamlio.data import Data
from renderer.yamlio.events import ERRORS, events, syntax_problem
from renderer.yamlio.kubectl import kubectl_plain
from renderer.yamlio.scalars import Unclear, key_message, scalar_of


def load_all(text: bytes, file: str) -> tuple[list[Data], list[Problem]]:
    """The documents of a file of manifests, without the empty ones; or none, and the problems in order.

    Scalars have the values that kubectl reads (YAML 1.1: `yes` is true, 0755 is 493), aliases are copied, and merge
    keys mean what they mean to both kubectl and kustomize. Limits are in `guard`.
    """
    refused = guard.refusal(text, file, limit=guard.MAX_MANIFESTS, unicode_breaks=True)
    if refused is not None:
        return [], [refused]
    reader = _Reader(text, file)
    try:
        reader.documents()
    except _StopError:
        pass
    except ERRORS as error:
        reader.found.append(syntax_problem(error, text, file))
    if reader.found:
        return [], without_secrets(in_order(reader.found), text)
    return reader.done, []


class _StopError(Exception):
    """Stops the reading; the reason is among the findings."""


class _Anchored(NamedTuple):
    """What an anchor names, and how many values that is."""

    data: Data
    size: int


class _Reader:
    """Builds data from events; `path` leads to the value that is being read."""

    def __init__(self, text: bytes, file: str) -> None:
        self.file = file
        self.done: list[Data] = []
        self.found: list[Problem] = []
        self.path: list[str | int] = []
        self.anchors: dict[str, _Anchored | None] = {}  # None: not complete yet
        self.values = 0
        self.copied = 0  # characters
        self.next: Callable[[], Any] = events(text)
        self.build: dict[type, Callable[[Any], Data]] = {
            ScalarEvent: self._scalar,
            MappingStartEvent: self._mapping,
            SequenceStartEvent: self._sequence,
            AliasEvent: self._alias,
        }

    def documents(self) -> None:
        while (event := self.next()) is not None:
            if event.__class__ is DocumentStartEvent:
                self.anchors = {}
                data = self._value(self.next())
                if data is not None:
                    self.done.append(data)

    def _value(self, event: Any) -> Data:
        anchor = event.anchor
        if anchor is None or event.__class__ is AliasEvent:
            return self.build[event.__class__](event)
        before = self.values
        self.anchors[anchor] = None
        data = self.build[event.__class__](event)
        self.anchors[anchor] = _Anchored(data, self.values - before)
        return data

    def _scalar(self, event: Any) -> Data:
        self._count(event, 1)
        if event.tag is not None and event.tag != "tag:yaml.org,2002:str":
            self._tag(event)
        if event.style or event.tag is not None:
            return str(event.value)
        value = kubectl_plain(event.value)
        if isinstance(value, Unclear):
            self._add("yaml-scalar", event, value.message)
            return None
        return value

    def _sequence(self, event: Any) -> Data:
        self._collection(event)
        items: list[Data] = []
        self.path.append(0)
        while (event := self.next()).__class__ is not SequenceEndEvent:
            self.path[-1] = len(items)
            items.append(self._value(event))
        self.path.pop()
        return items

    def _mapping(self, event: Any) -> Data:
        self._collection(event)
        mapping: dict[str, Data] = {}
        lines: dict[str, int] = {}
        merged = False
        self.path.append("")
        while (event := self.next()).__class__ is not MappingEndEvent:
            if _is_merge(event):
                self._merge(event, mapping, again=merged)
                merged = True
                continue
            key = self._key(event)
            if key in lines:
                message = f"{key[:64]} is already a key of this mapping, in line {lines[key]}; keep one of the two"
                self._add("yaml-duplicate-key", event, message)
            lines.setdefault(key, event.start_mark.line + 1)
            mapping[key] = self._value(self.next())
        self.path.pop()
        return mapping

    def _merge(self, event: Any, mapping: dict[str, Data], *, again: bool) -> None:
        """Copies the fields; a field about which kubectl and kustomize disagree is a problem."""
        self.path[-1] = "<<"
        if again:
            self._add("yaml-merge", event, "a second merge key; write `<<: [*first, *second]`")
        value = self._value(self.next())
        sources = value if isinstance(value, list) else [value]
        fields: dict[str, Data] = {}
        for source in reversed(sources):  # the first of a list wins
            if not isinstance(source, dict):
                self._add("yaml-merge", event, "a merge key needs an alias of a mapping, or a list of such aliases")
                return
            fields.update(source)
        twice = [key for key in fields if key in mapping]
        if twice:
            message = f"{twice[0][:64]} comes before `<<`: kubectl drops it, kustomize keeps it; put `<<` first"
            self._add("yaml-merge", event, message)
        mapping.update(fields)

    def _key(self, event: Any) -> str:
        key = self._key_of_any_length(event)
        if len(key) > guard.MAX_KEY:
            self.path.pop()  # a pointer would repeat it
            self._add("yaml-size", event, guard.LONG_KEY)
            raise _StopError
        return key

    def _key_of_any_length(self, event: Any) -> str:
        if event.__class__ is ScalarEvent and not event.style and event.tag is None:
            return self._plain_key(event)
        self.path[-1] = event.value if event.__class__ is ScalarEvent else "?"
        value = self._value(event)
        if isinstance(value, str):
            self.path[-1] = value
            return value
        self._add("yaml-key", event, "the key here is a list or a mapping; keys are text: quote a text with { or [")
        return f"?{event.start_mark.index}"

    def _plain_key(self, event: Any) -> str:
        """The text that kubectl makes of a number, true or false; refused if others read something else."""
        text: str = event.value
        self.path[-1] = text
        self._count(event, 1)
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(text, 1)
        strict = scalar_of(text)
        if strict != kubectl_plain(text) or not isinstance(strict, str | int):
            self._add("yaml-key", event, key_message(text))
        return text

    def _alias(self, event: Any) -> Data:
        name: str = event.anchor
        if name not in self.anchors:
            self._add("yaml-alias", event, f"no anchor &{name[:64]} is defined before this alias")
            return None
        anchored = self.anchors[name]
        if anchored is None:
            self._add("yaml-alias", event, f"*{name[:64]} is inside what &{name[:64]} names; remove it")
            return None
        self._count(event, anchored.size)
        return self._copy(anchored.data, len(self.path), event)

    def _copy(self, data: Data, depth: int, event: Any) -> Data:
        """A copy, so that a change of one leaves the other unchanged."""
        if depth >= guard.MAX_DEPTH and isinstance(data, dict | list):
            self._too_deep(event)
        if isinstance(data, dict):
            self._count_copied(event, sum(map(len, data)))
            return {key: self._copy(value, depth + 1, event) for key, value in data.items()}
        if isinstance(data, list):
            return [self._copy(value, depth + 1, event) for value in data]
        if isinstance(data, str):
            self._count_copied(event, len(data))
        return data

    def _collection(self, event: Any) -> None:
        self._count(event, 1)
        if len(self.path) >= guard.MAX_DEPTH:
            self._too_deep(event)
        if event.tag is not None:
            self._tag(event)

    def _count(self, event: Any, values: int) -> None:
        self.values += values
        if self.values > guard.MAX_NODES:
            message = f"more than {guard.MAX_NODES} values, aliases written out; split the file"
            self._add("yaml-size", event, message)
            raise _StopError

    def _count_copied(self, event: Any, characters: int) -> None:
        """Memory holds a copied text once, but the output repeats it."""
        self.copied += characters
        if self.copied > guard.MAX_COPIED:
            message = f"aliases stand for more than {guard.MAX_COPIED} characters; copy a shorter text"
            self._add("yaml-size", event, message)
            raise _StopError

    def _too_deep(self, event: Any) -> None:
        self._add("yaml-depth", event, guard.TOO_DEEP)
        raise _StopError

    def _tag(self, event: Any) -> None:
        shown = event.tag.replace("tag:yaml.org,2002:", "!!")[:64]
        self._add(
            "yaml-tag", event, f"of all tags only !!str is read; remove {shown}, and quote the value if it is text"
        )

    def _add(self, rule: str, event: Any, message: str) -> None:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if len(self.found) >= guard.MAX_PROBLEMS:
            message = f"more than {guard.MAX_PROBLEMS} problems; the rest of the file was not read"
            self.found.append(Problem(self.file, line, column, "yaml-size", message))
            raise _StopError
        self.found.append(Problem(self.file, line, column, rule, message, pointer_of(self.path)))


def _is_merge(event: Any) -> bool:
    return event.__class__ is ScalarEvent and event.value == "<<" and not event.style and event.tag is None
