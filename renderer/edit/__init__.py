"""Edits of a spec's text that keep everything else: comments, quotes, order, indentation, line breaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from renderer.edit.operations import EditError, Remove, Set, applied, difference, plain, steps
from renderer.edit.splice import splice
from renderer.edit.write import Shape, block
from renderer.yamlio import Data, load

__all__ = ["EditError", "Remove", "Set", "edit", "new_document"]


def edit(text: str, operations: Sequence[Set | Remove]) -> str:
    """The text after the operations, in which only the lines that they are about differ.

    A changed value is cut out and replaced where it stands, in its quotes; a new key goes behind the last one of its
    mapping; a removed one goes with its lines and the comments in and deeper below them. Read again before it is
    returned: it holds the old data but for the operations. Raises EditError for a text that is no spec, an
    operation that does not fit, or an edit that cannot be proven.
    """
    old = _read(text)
    wanted = old
    for operation in operations:
        wanted = applied(wanted, operation)
    if not isinstance(wanted, dict):
        raise EditError("", "a spec is a mapping")
    for step in steps(old, wanted):
        text = splice(text, step)
    _prove(text, wanted)
    return text


def new_document(data: Mapping[str, object]) -> str:
    """The text of a new spec, as `fmt` would have it."""
    wanted = plain(data, "")
    text = "".join(f"{line}\n" for line in block(wanted, -2, Shape()).lines) or "{}\n"
    _prove(text, wanted)
    return text


def _read(text: str) -> Data:
    data, problems = load(_bytes(text), "")
    if problems:
        first = problems[0]
        raise EditError(first.pointer, f"line {first.line}: {first.message}")
    return data


def _prove(text: str, wanted: Data) -> None:
    data, problems = load(_bytes(text), "")
    place = problems[0].pointer if problems else difference(data, wanted)
    if place is not None:
        raise EditError(place, "cannot be edited as it is written; edit the file by hand")


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise EditError("", "the text is not Unicode") from None
