"""Values as YAML text: what follows a key, in block style with a file's own indentation, or in flow style."""

from __future__ import annotations

from typing import NamedTuple

from renderer.lazy import regex
from renderer.yamlio import Data, dump, plain_or_quoted
from renderer.yamlio.nodes import Node

_NOT_SINGLE = regex("[^ -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


class Shape(NamedTuple):
    """How a file is indented, in columns: a mapping below its key, and the dashes of a list below its key."""

    indent: int = 2
    dash: int = 2


class Written(NamedTuple):
    """`head` follows the key or the dash in the same line; `lines` are the indented lines below."""

    head: str
    lines: tuple[str, ...] = ()


def shape(root: Node, text: str) -> Shape:
    """The first indentations of a file."""
    step = dash = None
    queue = [root]
    for node in queue:  # the list grows during the loop
        for entry in node.entries:
            queue.append(entry.value)
            if node.type == "mapping" and entry.value.style == "block":
                deeper = column(text, entry.value.start) - column(text, entry.start)
                step = step or (deeper if entry.value.type == "mapping" else None)
                dash = dash if dash is not None or entry.value.type == "mapping" else deeper
        if step and dash is not None:
            break
    step = step or 2
    return Shape(step, step if dash is None else dash)


def column(text: str, offset: int) -> int:
    """Characters between the beginning of the line and `offset`."""
    return offset - 1 - max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset))


def scalar(value: Data, style: str = "") -> str:
    """The value in one line, in the quotes of the value that it replaces if they can hold it."""
    if not isinstance(value, str):
        return dump(value).rstrip("\n")
    if style == "'" and not _NOT_SINGLE.search(value):
        return "'" + value.replace("'", "''") + "'"
    written = plain_or_quoted(value)
    return f'"{value}"' if style == '"' and not written.startswith('"') else written


def flow(value: Data, style: str = "") -> str:
    """Any value in one line; with the style `"`, every text and key in it is quoted, as in JSON."""
    inner = '"' if style == '"' else ""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key, inner)}: {flow(each, inner)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(each, inner) for each in value) + "]"
    return scalar(value, style)


def block(value: Data, indent: int, form: Shape, *, style: str = "", literal: bool = True) -> Written:
    """What follows a key that begins in column `indent`; `literal`: whether a text may be a `|` block."""
    if isinstance(value, dict) and value:
        return Written("", _keys(value, indent + form.indent, form, literal))
    if isinstance(value, list) and value:
        return Written("", _items(value, indent + form.dash, form, literal))
    return _leaf(value, indent + form.indent, style, literal)


def item(value: Data, indent: int, form: Shape, *, style: str = "", literal: bool = True) -> Written:
    """What follows a dash in column `indent`."""
    if isinstance(value, dict | list) and value:
        lines = (
            _keys(value, indent + 2, form, literal)
            if isinstance(value, dict)
            else _items(value, indent + 2, form, literal)
        )
        return Written(lines[0].lstrip(" "), lines[1:])
    return _leaf(value, indent + 2, style, literal)


def keyed(key: str, written: Written) -> list[str]:
    """The lines of a key, the first one without its indentation."""
    return [f"{plain_or_quoted(key)}:{written.head and ' '}{written.head}", *written.lines]


def _keys(value: dict[str, Data], indent: int, form: Shape, literal: bool) -> tuple[str, ...]:
    lines: list[str] = []
    for number, (key, each) in enumerate(value.items(), 1):
        first, *rest = keyed(key, block(each, indent, form, literal=literal or number < len(value)))
        lines += [" " * indent + first, *rest]
    return tuple(lines)


def _items(value: list[Data], indent: int, form: Shape, literal: bool) -> tuple[str, ...]:
    lines: list[str] = []
    for number, each in enumerate(value, 1):
        head, rest = item(each, indent, form, literal=literal or number < len(value))
        lines += [" " * indent + "- " + head, *rest]
    return tuple(lines)


def _leaf(value: Data, indent: int, style: str, literal: bool) -> Written:
    """Never a `|+` block: it would include the empty lines after it."""
    if isinstance(value, str) and "\n" in value and literal and style != '"':
        head, *lines = dump({"a": value}).removeprefix("a: ").removesuffix("\n").split("\n")
        if head in ("|", "|-"):
            return Written(head, tuple(" " * indent + line[2:] if line else "" for line in lines))
    return Written(scalar(value, style))
