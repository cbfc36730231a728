"""Reads one spec: a single document of strict YAML 1.2; every finding has a position."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from renderer.lazy import regex
from renderer.plain import pointer_of
from renderer.problem import Problem, in_order, without_secrets
from renderer.yamlio import guard
from renderer.yamlio.data import Data
from renderer.yamlio.events import ERRORS, events, syntax_problem
from renderer.yamlio.positions import name_first_positions
from renderer.yamlio.scalars import Unclear, key_message, scalar_of

_INDENTATION = regex(r"[ \t?:-]*")
_MOST_KNOWN = 1 << 12
_known: set[str] = set()  # keys that were read before and were fine unquoted: the fields of specs repeat


def load(text: bytes, file: str) -> tuple[Data, list[Problem]]:
    """The document of a spec, or None and its problems in the order of their positions.

    YAML 1.2, core schema, with JSON's data model: keys are text, numbers are finite. No aliases, tags, merge keys or
    further documents, and nothing that two readers of YAML would read differently. Limits are in `guard`.
    """
    refused = guard.refusal(text, file, limit=guard.MAX_SPEC, unicode_breaks=False)
    if refused is not None:
        return None, [refused]
    reader = _Reader(text, file)
    try:
        data = reader.document()
    except _StopError:
        data = None
    except ERRORS as error:
        reader.found.append(syntax_problem(error, text, file))
    if reader.found:
        return None, without_secrets(in_order(name_first_positions(reader.found, text)), text)
    return data, []


class _StopError(Exception):
    """Stops the reading; the reason is among the findings."""


class _Reader:
    """Builds data from events; `path` leads to the value that is being read."""

    def __init__(self, text: bytes, file: str) -> None:
        self.file = file
        self.found: list[Problem] = []
        self.path: list[str | int] = []
        self.next = events(text)
        self.tabs = text.decode().splitlines(keepends=True) if b"\t" in text else []

    def document(self) -> Data:
        self.next()  # the stream's start
        start = self.next()
        if start.__class__ is not DocumentStartEvent:
            self._add("yaml-empty", None, "the file is empty; write the document, or remove the file")
            return None
        self._directives(start)
        first = self.next()
        data = _BUILD[first.__class__](self, first)
        self._end(first, data)
        return data

    def _directives(self, start: Any) -> None:
        if start.version not in (None, (1, 2)):
            self._add("yaml-syntax", start, "this file is read as YAML 1.2; remove the %YAML line")
        if start.tags:
            self._add("yaml-tag", start, "tags are not supported; remove the %TAG line")

    def _end(self, first: Any, data: Data) -> None:
        self.next()  # the document's end
        following = self.next()
        if following.__class__ is DocumentStartEvent:
            message = "a second document starts here; put it into a file of its own"
            self._add("yaml-documents", following, message)
        elif data is None and first.__class__ is ScalarEvent and not first.value:
            self._add("yaml-empty", None, "the file is empty; write the document, or remove the file")

    def _scalar(self, event: Any) -> Data:
        if event.tag or event.anchor or self.tabs:
            self._decoration(event)
        text: str = event.value
        if event.style or event.tag is not None:
            return text
        value = scalar_of(text)
        if isinstance(value, Unclear):
            self._add("yaml-scalar", event, value.message)
            return None
        return value

    def _sequence(self, event: Any) -> Data:
        self._collection(event)
        items: list[Data] = []
        path, following = self.path, self.next
        path.append(0)
        while (event := following()).__class__ is not SequenceEndEvent:
            path[-1] = len(items)
            items.append(_BUILD[event.__class__](self, event))
        path.pop()
        return items

    def _mapping(self, event: Any) -> Data:
        self._collection(event)
        mapping: dict[str, Data] = {}
        path, following, known = self.path, self.next, () if self.tabs else _known
        path.append("")
        while (event := following()).__class__ is not MappingEndEvent:
            if event.__class__ is ScalarEvent and event.value in known and not event.tag and not event.anchor:
                path[-1] = key = event.value
            else:
                key = self._key(event)
            if key in mapping:
                self._add("yaml-duplicate-key", event, f"{key[:64]} is already a key of this mapping")
            event = following()
            mapping[key] = _BUILD[event.__class__](self, event)
        path.pop()
        return mapping

    def _key(self, event: Any) -> str:
        if event.__class__ is not ScalarEvent:
            return self._no_text(event)
        text: str = event.value
        if len(text) > guard.MAX_KEY:
            self.path.pop()  # a pointer would repeat it
            self._add("yaml-size", event, guard.LONG_KEY)
            raise _StopError
        self.path[-1] = text
        if event.tag or event.anchor or self.tabs:
            self._decoration(event)
        if not event.style and (text == "<<" or scalar_of(text) != text):
            self._refuse_key(event, text)
        elif not event.style and len(_known) < _MOST_KNOWN:
            _known.add(text)
        return text

    def _refuse_key(self, event: Any, text: str) -> None:
        if text == "<<":
            self._add("yaml-merge", event, "merge keys are not supported; write the fields out, or quote the key")
        else:
            self._add("yaml-key", event, key_message(text))

    def _no_text(self, event: Any) -> str:
        """Skips a list, mapping or alias as a key, under a name that is unique among the keys."""
        self.path[-1] = "?"
        if event.__class__ is not AliasEvent:
            message = "the key here is a list or a mapping; keys are text: quote a text with { or ["
            self._add("yaml-key", event, message)
        _BUILD[event.__class__](self, event)
        return f"?{event.start_mark.index}"

    def _alias(self, event: Any) -> Data:
        message = f"aliases are not supported; write out what *{event.anchor} stands for, or quote it if it is text"
        self._add("yaml-alias", event, message)
        return None

    def _collection(self, event: Any) -> None:
        if len(self.path) >= guard.MAX_DEPTH:
            self._add("yaml-depth", event, guard.TOO_DEEP)
            raise _StopError
        if event.tag or event.anchor or self.tabs:
            self._decoration(event)

    def _decoration(self, event: Any) -> None:
        if event.tag is not None:
            shown = event.tag.replace("tag:yaml.org,2002:", "!!")[:64]
            self._add("yaml-tag", event, f"tags are not supported; remove {shown}, and quote the value if it is text")
        if event.anchor is not None:
            self._add("yaml-alias", event, f"anchors are not supported; remove &{event.anchor[:64]}")
        if self.tabs:
            self._tab(event)

    def _tab(self, event: Any) -> None:
        """The parser accepts some tabs that YAML 1.2 refuses as indentation: in flow style, and after `-`, `?`, `:`."""
        mark = event.start_mark
        before = self.tabs[mark.line][: mark.column] if mark.line < len(self.tabs) else ""
        block = event.__class__ is not ScalarEvent and not event.flow_style
        if "\t" in before and (not before.strip() or (block and _INDENTATION.fullmatch(before))):
            self._add("yaml-syntax", event, "a tab indents this; use spaces")

    def _add(self, rule: str, event: Any, message: str) -> None:
        line, column = (event.start_mark.line + 1, event.start_mark.column + 1) if event is not None else (0, 0)
        if len(self.found) >= guard.MAX_PROBLEMS:
            message = f"more than {guard.MAX_PROBLEMS} problems; the rest of the file was not read"
            self.found.append(Problem(self.file, line, column, "yaml-size", message))
            raise _StopError
        self.found.append(Problem(self.file, line, column, rule, message, pointer_of(self.path)))


# By event. Plain functions: bound methods would make each reader a cycle that only the garbage collector frees.
_BUILD: dict[type, Callable[[_Reader, Any], Data]] = {
    ScalarEvent: _Reader._scalar,
    MappingStartEvent: _Reader._mapping,
    SequenceStartEvent: _Reader._sequence,
    AliasEvent: _Reader._alias,
}
