"""A stream of manifests -> pieces small enough to be read one at a time, so that no stream is too large."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

LARGE = 1 << 20  # bytes of a document from which on a List is read item by item
_JSON_ITEMS = b'    "items": ['
_JSON_END = (b"        }", b"        },")  # the last line of an item
_WITHIN = (b" ", b"\n", b"\r", b"#")  # how a line begins that belongs to the item above it


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of whole documents, or of one item of a List; `line` is how many lines of the stream come before it."""

    line: int
    text: bytes


def pieces(lines: Iterable[bytes]) -> Iterator[Piece]:
    """The documents of a stream; of a large List, as `kubectl get -o yaml` prints it, each item."""
    document = _Document(0)
    for line in lines:
        if _is_marker(line, b"---") and document.has_content:
            yield from document.taken()
            document = _Document(document.line)
        yield from document.add(line)
        if _is_marker(line, b"..."):
            yield from document.taken()
            document = _Document(document.line)
    yield from document.taken()


class _Document:
    """A document while its lines arrive; `line` is how many lines of the stream have been given away."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.has_content = False  # more than comments and directives
        self._lines: list[bytes] = []
        self._size = 0
        self._part: Literal["unknown", "whole", "items", "end"] = "unknown"
        self._is_json = False

    def taken(self) -> Iterator[Piece]:
        """What has arrived; the next line begins another piece."""
        if self._lines:
            yield Piece(self.line, b"".join(self._lines))
        self.line, self._lines = self.line + len(self._lines), []

    def add(self, line: bytes) -> Iterator[Piece]:
        """Take a line, and give away the item of a List that it ends."""
        if self._part in ("items", "end"):
            yield from self._next(line)
            return
        self._lines.append(line)
        self._size += len(line)
        self.has_content = self.has_content or not _is_empty(line)
        if self._size > LARGE and self._part == "unknown":
            yield from self._divided()

    def _divided(self) -> Iterator[Piece]:
        """The items so far, if it is a List as `kubectl` prints it, in YAML or JSON."""
        begins = (b"items:", _JSON_ITEMS)
        start = next((number for number, line in enumerate(self._lines) if line.rstrip() in begins), None)
        if start is None or not _is_list(self._lines[:start]):
            self._part = "whole"
            return
        self._is_json = self._lines[start].rstrip() == _JSON_ITEMS
        lines, self._lines = self._lines[start + 1 :], []
        self.line, self._part = self.line + start + 1, "items"
        for line in lines:
            yield from self._next(line)

    def _next(self, line: bytes) -> Iterator[Piece]:
        """A line below `items`, which may begin another item, or the fields behind the items: those say nothing."""
        if self._part == "items" and self._is_json and line.rstrip() in _JSON_END:
            self._lines.append(line.replace(b",", b""))
            yield from self.taken()
            return
        if self._part == "items" and line.startswith(b"     " if self._is_json else _WITHIN):
            self._lines.append(line)
            return
        yield from self.taken()
        if self._part == "items" and not self._is_json and line.startswith(b"-") and line[1:2] in _WITHIN:
            self._lines.append(b" " + line[1:])
        else:
            self._part = "end"
            self.line += 1


def _is_marker(line: bytes, marker: bytes) -> bool:
    return line.startswith(marker) and line[3:4] in (b"", b" ", b"\t", b"\n", b"\r")


def _is_empty(line: bytes) -> bool:
    return not line.strip() or line[:1] in (b"#", b"%") or line.strip() == b"---"


def _is_list(head: Iterable[bytes]) -> bool:
    """Whether nothing above `items` speaks against a List; `kubectl` writes its kind below them."""
    kinds = [line for line in head if line.startswith(b"kind:")]
    return all(line.partition(b"#")[0].rstrip().endswith(b"List") for line in kinds)
