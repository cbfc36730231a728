"""One edit of a text: replaces one span; every other character stays.

Here are values in block style, in lines of their own; those in flow style (`{a: 1}`) are in `flow_style`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from renderer.edit.flow_style import colon, delete_flow, insert_flow
from renderer.edit.lines import newline, next_line
from renderer.edit.operations import Delete, Insert, Relabel, Replace, TextEdit
from renderer.edit.write import Shape, Written, block, column, flow, item, keyed, scalar, shape
from renderer.lazy import regex
from renderer.yamlio import Data
from renderer.yamlio.nodes import CollectionEntry, Node, Path, after_space, line_end, line_start, tree

_BREAK_AT_END = regex(r"(?:\r\n?|\n)\Z")
_COMMENT_BELOW = regex(r"[\r\n][ \t\r\n]*(?=#)")  # not a group for each break: CR LF could be one or two
_EMPTY_LINES = regex(r"(?:[ \t]*(?:\r\n?|\n))*")


class Target(NamedTuple):
    """A value in its text: the collections above it, from the root on, and its own entry."""

    above: tuple[Node, ...]
    entry: CollectionEntry | None  # None: the root
    node: Node

    @property
    def in_flow(self) -> bool:
        """Whether only flow style is possible here."""
        return any(node.style == "flow" for node in self.above)


def splice(text: str, text_edit: TextEdit) -> str:
    """The text after one edit; the edit must fit the data."""
    target = _find(text, text_edit.path)
    if isinstance(text_edit, Replace):
        return _replace(text, target, text_edit.value)
    if isinstance(text_edit, Delete):
        return _delete(text, target)
    if isinstance(text_edit, Insert):
        return _insert(text, target, text_edit)
    if isinstance(text_edit, Relabel):
        return _relabel(text, target, text_edit.name)
    return _reorder(text, target.node, text_edit.names)


def _find(text: str, path: Path) -> Target:
    node = tree(text)
    above: list[Node] = []
    entry = None
    for name in path:
        entry = _entry(node, name)
        above.append(node)
        node = entry.value
    return Target(tuple(above), entry, node)


def _entry(node: Node, name: str | int) -> CollectionEntry:
    return next(entry for entry in node.entries if entry.name == name)


def _replace(text: str, target: Target, value: Data) -> str:
    """The text with another value; the key or the dash, and comments around the value, stay."""
    node, entry = target.node, target.entry
    if entry is None:
        return _replace_root(text, node, value)
    if target.in_flow:
        return (
            text[: node.start]
            + colon(text, entry)
            + flow(value, node.style if node.type == "scalar" and node.style else _quotes(target))
            + text[node.end :]
        )
    if node.style == "block" and not value and isinstance(value, dict | list) and _is_below(text, entry):
        return _empty(text, entry, flow(value))
    indent = column(text, entry.start)
    end = entry_end(text, entry) if node.style == "block" else line_end(text, node.end)
    form = shape(target.above[0], text)
    written = (block if entry.key else item)(
        value, indent, form, style=node.style, literal=_literal_fits(text, end, indent)
    )
    return _replace_block(text, entry, end, written)


def _replace_block(text: str, entry: CollectionEntry, end: int, written: Written) -> str:
    """Replaces the value of a key or dash in block style; a comment in the line of the key or dash stays."""
    node = entry.value
    behind = behind_indicator(text, entry)
    below = _is_below(text, entry)
    if node.style == "block" and not below:  # `- key: value`: a comment in this line is about the first key
        start, rest = node.start, ""
    elif node.style == "block" or (below and written.lines):
        start, rest = behind, text[behind : line_end(text, behind)]
        if node.style not in ("block", "|", ">"):  # a comment after a value in a line of its own
            rest = rest.rstrip(" \t") or text[node.end : end]
    elif node.style in ("|", ">"):
        start, rest = node.start, text[node.head : line_end(text, node.head)]
    else:
        start, rest = node.start, text[node.end : end]
    before = text[:start]
    if not written.head:
        before = before.rstrip(" \t")
    elif not before.endswith((" ", "\t")):
        before, rest = before + " ", rest.rstrip(" \t")
    elif entry.key is None and written.lines:  # `-   key:` would need the other keys in the same column
        before = before.rstrip(" \t") + " "
    lines = "".join(newline(text, start) + line for line in written.lines)
    return before + written.head + rest + lines + text[end:]


def _empty(text: str, entry: CollectionEntry, written: str) -> str:
    """The text without the entries of a block collection, but with every comment in a line of its own."""
    behind = behind_indicator(text, entry)
    for each in reversed(entry.value.entries):
        text = _without_lines(text, line_start(text, each.start), entry_end(text, each))
    return f"{text[:behind]} {written}{text[behind:]}"


def _without_lines(text: str, start: int, end: int) -> str:
    """The text without a span of whole lines and their last break; if they have none, without the break before them."""
    if end == len(text):
        return _BREAK_AT_END.sub("", text[:start])
    return text[:start] + text[next_line(text, end) :]


def _relabel(text: str, target: Target, name: str) -> str:
    assert target.entry and target.entry.key  # noqa: S101, PT018  (only a key has a name)
    key = target.entry.key
    return text[: key.start] + scalar(name, key.style) + text[key.end :]


def _replace_root(text: str, node: Node, value: Data) -> str:
    end = line_end(text, node.end)
    if node.style == "block" or not (value and isinstance(value, dict)) or text[node.end : end].strip(" \t"):
        return text[: node.start] + flow(value) + text[node.end :]
    before = text[: node.start]
    if column(text, node.start):  # after `---`
        before = before.rstrip(" \t") + newline(text, node.start)
    lines = block(value, -Shape().indent, Shape(), literal=_literal_fits(text, end, 0)).lines
    return before + newline(text, node.start).join(lines) + text[end:]


def _insert(text: str, target: Target, text_edit: Insert) -> str:
    """The text with one more key or item in a collection, in the style of that collection."""
    node, key = target.node, text_edit.name
    after = None if text_edit.after is None else _entry(node, text_edit.after)
    if node.style == "flow":
        style = _quotes(target)
        name = f"{scalar(key, style)}: " if isinstance(key, str) else ""
        return insert_flow(text, node, name + flow(text_edit.value, style), after)
    indent = column(text, node.start)
    literal = after is None or _literal_fits(text, entry_end(text, after), indent)
    form = shape(target.above[0] if target.above else node, text)
    if isinstance(key, str):
        lines = keyed(key, block(text_edit.value, indent, form, literal=literal))
    else:
        written = item(text_edit.value, indent, form, literal=literal)
        lines = ["- " + written.head, *written.lines]
    return _insert_block(text, node, lines, after)


def _quotes(target: Target) -> str:
    """The quotes of every key in the same flow style as the target: those of JSON, or none."""
    nodes = [node for node in (*target.above, target.node) if node.style == "flow"]
    keys = [entry.key for node in nodes for entry in node.entries if entry.key]
    return '"' if keys and all(key.style == '"' for key in keys) else ""


def _insert_block(text: str, node: Node, lines: Sequence[str], after: CollectionEntry | None) -> str:
    """The text with lines more in a block collection, behind the entry `after` or at its start.

    They have the break of the line above them, which so keeps its own; at the start, that of the line below.
    """
    end = node.start if after is None else entry_end(text, after)
    break_there = newline(text, end)
    written, line_break = break_there.join(lines), break_there + " " * column(text, node.start)
    if after is None:
        return text[:end] + written + line_break + text[end:]
    before = text[:end]
    last = _last(after.value)
    if end == len(text) and last.style in ("|", ">"):  # add the missing break at its end
        before = text[: last.start] + re.sub("[-+]", "", text[last.start : last.head]) + "-" + text[last.head : end]
    return before + line_break + written + text[end:]


def _delete(text: str, target: Target) -> str:
    """The text without a key or an item; a comment in its lines and deeper comments below belong to it."""
    parent, entry = target.above[-1], target.entry
    assert entry is not None  # noqa: S101  (only the root has none)
    index = parent.entries.index(entry)
    if parent.style == "flow":
        return delete_flow(text, parent, index)
    start, end = line_start(text, entry.start), entry_end(text, entry)
    if text[start : entry.start].strip(" "):
        return _delete_beside_dash(text, entry.start, end, parent.entries[index + 1].start)
    last = _last(parent.entries[index - 1].value) if index else None
    in_text = last is not None and last.style in ("|", ">")  # what is above ends in a block of text
    if end == len(text) and in_text:
        return text[:start]
    if last and in_text and "+" in text[last.start : last.head]:  # it would include the empty lines that follow
        found = _EMPTY_LINES.match(text, next_line(text, end))
        return text[:start] + text[found.end() if found else end :]
    return _without_lines(text, start, end)


def _delete_beside_dash(text: str, start: int, end: int, following: int) -> str:
    """Removes the first key of an item; the next key moves up unless comments are between them."""
    if text[end:following].strip():
        return text[:start].rstrip(" \t") + text[end:]
    return text[:start] + text[following:]


def _reorder(text: str, node: Node, names: Sequence[str]) -> str:
    """Reorders keys in their written form; what is between keys, such as comments above them, keeps its position."""
    entries = [entry for entry in node.entries if entry.name in names]
    ends = {entry.name: entry.end if node.style == "flow" else entry_end(text, entry) for entry in entries}
    written = {entry.name: text[entry.start : ends[entry.name]] for entry in entries}
    for entry, name in reversed(list(zip(entries, names, strict=True))):
        text = text[: entry.start] + written[name] + text[ends[entry.name] :]
    return text


def entry_end(text: str, entry: CollectionEntry) -> int:
    """Where the last line of a block entry ends: of its value, or of the deeper indented comments below."""
    indent = column(text, entry.start)
    end = line_end(text, entry.end)
    while (found := _COMMENT_BELOW.match(text, end)) and column(text, found.end()) > indent:
        end = line_end(text, found.end())
    return end


def _literal_fits(text: str, end: int, indent: int) -> bool:
    """Whether a block of text may end here: not in a last line without a break, nor above a deeper indented comment."""
    found = _COMMENT_BELOW.match(text, end)
    return end < len(text) and not (found and column(text, found.end()) > indent)


def _is_below(text: str, entry: CollectionEntry) -> bool:
    """Whether the value begins in a line below its key or dash."""
    return line_end(text, behind_indicator(text, entry)) < entry.value.start


def behind_indicator(text: str, entry: CollectionEntry) -> int:
    """The offset after the `:` of a key, or after the dash of an item."""
    return (after_space(text, entry.key.end) if entry.key else entry.start) + 1


def _last(node: Node) -> Node:
    return _last(node.entries[-1].value) if node.entries and node.style == "block" else node
