"""Edits of a spec's text that keep everything else: comments, quotes, order, indentation, line breaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from renderer.edit.layout import FieldOrder, Order, laid_out
from renderer.edit.operations import (
    EditError,
    Operation,
    Remove,
    Rename,
    Replace,
    Set,
    applied,
    checked_data,
    difference,
    ordered_as,
    relabel,
    text_edits,
    value_at,
)
from renderer.edit.splice import splice
from renderer.edit.tidy import is_tidy
from renderer.edit.write import Shape, block
from renderer.yamlio import Data, load
from renderer.yamlio.events import ERRORS

__all__ = [
    "EditError",
    "FieldOrder",
    "Operation",
    "Order",
    "Remove",
    "Rename",
    "Set",
    "edit",
    "formatted",
    "formatted_as_read",
    "new_document",
]

_BY_HAND = "rollspec cannot edit this part of the file in its current form; edit it by hand"
_ATTEMPTS = 4
_NO_ORDER: Order = {}


def edit(text: str, operations: Sequence[Operation]) -> str:
    """The text after the operations; only the lines that they are about change.

    A changed value is replaced where it is, in its quotes. A new key is written after the last one of its mapping. A
    key is removed with its lines, with the comments in them, and with deeper comments below them. A renamed key keeps
    its position and its value. Renames are made first. The result is read again before it is returned, to prove that
    only the operations changed the data. Raises EditError for a text that is not a spec, an operation that does not
    fit, or an edit that cannot be proven.
    """
    old = _read(text)
    renames = [operation for operation in operations if isinstance(operation, Rename)]
    try:
        for rename in renames:
            old = applied(old, rename)
            text = splice(text, relabel(rename))
        wanted = old
        for operation in operations:
            wanted = wanted if isinstance(operation, Rename) else applied(wanted, operation)
        if not isinstance(wanted, dict):
            raise EditError("", "a spec must be a mapping")
        for text_edit in text_edits(old, wanted):
            text = splice(text, text_edit)
        return _proven(text, wanted)
    except ERRORS:
        raise EditError("", _BY_HAND) from None


def formatted(text: str, order: FieldOrder | Order = _NO_ORDER) -> str:
    """The text in the layout of `fmt`: the same data and comments in one canonical form.

    Indentation by two spaces, for dashes too; no white space at the ends of lines, single empty lines, one break at the
    end (CRLF stays CRLF). A flow collection over several lines becomes a block. `order` gives the fields of known
    mappings, by JSON pointer with `*` for any one part (`""`, `/spec`, `/spec/ports/*`): they are written in that
    order, and other fields follow in their present order. Formatting the result again changes nothing. Raises
    EditError.
    """
    return formatted_as_read(text, _read(text), order)


def formatted_as_read(text: str, data: Data, order: FieldOrder | Order = _NO_ORDER) -> str:
    """`formatted` for a text that was read already, and what it holds."""
    order = order if isinstance(order, FieldOrder) else FieldOrder(order)
    if is_tidy(text, data, order):
        return text
    result = laid_out(text, order)
    if result == text:
        return text
    now = _again(result)
    wanted = ordered_as(now, data)
    return result if difference(now, wanted) is None else _proven(result, wanted)


def new_document(data: Mapping[str, object]) -> str:
    """The text of a new spec, in the layout of `fmt`."""
    wanted = checked_data(data, "")
    text = "".join(f"{line}\n" for line in block(wanted, -2, Shape()).lines) or "{}\n"
    return _proven(text, wanted)


def _read(text: str) -> Data:
    data, problems = load(_bytes(text), "")
    if problems:
        first = problems[0]
        raise EditError(first.pointer, f"line {first.line}: {first.message}")
    return data


def _proven(text: str, wanted: Data) -> str:
    """The text, proven to hold the wanted data.

    A `|+` block includes the empty lines that follow it; if an edit changed these, the block is written again.
    """
    for _ in range(_ATTEMPTS):
        path = difference(_again(text), wanted)
        if path is None:
            return text
        text = splice(text, Replace(path, value_at(wanted, path)))
    raise EditError("", _BY_HAND)


def _again(text: str) -> Data:
    data, problems = load(_bytes(text), "")
    if problems:
        raise EditError(problems[0].pointer, _BY_HAND)
    return data


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise EditError("", "the text is not Unicode") from None
