"""Line breaks of a text: an edit writes the one that the lines around it have."""

from __future__ import annotations

from renderer.lazy import regex
from renderer.yamlio.nodes import line_end

BREAK = regex(r"\r\n?|\n")


def newline(text: str, offset: int) -> str:
    """The line break of the line with `offset`, else of the text."""
    found = BREAK.match(text, line_end(text, offset)) or BREAK.search(text)
    return found[0] if found else "\n"


def next_line(text: str, end: int) -> int:
    """The offset of the line after the one that ends at `end`."""
    found = BREAK.match(text, end)
    return found.end() if found else end
