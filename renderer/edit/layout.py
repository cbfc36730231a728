"""The canonical layout of a spec's text: one indentation, fields in documented order, comments with their keys."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from renderer.edit.lines import BREAK
from renderer.edit.splice import behind_indicator, entry_end
from renderer.edit.write import column
from renderer.lazy import regex
from renderer.plain import pointer_of
from renderer.yamlio import plain_or_quoted
from renderer.yamlio.nodes import CollectionEntry, Node, Path, after_space, line_end, line_start, tree

Order = Mapping[str, Sequence[str]]

_COMMENT = regex(r"#[^\r\n]*")
_MOST_KNOWN = 1 << 12  # paths


class _Part(NamedTuple):
    """A value, or an entry with its key or dash; its lines are not indented yet."""

    head: str  # the first line
    comment: str = ""  # after it, with the white space before the comment
    below: Sequence[str] = ()  # further lines, to be indented deeper; an empty line stays empty
    above: Sequence[str] = ()  # comments before the first line
    after: Sequence[str] = ()  # comments after it

    def lines(self) -> list[str]:
        deeper = [f"  {line}" if line else "" for line in self.below]
        return [*self.above, self.head + self.comment, *deeper, *self.after]


class FieldOrder:
    """The order of the fields of mappings, by path; one value for many texts, because it remembers what it found."""

    def __init__(self, order: Order) -> None:
        self._patterns = [(pattern.split("/"), list(names)) for pattern, names in order.items()]
        self._known: dict[Path, list[str]] = {}

    def fields(self, path: Path) -> list[str]:
        """The fields of the mapping at a path."""
        known = self._known.get(path)
        if known is None:
            known = self._found(pointer_of(path).split("/"))
            if len(self._known) < _MOST_KNOWN:
                self._known[path] = known
        return known

    def _found(self, parts: Sequence[str]) -> list[str]:
        for pattern, names in self._patterns:
            if len(pattern) == len(parts) and all(a in ("*", b) for a, b in zip(pattern, parts, strict=True)):
                return names
        return []


def laid_out(text: str, order: FieldOrder) -> str:
    """The text in canonical form."""
    found = BREAK.search(text)
    return (found[0] if found else "\n").join([*_Layout(text, order).document(), ""])


class _Layout:
    def __init__(self, text: str, order: FieldOrder) -> None:
        self.text = text
        self.order = order

    def document(self) -> list[str]:
        root = tree(self.text)
        start, end = line_start(self.text, root.start), line_end(self.text, root.end)
        if root.style == "block":
            end = entry_end(self.text, root.entries[-1])
        head = _tidy(BREAK.split(self.text[:start])[:-1])
        tail = _closed(_tidy(BREAK.split(self.text[end:])[1:]))
        while head[:1] == [""]:
            head.pop(0)
        if root.style == "block":
            return [*head, *self.entries(root, (), start, end), *tail]
        part = self.collection(root, (), root.start, end)
        marker = self.text[start : root.start].strip()  # `---`
        first = [(" ".join(filter(None, [marker, part.head])) + part.comment).strip()]
        return [*head, *filter(None, first), *part.below, *tail]

    def entries(self, node: Node, path: Path, offset: int, until: int) -> list[str]:
        """The lines of a collection; its contents begin at `offset` and end, with their comments, at `until`."""
        names = self.order.fields(path) if node.type == "mapping" else []
        found: list[tuple[int, list[str]]] = []
        flow = node.style == "flow"
        for entry in node.entries:
            leading = _tidy(BREAK.split(self.text[offset : entry.start])[1:-1])
            part, offset = self.entry(entry, (*path, entry.name), flow)
            rank = names.index(str(entry.name)) if entry.name in names else len(names)
            found.append((rank, [*leading, *part.lines()]))
        lines = [line for _, entry_lines in sorted(found, key=lambda pair: pair[0]) for line in entry_lines]
        while lines[:1] == [""]:
            lines.pop(0)
        rest = BREAK.split(self.text[offset:until])[1:]
        return [*lines, *_closed(_tidy(rest[:-1] if flow else rest))]

    def entry(self, entry: CollectionEntry, path: Path, flow: bool) -> tuple[_Part, int]:
        """The entry with its key or dash, and the offset after it."""
        behind = entry.start if flow and entry.key is None else behind_indicator(self.text, entry)
        part = self.value(entry, path, behind, flow)
        if flow:
            comment, above, offset = self.behind_comma(entry.end)
            part = part._replace(comment=part.comment or comment, above=[*part.above, *above])
        else:
            offset = entry_end(self.text, entry)
            if entry.value.style != "block":
                part = part._replace(after=_tidy(BREAK.split(self.text[line_end(self.text, entry.end) : offset])[1:]))
            if entry.value.type == "scalar":
                head_end = entry.value.head if entry.value.style in ("|", ">") else entry.end
                part = part._replace(comment=_comment(self.text[head_end : line_end(self.text, head_end)]))
        return (self.keyed(entry, behind, part) if entry.key else _dashed(part)), offset

    def behind_comma(self, end: int) -> tuple[str, list[str], int]:
        """After a flow entry: the comment in its line, the comments before the comma, and the offset of the rest."""
        comma = after_space(self.text, end)
        has_comma = self.text[comma] == ","
        offset = comma + 1 if has_comma else end
        above = _COMMENT.findall(self.text[end:offset])
        stop = line_end(self.text, offset)
        behind = self.text[offset:stop].strip()
        if behind and not behind.startswith("#"):
            return "", above, offset
        return _comment(self.text[offset:stop]), above, stop

    def keyed(self, entry: CollectionEntry, behind: int, part: _Part) -> _Part:
        assert entry.key is not None  # noqa: S101  (its caller asked)
        written = self.text[entry.key.start : entry.key.end]
        key = plain_or_quoted(str(entry.name)) if BREAK.search(written) else written
        above = _COMMENT.findall(self.text[entry.start : entry.key.start]) if entry.start != entry.key.start else []
        above += _COMMENT.findall(self.text[entry.key.end : behind]) if behind > entry.key.end else []
        return part._replace(head=f"{key}: {part.head}".rstrip(" "), above=[*above, *part.above])

    def value(self, entry: CollectionEntry, path: Path, behind: int, flow: bool) -> _Part:
        node = entry.value
        if node.type != "scalar":
            until = node.end if flow else entry_end(self.text, entry)
            part = self.collection(node, path, behind, until)
            return part._replace(comment="") if flow else part
        above = _COMMENT.findall(self.text[behind : node.start])
        if node.style in ("|", ">"):
            head, body = self.text_block(node, column(self.text, entry.start))
            return _Part(head, below=body, above=above)
        first, *rest = BREAK.split(self.text[node.start : node.end])
        last = len(rest)
        lines = [_folded(line, node.style, number == last) for number, line in enumerate([first, *rest])]
        return _Part(lines[0], below=[line.lstrip(" \t") for line in lines[1:]], above=above)

    def text_block(self, node: Node, outer: int) -> tuple[str, list[str]]:
        """Header and lines of a `|` or `>`; `outer` is the column of its key or dash."""
        header = self.text[node.start : node.head]
        lines = BREAK.split(self.text[line_end(self.text, node.head) : node.end])[1:]
        digit = re.search("[1-9]", header)
        indents = (len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" "))
        indent = outer + int(digit[0]) if digit else next(indents, 0)
        if node.end == len(self.text):  # the text gets its missing break at the end
            header = header.replace("+", "").replace("-", "") + "-"
        return re.sub("[1-9]", "2", header), [line[indent:] for line in lines]

    def collection(self, node: Node, path: Path, behind: int, until: int) -> _Part:
        text = self.text
        if node.style == "block":
            below = line_end(text, behind) < node.start
            offset = line_end(text, behind) if below else node.start
            comment = _comment(text[behind:offset]) if below else ""
            return _Part("", comment, self.entries(node, path, offset, until))
        between = _COMMENT.findall(text[behind : node.start])
        closing = _comment(text[node.end : line_end(text, node.end)])
        if not node.entries or not BREAK.search(text[node.start : node.end]):
            return _Part(self.one_line(node, path), closing, above=between)
        offset = line_end(text, node.start)
        opening = text[node.start + 1 : offset].strip()
        if opening and not opening.startswith("#"):
            offset, opening = node.start + 1, ""
        entries = self.entries(node, path, offset, node.end - 1)
        if not closing:
            return _Part("", _comment(opening), entries, between)
        return _Part("", closing, entries, [*between, *filter(None, [opening])])

    def one_line(self, node: Node, path: Path) -> str:
        """A flow collection unchanged except for the order of fields and breaks between brackets."""
        text = self.text
        if node.type == "scalar":
            return text[node.start : node.end]
        if not node.entries:
            return "{}" if node.type == "mapping" else "[]"
        names = self.order.fields(path) if node.type == "mapping" else []
        pieces = []
        for entry in node.entries:
            rank = names.index(str(entry.name)) if entry.name in names else len(names)
            value = self.one_line(entry.value, (*path, entry.name))
            pieces.append((rank, text[entry.start : entry.value.start] + value))
        result, offset = "", node.start
        for entry, (_, piece) in zip(node.entries, sorted(pieces, key=lambda pair: pair[0]), strict=True):
            result += text[offset : entry.start] + piece
            offset = entry.end
        return result + text[offset : node.end]


def _dashed(part: _Part) -> _Part:
    if part.head:
        return part._replace(head=f"- {part.head}")
    above = [*part.above, *filter(None, [part.comment.strip()])]
    below = list(part.below)
    while below and (not below[0] or below[0].startswith("#")):
        above += filter(None, [below.pop(0)])
    return part._replace(head=f"- {below[0]}" if below else "-", comment="", above=above, below=below[1:])


def _tidy(lines: list[str]) -> list[str]:
    """Comments and empty lines; several empty lines become one."""
    stripped = [line.strip() for line in lines]
    return [line for number, line in enumerate(stripped) if line or not number or stripped[number - 1]]


def _closed(lines: list[str]) -> list[str]:
    """Without an empty line at the end."""
    return lines[:-1] if lines[-1:] == [""] else lines


def _comment(piece: str) -> str:
    """The rest of a line: its comment after two spaces, or after the spaces that align it with others."""
    content = piece.strip()
    space = piece[: len(piece) - len(piece.lstrip())]
    return (space if set(space) == {" "} else "  ") + content if content else ""


def _folded(line: str, style: str, last: bool) -> str:
    """A line of a value over several lines; white space at its end has no meaning unless it is escaped."""
    stripped = line if last else line.rstrip(" \t")
    backslashes = len(stripped) - len(stripped.rstrip("\\"))
    return line[: len(stripped) + 1] if style == '"' and backslashes % 2 else stripped
