"""Edits of a spec's text that keep everything else: comments, quotes, order, indentation, line breaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from renderer.edit.layout import Order, laid_out
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
from renderer.edit.write import Shape, block
from renderer.plain import pointer_of
from renderer.yamlio import Data, load
from renderer.yamlio.events import ERRORS

__all__ = ["EditError", "Operation", "Order", "Remove", "Rename", "Set", "edit", "formatted", "new_document"]

_BY_HAND = "cannot be edited as the file is written; edit it by hand"
_REPAIRS = 3
_NO_ORDER: Order = {}


def edit(text: str, operations: Sequence[Operation]) -> str:
    """The text after the operations, in which only the lines that they are about differ.

    A changed value is cut out and replaced where it stands, in its quotes; a new key goes behind the last one of its
    mapping; a removed one goes with its lines and the comments in and deeper below them; a renamed one keeps its place
    and all that is below. Renames are made first. Read again before it is returned: it holds the old data but for the
    operations. Raises EditError for a text that is no spec, an operation that does not fit, or an edit that cannot be
    proven.
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
            raise EditError("", "a spec is a mapping")
        for text_edit in text_edits(old, wanted):
            text = splice(text, text_edit)
        return _proven(text, wanted)
    except ERRORS:
        raise EditError("", _BY_HAND) from None


def formatted(text: str, order: Order = _NO_ORDER) -> str:
    """The text as `fmt` writes it: the same data and comments in one canonical layout.

    Two spaces of indentation, dashes too; no white space at the ends of lines, single empty lines, one break at the end
    (CRLF stays CRLF). A flow collection over several lines becomes a block. `order` gives the fields of known
    mappings, by JSON pointer with `*` for any one part (`""`, `/spec`, `/spec/ports/*`): they stand in that order,
    others behind them as they were. Formatting twice changes nothing more. Raises EditError.
    """
    data = _read(text)
    result = laid_out(text, order)
    return _proven(result, ordered_as(_again(result), data))


def new_document(data: Mapping[str, object]) -> str:
    """The text of a new spec, as `fmt` would have it."""
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
    """The text, which holds what is wanted.

    A `|+` block takes the empty lines that follow it; where an edit gave it others, it is written anew.
    """
    for _ in range(_REPAIRS):
        path = difference(_again(text), wanted)
        if path is None:
            return text
        text = splice(text, Replace(path, value_at(wanted, path)))
    path = difference(_again(text), wanted)
    if path is not None:
        raise EditError(pointer_of(path), _BY_HAND)
    return text


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
