"""Three versions of a spec merged field by field: what lines cannot be merged, fields often can."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from renderer.edit import EditError, Operation, Remove, Set, edit
from renderer.plain import below, mapping
from renderer.yamlio import Data, load


class _Absent:
    """What a side without the field has there."""


_ABSENT = _Absent()


@dataclass(frozen=True, slots=True)
class Merge:
    """The merged text, or the pointers of the fields that both sides changed, each in another way.

    Of the fields that count as one, a single pointer stands for all: `ours` and `theirs` name those that each side
    changed.
    """

    text: str | None
    conflicts: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()

    def what(self, pointer: str, ours: str, theirs: str) -> str:
        """What the sides, called `ours` and `theirs`, did to the field of this conflict, as a clause."""
        name = pointer.removeprefix("/spec/")
        if (name in self.ours) == (name in self.theirs):
            field = f"`{name.replace('/', '.')}`" if name else "the file"
            return f"{ours} and {theirs} both changed {field}, each in another way"
        own, other = (", ".join(f"`{each}`" for each in names) for names in (self.ours, self.theirs))
        return f"{ours} changed the release ({own}), and so did {theirs} ({other})"


def merge_texts(base: str, ours: str, theirs: str, together: Collection[str] = ()) -> Merge:
    """Our text with their changes since the base; `base` is empty where both sides made the file.

    `together` are fields of `/spec` that count as one: they conflict if both sides changed some of them and the sides
    differ. Comments that only theirs has are lost; a merge by lines, where it works, keeps them. A side that is not a
    spec is a conflict of the whole file.
    """
    sides = [_data(text) for text in (base, ours, theirs)]
    if any(side is None for side in sides):
        return Merge(None, ("",))
    old, own, other = (side if isinstance(side, dict) else {} for side in sides)
    one, *sides_of_one = _together(old, own, other, together)
    conflicts = [f"/spec/{key}" for key in one]
    operations: list[Operation] = []
    for operation in _merged(old, own, other, ""):
        if isinstance(operation, str):
            conflicts.append(operation)
        else:
            operations.append(operation)
    if conflicts:
        kept = [each for each in dict.fromkeys(conflicts) if not any(each.startswith(f"{top}/") for top in conflicts)]
        return Merge(None, tuple(kept), *sides_of_one)
    try:
        return Merge(edit(ours, operations) if operations else ours)
    except EditError as error:
        return Merge(None, (error.pointer,))


def _merged(base: Any, ours: Any, theirs: Any, pointer: str) -> Iterator[Operation | str]:
    """The operations that bring their changes into ours, and the pointers of conflicts."""
    if _text(theirs) in (_text(base), _text(ours)):
        return
    if _text(ours) == _text(base):
        yield Remove(pointer) if theirs is _ABSENT else Set(pointer, theirs)
        return
    old = base if isinstance(base, dict) else {}
    if not isinstance(ours, dict) or not isinstance(theirs, dict) or _is_reordered(old, theirs):
        yield pointer
        return
    for key in dict.fromkeys((*ours, *theirs, *old)):
        was, own, other = (side.get(key, _ABSENT) for side in (old, ours, theirs))
        yield from _merged(was, own, other, below(pointer, key))


def _is_reordered(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether the keys of both come in another order, which lists in a manifest follow."""
    return [key for key in old if key in new] != [key for key in new if key in old]


def _together(
    base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any], fields: Collection[str]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """One field of those that count as one, if both sides changed some of them and the sides differ; and what each did.

    The fields that ours changed come second, those of theirs third.
    """
    old, own, other = (
        {key: mapping(side.get("spec")).get(key, _ABSENT) for key in fields} for side in (base, ours, theirs)
    )
    by_ours, by_theirs = (tuple(key for key in fields if _text(side[key]) != _text(old[key])) for side in (own, other))
    if _text(own) == _text(other) or not by_ours or not by_theirs:
        return (), (), ()
    differing = [key for key in fields if _text(other[key]) != _text(own[key])]
    changed = [key for key in differing if key in by_theirs]
    return tuple((changed or differing)[:1]), by_ours, by_theirs


def _text(value: Any) -> str:
    """Equal only for the same value: with the types of numbers and the order of keys."""
    return json.dumps(value, ensure_ascii=False, default=lambda each: f"{type(each)}")


def _data(text: str) -> Data | _Absent | None:
    """The document; None for what is not one."""
    if not text.strip():
        return _ABSENT
    data, problems = load(text.encode(), "")
    return data if isinstance(data, dict) and not problems else None
