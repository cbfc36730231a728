"""Entries of collections in flow style: `{a: 1, b: 2}`, `[1, 2]`, in one line or in several."""

from __future__ import annotations

from renderer.edit.lines import newline, next_line
from renderer.edit.write import column
from renderer.yamlio.nodes import CollectionEntry, Node, after_space, line_end, line_start


def insert_flow(text: str, node: Node, written: str, after: CollectionEntry | None) -> str:
    """The text with one more entry behind `after` (None: at the start): in a line of its own if the others have one.

    `{a: 1}` becomes `{a: 1, b: 2}`. The new entry has a comma behind it only where the entry before it had one.
    """
    if text[node.start] not in "{[":  # `[key: value]`: a mapping without braces
        return f"{text[: node.start]}{{{text[node.start : node.end]}, {written}}}{text[node.end :]}"
    neighbour = after or node.entries[0]
    own_line = not text[line_start(text, neighbour.start) : neighbour.start].strip(" \t")
    indent = " " * column(text, neighbour.start)
    if after is None:
        gap = newline(text, neighbour.start) + indent if own_line else " "
        return f"{text[: neighbour.start]}{written},{gap}{text[neighbour.start :]}"
    comma = after_space(text, after.end)
    has_comma = text[comma] == ","
    offset = comma + 1 if has_comma else after.end
    end = line_end(text, offset)
    if own_line and text[offset:end].strip(" \t")[:1] in ("", "#"):
        first, second = ("", ",") if has_comma else (",", "")
        return f"{text[:offset]}{first}{text[offset:end]}{newline(text, end)}{indent}{written}{second}{text[end:]}"
    return f"{text[:offset]} {written},{text[offset:]}" if has_comma else f"{text[:offset]}, {written}{text[offset:]}"


def delete_flow(text: str, parent: Node, index: int) -> str:
    """The text without the entry, its comma, and its line if it has one of its own.

    `{a: 1, b: 2}` becomes `{a: 1}` or `{b: 2}`. A comment between two entries stays.
    """
    entry = parent.entries[index]
    comma = after_space(text, entry.end)
    has_comma = text[comma] == ","
    end = comma + 1 if has_comma else entry.end
    start = line_start(text, entry.start)
    behind = text[end : line_end(text, end)].strip(" \t")
    if not text[start : entry.start].strip(" \t") and behind[:1] in ("", "#"):
        before, rest = text[:start], text[next_line(text, line_end(text, end)) :]
    elif index + 1 < len(parent.entries) and not text[end : parent.entries[index + 1].start].strip(" \t"):
        before, rest = text[: entry.start], text[parent.entries[index + 1].start :]
    elif index and text[parent.entries[index - 1].end : entry.start].strip(" \t") == ",":
        kept = parent.entries[index - 1].end if not has_comma else after_space(text, parent.entries[index - 1].end) + 1
        return text[:kept] + text[end:]
    else:
        before, rest = text[: entry.start], text[end:]
    if has_comma or not index:
        return before + rest
    comma = after_space(text, parent.entries[index - 1].end)  # the last one had none, so the previous one needs none
    return before[:comma] + before[comma + 1 :] + rest


def colon(text: str, entry: CollectionEntry) -> str:
    """What must be written before the value of a flow mapping's key: `{a}` has no colon, `{"a":1}` no space."""
    if entry.key is None:
        return ""
    if ":" not in text[entry.key.end : entry.value.start]:
        return ": "
    return " " if text[entry.value.start - 1] == ":" else ""
