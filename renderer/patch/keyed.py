"""Merges lists whose items are distinguished by keys, in the same steps as kyaml's `walk`.

This is the complete merge, for lists in any state: several keys, keys that some items lack, the same item twice.
The steps are upstream's, because their order decides the result for such lists:

- With two keys (`ports`: containerPort, protocol), an item that lacks the second key counts as the same item as one
  with the second key. The item with both keys wins, and the other's fields are lost.
- An item without its key makes kustomize drop others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from renderer.patch.values import MISSING, Data, PatchRefused, text

Values = list[str]

LONGEST: Final = 500  # items with two keys: each is compared with every other one
LOST: Final = "kustomize does not apply this item: give it every key that the other items of the list have"


class Note(NamedTuple):
    """A surprise during a merge: the pointer into the object, and what happens."""

    pointer: str
    message: str


def merge_items(
    old: list[Data],
    new: Data,
    keys: Sequence[str],
    merge: Callable[[Data, Data], Data],
    pointer: str,
    notes: list[Note],
) -> list[Data]:
    """The merged list: the patch's items first, then the others. A list without a patch has `new` MISSING or `old`.

    With `keys` (), the items are plain values. `merge` makes one item of two, or MISSING to remove it.
    """
    base = list(old)
    alone = new is MISSING or new is old
    patch: list[Data] = base if alone else list(new)
    names = list(keys) or [""]
    wanted = _wanted([base] if alone else [patch, base], keys)
    if len(keys) > 1 and len(wanted) > LONGEST:
        raise PatchRefused(pointer, f"a list of more than {LONGEST} items with two keys is not merged")
    merged: list[Data] = []
    valid, used = names, set()
    for one in wanted:
        valid, values = _valid(wanted, one, names)
        here, there = _find(base, valid, values), None if new is MISSING else _find(patch, valid, values)
        before, change = _item_at(base, here), _item_at(patch, there)
        item = merge(before, change)
        used.add(there)
        if there is not None and isinstance(change, dict):
            patch[there] = {key: value for key, value in change.items() if key != "$patch"}
        if item is MISSING or item is None or item == {}:
            base[:] = _set(base, MISSING, valid, values, pointer)
            continue
        item = _with_keys(item, valid, values)
        if here is not None and (alone or not _replaces(change)):
            base[here] = item
        elif there is not None:
            patch[there] = item
        merged = _set(merged, item, valid, values, pointer)
    if not alone:
        notes += [Note(f"{pointer}/{i}", LOST) for i in range(len(patch)) if i not in used]
    return _appended(merged, base, valid, pointer) if wanted else base


def _wanted(lists: Sequence[list[Data]], keys: Sequence[str]) -> list[Values]:
    """The key values of all items, each once, in order; an empty text for a missing key."""
    found: dict[tuple[str, ...], None] = {}
    for items in lists:
        for item in items:
            found[tuple(_key_text(item, key) for key in keys) if keys else (text(item),)] = None
    wanted = [list(values) for values in found]
    if len(keys) > 1:
        _join(wanted)
    return wanted


def _key_text(item: Data, key: str) -> str:
    value = item.get(key) if isinstance(item, dict) else None
    return "" if value is None else text(value)


def _join(wanted: list[Values]) -> None:
    """Join values that agree in one key, if one of them lacks the other key."""
    for i, left in enumerate(wanted):
        for j, right in enumerate(wanted):
            pairs = list(zip(left, right, strict=True))
            if any(a == b for a, b in pairs) and all(a == b or not a or not b for a, b in pairs):
                wanted[i] = wanted[j] = [a or b for a, b in pairs]


def _valid(wanted: Sequence[Values], values: Values, keys: Sequence[str]) -> tuple[list[str], Values]:
    """The keys that at least one item has, and these values for them; all keys if no item has any."""
    there = {key for one in wanted for key, value in zip(keys, one, strict=True) if value}
    if not there:
        return list(keys), values
    return [key for key in keys if key in there], [v for key, v in zip(keys, values, strict=True) if key in there]


def _find(items: list[Data], keys: Sequence[str], values: Values) -> int | None:
    """The index of the first item with these values."""
    keys, values = _valid([values], values, keys)
    for i, item in enumerate(items):
        if keys[0] == "":
            if text(item) == values[0]:
                return i
        elif isinstance(item, dict) and all(
            key in item and text(item[key]) == value for key, value in zip(keys, values, strict=True)
        ):
            return i
    return None


def _item_at(items: list[Data], index: int | None) -> Data:
    return MISSING if index is None else items[index]


def _replaces(change: Data) -> bool:
    return isinstance(change, dict) and change.get("$patch") == "replace"


def _with_keys(item: Data, keys: Sequence[str], values: Values) -> Data:
    """The item with the keys for which the patch has `null`: kustomize takes that for the text `null`."""
    lacking = {key: value for key, value in zip(keys, values, strict=True) if key and value and not _has(item, key)}
    return {**item, **lacking} if lacking else item


def _has(item: Data, key: str) -> bool:
    return isinstance(item, dict) and key in item


def _set(items: list[Data], new: Data, keys: Sequence[str], values: Values, pointer: str) -> list[Data]:
    """Replaces every item with these values by the new one, or appends it if there was none; MISSING removes them."""
    result, found = [], False
    for item in items:
        if item is None or item == {}:
            continue
        if not _matches(item, keys, values, pointer):
            result += [item] if values else []
        else:
            found = True
            result += [] if new is MISSING else [new]
    return result if found or new is MISSING or new is None else [*result, new]


def _matches(item: Data, keys: Sequence[str], values: Values, pointer: str) -> bool:
    """Whether the item has these values; an empty value needs only the key, a missing one needs nothing."""
    asked = list(zip(keys, values, strict=False))
    for key, value in asked:
        if isinstance(item, dict) != bool(key) or isinstance(item, list):
            raise PatchRefused(pointer, f"the items of {pointer} must be {'mappings' if key else 'plain values'}")
        if key and (key not in item or (value and text(item[key]) != value)):
            return False
        if not key and text(item) != value:
            return False
    return bool(asked)


def _appended(merged: list[Data], rest: list[Data], keys: Sequence[str], pointer: str) -> list[Data]:
    """The remaining items, in their order among the merged ones or after them."""
    for item in rest:
        if keys[0] and item is not None and not isinstance(item, dict):
            raise PatchRefused(pointer, f"the items of {pointer} must be mappings with {keys[0]}")
        values = [text(item)] if keys[0] == "" else [text(item[key]) for key in keys if _has(item, key)]
        if keys[0]:
            merged = merged + [item] * (len(keys) - len(values))
        if len(keys) > 1:
            merged = _set(merged, MISSING, keys, values, pointer)
        merged = _set(merged, item, keys, values, pointer)
    return merged
