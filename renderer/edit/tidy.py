"""Sees by its lines that a text is in canonical layout already, as most are; making the layout takes much longer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from renderer.edit.layout import FieldOrder
from renderer.lazy import regex
from renderer.yamlio import Data
from renderer.yamlio.nodes import Path

# White space at the end of a line, or other than spaces; other line breaks; marks of documents.
_ELSE = regex(r"[\t\r\x85\u2028\u2029\ufeff]|[ ]$|^(?:---|\.\.\.|%)", re.MULTILINE)
# Each line: indentation, dash, key, and the rest.
_LINES = regex(r"^( *)(- )?(?:([A-Za-z_][\w./-]*):(?= |$) ?)?(.*)$", re.MULTILINE)
_QUOTED = r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'"""
_SCALAR = regex(rf"(?:{_QUOTED})(?: +#.*)?|[^\s\[\]{{}}#&*!|>'\"%@`?,:].*")
_QUOTED_IN_FLOW = regex(rf"(?<=[\[{{,: ])(?:{_QUOTED})")
_EMPTY_WITH_SPACE = regex(r"\[ +\]|\{ +\}")
_TEXT_BLOCK = ("|", "|-", ">", ">-")


def is_tidy(text: str, data: Data, order: FieldOrder) -> bool:
    """Whether the layout of the text, which holds `data`, certainly stays; False where only making it can tell."""
    if not isinstance(data, dict) or not text.endswith("\n") or _ELSE.search(text):
        return False
    lines = _Lines(_LINES.findall(text[:-1]), order)
    return lines.mapping(data, (), 0) and lines.number == len(lines.lines)


class _Lines:
    """Compares lines with data, one entry after the other; each method says whether the text is tidy so far."""

    def __init__(self, lines: Sequence[tuple[str, str, str, str]], order: FieldOrder) -> None:
        self.lines = lines
        self.number = 0  # of the next line
        self.is_open = True  # whether a collection begins here: an empty line would not stay
        self.order = order

    def mapping(self, data: Mapping[str, Data], path: Path, indent: int, *, is_behind_dash: bool = False) -> bool:
        """The entries of a block mapping; the first may be in the line of a dash."""
        if not self.in_order(data, path):
            return False
        for name, value in data.items():
            if not is_behind_dash and not self.entry(indent, ""):
                return False
            _, _, key, rest = self.lines[self.number]
            self.number += 1
            if key != name or not self.value(value, rest, (*path, name), indent):
                return False
            is_behind_dash = False
        return True

    def items(self, data: Sequence[Data], path: Path, indent: int) -> bool:
        """The entries of a block list."""
        for index, value in enumerate(data):
            if not self.entry(indent, "- "):
                return False
            _, _, key, rest = self.lines[self.number]
            if key and isinstance(value, dict):
                if not self.mapping(value, (*path, index), indent + 2, is_behind_dash=True):
                    return False
            else:
                self.number += 1
                if key or _is_open(rest) or not self.value(value, rest, (*path, index), indent):
                    return False
        return True

    def entry(self, indent: int, dash: str) -> bool:
        """The line of the next entry, after comments with its indentation and single empty lines."""
        was_empty = self.is_open
        while self.number < len(self.lines):
            space, found, key, rest = self.lines[self.number]
            is_empty = not (found or key or rest)
            if was_empty if is_empty else len(space) != indent:
                return False
            if found or key or not (is_empty or rest.startswith("#")):
                return found == dash
            was_empty = is_empty
            self.number += 1
        return False

    def value(self, data: Data, rest: str, path: Path, indent: int) -> bool:
        """What is behind a key or dash, and below it."""
        is_collection = isinstance(data, dict | list)
        self.is_open = _is_open(rest)
        if self.is_open:
            if isinstance(data, dict) and data:
                return self.mapping(data, path, indent + 2)
            return isinstance(data, list) and bool(data) and self.items(data, path, indent + 2)
        if rest[0] in "[{":
            return is_collection and _is_flow(rest) and self.flow(data, path)
        if rest in _TEXT_BLOCK:
            return isinstance(data, str) and self.text_block(indent + 2)
        return not is_collection and _SCALAR.fullmatch(rest) is not None

    def text_block(self, indent: int) -> bool:
        """The lines of a `|` or `>`: the first has this indentation, and the others have at least this or are empty."""
        start = self.number
        for number in range(start, len(self.lines)):
            space, dash, key, rest = self.lines[number]
            if not (dash or key or rest):
                continue
            if len(space) < indent or (self.number == start and (len(space) > indent or number > start)):
                break
            self.number = number + 1
        return self.number > start

    def flow(self, data: Data, path: Path) -> bool:
        """The order of the fields in a flow collection."""
        if isinstance(data, dict):
            return self.in_order(data, path) and all(self.flow(each, (*path, name)) for name, each in data.items())
        return not isinstance(data, list) or all(self.flow(each, (*path, at)) for at, each in enumerate(data))

    def in_order(self, data: Mapping[str, Data], path: Path) -> bool:
        known = [name for name in self.order.fields(path) if name in data]
        return not known or [*data][: len(known)] == known


def _is_open(rest: str) -> bool:
    """Whether nothing but a comment follows a key or dash in its line."""
    return not rest or rest.lstrip().startswith("#")


def _is_flow(rest: str) -> bool:
    """Whether it is a whole flow collection in its line, perhaps with a comment, that stays as it is."""
    bare = _QUOTED_IN_FLOW.sub("", rest).partition(" #")[0].rstrip()
    if bare[-1] not in "]}" or "'" in bare or '"' in bare or "#" in bare or _EMPTY_WITH_SPACE.search(rest):
        return False
    return bare.count("[") == bare.count("]") and bare.count("{") == bare.count("}")
