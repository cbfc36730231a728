"""A document's text as a tree of spans: where each key and value begins and ends, and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from yaml.events import MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent

from renderer.lazy import regex
from renderer.yamlio.events import events

NodeType = Literal["scalar", "mapping", "list"]
Path = tuple[str | int, ...]

_SPACE = regex(r"(?:[ \t\r\n]|#[^\r\n]*)*")  # between two tokens: white space and comments
_HEADER = regex(r"[|>][-+0-9]*")
_LINES = regex(r"(?:\r\n?|\n)([^\r\n]*)")
_LINE_END = regex(r"[\r\n]|\Z")


class Node(NamedTuple):
    """A value: `text[start:end]`, without what surrounds it.

    For a block of text (`|`, `>`), the break after its last line is left out, and `head` is where its indicators end.
    A block mapping or list spans from its first key or dash to the end of its last value.
    """

    type: NodeType
    style: str  # of a scalar: "" (plain), ', ", | or >; of a collection: "block" or "flow"
    start: int
    end: int
    head: int
    entries: tuple[CollectionEntry, ...] = ()


class CollectionEntry(NamedTuple):
    """A key with its value, or an item; `start` is where the key (or its `?`) begins, or the dash of a block list."""

    name: str | int
    start: int
    key: Node | None
    value: Node

    @property
    def end(self) -> int:
        """Where its value ends; if it has none, where the key ends."""
        return self.value.end


def tree(text: str) -> Node:
    """The document's root. Only for a text that `load` reads without a problem."""
    following = events(text.encode())
    following(), following()  # the starts of stream and document
    return _Walk(text, following).value(following())


def line_end(text: str, offset: int) -> int:
    """Where the line with `offset` ends, before its break."""
    found = _LINE_END.search(text, offset)
    return found.start() if found else len(text)


def line_start(text: str, offset: int) -> int:
    """Where the line with `offset` begins."""
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def after_space(text: str, offset: int) -> int:
    """Where the next token begins, after white space and comments."""
    found = _SPACE.match(text, offset)
    return found.end() if found else offset


class _Walk:
    def __init__(self, text: str, following: Callable[[], Any]) -> None:
        self.text = text
        self.next = following

    def value(self, event: Any) -> Node:
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, ScalarEvent):
            return self._scalar(event.style or "", start, end)
        mapping = isinstance(event, MappingStartEvent)
        begin = end if event.flow_style else start
        entries = tuple(self._pairs(begin) if mapping else self._items(begin, bool(event.flow_style)))
        kind: NodeType = "mapping" if mapping else "list"
        if event.flow_style:
            return Node(kind, "flow", start, self.end, start, entries)
        return Node(kind, "block", entries[0].start, entries[-1].end, start, entries)

    def _scalar(self, style: str, start: int, end: int) -> Node:
        if style not in ("|", ">"):
            return Node("scalar", style, start, end, start)
        header = _HEADER.match(self.text, start)
        head = header.end() if header else start
        return Node("scalar", style, start, _block_end(self.text, start, head, end), head)

    def _pairs(self, offset: int) -> Iterator[CollectionEntry]:
        while not isinstance(event := self.next(), MappingEndEvent):
            key = self.value(event)
            start = after_space(self.text, offset)
            if self.text[start : start + 1] == ",":
                start = after_space(self.text, start + 1)
            value = self.value(self.next())
            yield CollectionEntry(event.value, start, key, value)
            offset = value.end
        self.end = _end(event)

    def _items(self, offset: int, flow: bool) -> Iterator[CollectionEntry]:
        number = 0
        while not isinstance(event := self.next(), SequenceEndEvent):
            dash = after_space(self.text, offset)
            value = self.value(event)
            yield CollectionEntry(number, value.start if flow else dash, None, value)
            offset, number = value.end, number + 1
        self.end = _end(event)


def _end(event: Any) -> int:
    end: int = event.end_mark.index
    return end


def _block_end(text: str, start: int, head: int, limit: int) -> int:
    """Where the last line of a block of text ends; empty lines after it belong to it only with the indicator `+`."""
    first = line_end(text, head)
    lines = [(found[1], found.end(1)) for found in _LINES.finditer(text, first, limit)]
    if text[first:limit].endswith(("\n", "\r")):
        lines.pop()  # the beginning of the line after the block
    indent = min((len(line) - len(line.lstrip(" ")) for line, _ in lines if line.strip(" ")), default=0)
    for line, end in reversed(lines):
        if "+" in text[start:head] or line.strip(" ") or len(line) > indent > 0:
            return end
    return first
