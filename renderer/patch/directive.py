"""Reads `$patch` in a strategic merge patch: what it asks for, and the patch without it."""

from __future__ import annotations

from typing import Final

from renderer.manifest import Object
from renderer.patch.values import Data, PatchRefused, text
from renderer.plain import below

DIRECTIVE: Final = "$patch"
_KNOWN: Final = ("delete", "replace", "merge")


def map_directive(patch: Object, pointer: str, *, lenient: bool) -> tuple[str, Object]:
    """The value of `$patch`, and the patch without it; an unknown one stays as a field if the patch adds a mapping."""
    if DIRECTIVE not in patch:
        return "merge", patch
    said = text(patch[DIRECTIVE])
    if said in _KNOWN:
        return said, {key: value for key, value in patch.items() if key != DIRECTIVE}
    if lenient:
        return "merge", patch
    raise PatchRefused(below(pointer, DIRECTIVE), f"unknown $patch {said!r}: use {', '.join(_KNOWN)}")


def list_directive(patch: list[Data], pointer: str) -> tuple[str, list[Data]]:
    """The directive of a whole list, which is an item with only `$patch`, and the list without such items."""
    first = next((item for item in patch if isinstance(item, dict) and DIRECTIVE in item), None)
    if first is None or len(first) > 1:
        return "merge", patch
    said = text(first[DIRECTIVE])
    if said not in _KNOWN:
        raise PatchRefused(pointer, f"unknown $patch {said!r}: use {', '.join(_KNOWN)}")
    return said, [item for item in patch if item not in (None, {}) and not _says(item, said)]


def is_directive(item: Data) -> bool:
    """Whether an item of a list has only `$patch`."""
    return isinstance(item, dict) and list(item) == [DIRECTIVE]


def _says(item: Data, directive: str) -> bool:
    return isinstance(item, dict) and text(item.get(DIRECTIVE, "")) == directive
