"""A stream of manifests -> pieces small enough to be read one at a time, so that no stream is too large."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

LARGE = 1 << 20  # bytes of a document from which on a List is read item by item
_JSON_ITEMS = b'    "items": ['
_JSON_END = (b"        }", b"        },")  # the last line of an item
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_WITHIN = (b" ", b"\n", b"\r", b"#")  # how a line begins that belongs to the item above it


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of whole documents, or of one item of a List; `line` is how many lines of the stream come before it."""

    line: int
    text: bytes


def pieces(lines: Iterable[bytes]) -> Iterator[Piece]:
    """The documents of a stream; of a large List, as `kubectl get -o yaml` prints it, each item.

    Documents of JSON may follow each other without a line between them. A byte order mark says nothing.
    """
    document = _Document(0)
    for line in _utf_8(lines):
        if document.is_over(line):
            yield from document.taken()
            document = _Document(document.line)
        yield from document.add(line if document.has_content else line.removeprefix(codecs.BOM_UTF8))
        if _is_marker(line, b"..."):
            yield from document.taken()
            document = _Document(document.line)
    yield from document.taken()


def _utf_8(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines in UTF-8: PowerShell writes what it redirects to a file in UTF-16. A fault stays one."""
    decoder = None
    begun: list[bytes] = []  # the parts of a line; the byte of a line break is also within characters of UTF-16
    for number, line in enumerate(lines):
        if number == 0 and line[:2] in _UTF_16:
            decoder = codecs.getincrementaldecoder(_UTF_16[line[:2]])(errors="surrogatepass")
        if decoder is None:
            yield line
            continue
        decoded = decoder.decode(line[2:] if number == 0 else line)
        first, *more = decoded.encode(errors="surrogatepass").split(b"\n")
        begun.append(first)
        for each in more:
            yield b"".join((*begun, b"\n"))
            begun = [each]
    if decoder is not None:
        cut_off, _ = decoder.getstate()
        yield b"".join((*begun, b"\xff" if cut_off else b""))


class _Document:
    """A document while its lines arrive; `line` is how many lines of the stream have been given away."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.has_content = False  # more than comments and directives
        self._lines: list[bytes] = []
        self._size = 0
        self._part: Literal["unknown", "whole", "items", "end"] = "unknown"
        self._is_json = False
        self._is_braced = False  # it begins with a brace, as a document of JSON does
        self._is_closed = False  # the last line that is not blank ended with a brace

    def is_over(self, following: bytes) -> bool:
        """Whether another document begins in the line that follows."""
        if not self.has_content:
            return False
        return _is_marker(following.removeprefix(codecs.BOM_UTF8), b"---") or (
            self._is_braced and self._is_closed and following.startswith(b"{")
        )

    def taken(self) -> Iterator[Piece]:
        """What has arrived; the next line begins another piece."""
        if self._lines:
            yield Piece(self.line, b"".join(self._lines))
        self.line, self._lines = self.line + len(self._lines), []

    def add(self, line: bytes) -> Iterator[Piece]:
        """Take a line, and give away the item of a List that it ends."""
        if not self.has_content and not _is_empty(line):
            self.has_content, self._is_braced = True, line.startswith(b"{")
        if self._is_braced and line.strip():
            self._is_closed = line.rstrip().endswith(b"}")
        if self._part in ("items", "end"):
            yield from self._next(line)
            return
        self._lines.append(line)
        self._size += len(line)
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
