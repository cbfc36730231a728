"""Strategic merge as in kustomize 5.8: mappings merge, keyed lists merge by their keys, all else is replaced.

The rules are those of kyaml's `merge2` and `walk`, on plain data, with their surprises, so that results are equal:

- A merged list starts with the patch's items in the patch's order; a list without remaining items stays as `[]`.
- Keys are those of Kubernetes 1.21 (`merge_keys`): newer lists and kinds (`autoscaling/v2`) are replaced as a whole.
- `$patch: replace` of a whole object or of an item of a merged list has no effect; as an item of a new list, it drops
  the list.
- `$retainKeys`, `$setElementOrder/...` and `$deleteFromPrimitiveList/...` are unknown and become plain fields.
- A number that replaces a text becomes a text, if the written manifest has the old text in quotes.
- `null` removes a field; in a list that is replaced as a whole, `null` and `$patch` stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from renderer.manifest import Object
from renderer.patch.directive import DIRECTIVE, is_directive, list_directive, map_directive
from renderer.patch.keyed import Note, merge_items
from renderer.patch.merge_keys import Field, merge_keys
from renderer.patch.values import MISSING, Data, PatchRefused, text
from renderer.plain import below
from renderer.yamlio import plain_or_quoted

Fields = Mapping[str, Field]
Standing = dict[tuple[int, int], Data]  # values without anything to join, by their ids and those of their fields


class Walk(NamedTuple):
    """What a walk through an object has found."""

    notes: list[Note]
    standing: Standing


SWALLOWED: Final = "the list is new, so kustomize takes $patch for an item and loses others: leave $patch out"


def strategic_merge(
    manifest: Object, patch: Object, notes: list[Note], standing: Standing | None = None
) -> Object | None:
    """The manifest with the patch merged in, or None if the patch deletes it; surprises are added to `notes`.

    The arguments do not change; the result shares the parts that the patch does not change. Raises PatchRefused.
    With one `standing` for the patches of a manifest, parts that no patch changes are looked at once.
    """
    merged: Data = _merge_map(manifest, patch, None, "", Walk(notes, {} if standing is None else standing))
    if patch.get(DIRECTIVE) == "replace":
        notes.append(Note(f"/{DIRECTIVE}", "kustomize keeps the object as it is: $patch: replace has no effect here"))
        return manifest
    return None if merged is MISSING else merged


def _merge(old: Data, new: Data, field: Field | None, known: bool, pointer: str, walk: Walk) -> Data:
    """One value; with `known`, the schema of its mapping is known, so that `field` None means an unknown field."""
    lead = new if old is None or old is MISSING else old
    _same_shape(lead, new, pointer)
    if lead is None or lead is MISSING or isinstance(lead, dict):
        return _merge_map(old, new, merge_keys().types[field.type] if field else {} if known else None, pointer, walk)
    if isinstance(lead, list) and field and field.keys is not None:
        return _merge_list(old, new, field, pointer, walk)
    return old if new is MISSING else MISSING if new is None else _in_style(old, new)


def _in_style(old: Data, new: Data) -> Data:
    """A number or boolean that replaces a text in quotes becomes a text too: kustomize keeps the quotes."""
    if isinstance(old, str) and isinstance(new, bool | int | float) and plain_or_quoted(old) != old:
        return text(new)
    return new


def _merge_map(old: Data, new: Data, fields: Fields | None, pointer: str, walk: Walk) -> Data:
    """A mapping, or nothing on both sides; `old is new` marks a value of the patch, which is merged into itself."""
    if new is MISSING:
        return _settled(old, fields or {}, pointer, walk) if isinstance(old, dict) else old
    if new is None:
        return MISSING
    fields = _fields_of(old, new) if fields is None else fields
    absent = old is None or old is MISSING
    directive, patch = map_directive(new, pointer, lenient=absent)
    if directive == "delete":
        return MISSING
    base: Object = patch if absent or directive == "replace" or old is new else old
    result = dict(base)
    for key, value in patch.items():
        field = fields.get(key) if fields else None
        merged = _merge(base.get(key, MISSING), value, field, fields is not None, below(pointer, key), walk)
        if merged is MISSING:
            result.pop(key, None)
        else:
            result[key] = merged
    return _settled(result, fields, pointer, walk, patch) if fields else result


def _settled(
    value: Object, fields: Fields, pointer: str, walk: Walk, touched: Mapping[str, Data] | None = None
) -> Object:
    """Lists that the patch does not name: kustomize walks them too, and joins what it takes for the same item."""
    result = value
    for key, field in fields.items():
        if key not in value or (touched is not None and key in touched):
            continue
        old = value[key]
        if _is_known(old, field, walk):
            continue
        if isinstance(old, dict):
            new: Data = _settled(old, merge_keys().types[field.type], below(pointer, key), walk)
        elif isinstance(old, list) and field.keys is not None:
            new = _settled_list(old, field, below(pointer, key), walk)
        else:
            continue
        if new is not old:
            result = {**result, key: new}
    return result


def _is_known(value: Data, field: Field, walk: Walk) -> bool:
    """`_stands`, remembered; the value is kept, so that its id stays its own."""
    key = id(value), id(field)
    if key not in walk.standing:
        if not _stands(value, field):
            return False
        walk.standing[key] = value
    return True


def _stands(value: Data, field: Field) -> bool:
    """Whether there is nothing to join in a value, as in most: then `_settled` would give the same, and no note."""
    if isinstance(value, list) and field.keys is not None:
        return _cannot_join(value, field.keys) and (not field.type or all(_stand(item, field.type) for item in value))
    return not isinstance(value, dict) or _stand(value, field.type)


def _stand(value: Object, type_: str) -> bool:
    return all(_stands(value[key], field) for key, field in merge_keys().types[type_].items() if key in value)


def _settled_list(items: list[Data], field: Field, pointer: str, walk: Walk) -> list[Data]:
    if not _cannot_join(items, field.keys or ()):
        return merge_items(items, MISSING, field.keys or (), _item_merger(field, pointer, walk), pointer, walk.notes)
    fields = merge_keys().types[field.type]
    if not fields:
        return items
    settled = [_settled(item, fields, below(pointer, i), walk) for i, item in enumerate(items)]
    return items if all(new is old for new, old in zip(settled, items, strict=True)) else settled


def _merge_list(old: Data, new: Data, field: Field, pointer: str, walk: Walk) -> Data:
    """A list that merges. As in `_merge_map`, `old is new` marks one that the patch added."""
    if new is None:
        return MISSING
    keys = field.keys or ()
    base = old
    if old is None or old is MISSING:
        base = new
        walk.notes.extend(
            Note(below(pointer, i), SWALLOWED) for i, item in enumerate(new) if keys and is_directive(item)
        )
    else:
        directive, patch = list_directive(new, pointer)
        if directive == "delete":
            return MISSING
        base, new = (patch if directive == "replace" or old is new else old), patch
    if len(keys) == 1 and _cannot_join(base, keys) and _cannot_join(new, keys):
        return _merge_plain(base, new, field, pointer, walk)
    return merge_items(base, new, keys, _item_merger(field, pointer, walk), pointer, walk.notes)


def _merge_plain(old: list[Data], new: list[Data], field: Field, pointer: str, walk: Walk) -> list[Data]:
    """The result of `merge_items` for the usual lists: one key, in every item, once."""
    (key,) = field.keys or ("",)
    fields = merge_keys().types[field.type]
    rest = {text(item[key]): item for item in old}
    first = []
    for i, item in enumerate(new):
        before = rest.pop(text(item[key]), MISSING)
        merged = _merge_map(before, item, fields, below(pointer, i), walk)
        if merged is MISSING:
            continue
        if before is not MISSING and before is not item and item.get(DIRECTIVE) == "replace":
            walk.notes.append(
                Note(below(pointer, i), "kustomize keeps the item as it is: $patch: replace has no effect here")
            )
            merged = before
        first.append(merged if key in merged else {**merged, key: item[key]})
    if old is new:
        return first
    return first + [_settled(item, fields, pointer, walk) for item in rest.values()]


def _item_merger(field: Field, pointer: str, walk: Walk) -> Callable[[Data, Data], Data]:
    return lambda old, new: _merge(old, new, Field(field.type, None), True, pointer, walk)


def _cannot_join(items: list[Data], keys: tuple[str, ...]) -> bool:
    """Whether no items can be joined: all have the same keys, at least the first, and no two have the same values."""
    if len(keys) == 1:
        return _single(items, keys[0])
    if not keys:
        return len({text(item) for item in items}) == len(items) and not any(
            item is None or isinstance(item, dict | list) for item in items
        )
    seen: set[object] = set()
    there = None
    for item in items:
        if not isinstance(item, dict):
            return False
        values = [item.get(key) for key in keys]
        values = [value if type(value) is str else "" if value is None else text(value) for value in values]
        filled = [bool(value) for value in values]
        if not filled[0] or (there is not None and filled != there):
            return False
        there = filled
        seen.add(tuple(values))
    return len(seen) == len(items)


def _single(items: list[Data], key: str) -> bool:
    values = [item.get(key) for item in items if isinstance(item, dict)]
    if {*map(type, values)} == {str}:  # as in almost every list
        distinct = {*values}
        return len(distinct) == len(items) and "" not in distinct
    seen = set()
    for item in items:
        if not isinstance(item, dict):
            return False
        value = item.get(key)
        if not isinstance(value, str):
            value = "" if value is None else text(value)
        if not value:
            return False
        seen.add(value)
    return len(seen) == len(items)


def _fields_of(*values: Data) -> Fields | None:
    """The fields of the first value that is itself an object of a known kind."""
    for value in values:
        if isinstance(value, dict) and value.get("kind") and value.get("apiVersion"):
            name = merge_keys().kinds.get((text(value["apiVersion"]), text(value["kind"])))
            if name is not None:
                return merge_keys().types[name]
    return None


def _same_shape(lead: Data, new: Data, pointer: str) -> None:
    if new is None or new is MISSING or lead is new:
        return
    if _shape(lead) != _shape(new):
        raise PatchRefused(pointer, f"a {_shape(new)} cannot be merged into a {_shape(lead)} at {pointer}")


def _shape(value: Data) -> str:
    return "mapping" if isinstance(value, dict) else "list" if isinstance(value, list) else "plain value"
