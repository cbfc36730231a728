"""The differences between two sides: paths of specs and of manifests, each with its field class."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from renderer.hooks import is_forced_job, is_made_again, is_skipped
from renderer.manifest import Manifest
from renderer.masking import is_secret, masked_at
from renderer.plain import equal, escape, tokens
from renderer.plan.classes import ChangedPath
from renderer.plan.fields import CAUTIOUS, FieldClass, field_class, manifest_field_class, table
from renderer.plan.side import Side
from renderer.rules.quantity import quantity
from renderer.spec import short_digests

_ABSENT = object()
_LONG = 48
_ORDERED = frozenset(("/spec/env",))  # Kubernetes expands $(VAR) by it
_INSIDE_EFFECTIVE = ("defaults",)  # parts of an overlay that show in the effective specs


def spec_paths(old: Side, new: Side) -> tuple[ChangedPath, ...]:
    """Paths of the effective App, the Overlay and the Project that differ."""
    found: list[ChangedPath] = []
    for schema, before, after in (
        ("App", old.effective.data, new.effective.data),
        ("Overlay", {"spec": _shown(old.overlay)}, {"spec": _shown(new.overlay)}),
        ("Project", old.project, new.project),
    ):
        texts = _ShownValues(before, after, not_secret(new))
        for pointer, one, other in _differ("", before, after, frozenset(table(schema))):
            found.append(ChangedPath(schema, pointer, field_class(schema, pointer), *texts.of(pointer, one, other)))
    return tuple(found)


def manifest_paths(
    old: tuple[Manifest, ...], new: tuple[Manifest, ...], known: Collection[str] = ()
) -> Iterator[tuple[Manifest, ChangedPath]]:
    """Paths inside manifests that both sides have; `known` are names that are not secrets."""
    before = {manifest.identity: manifest for manifest in old}
    for manifest in new:
        was = before.get(manifest.identity)
        if was is None or equal(was.data, manifest.data):
            continue
        texts = _ShownValues(was.data, manifest.data, known)
        again = any(each(was.data) and each(manifest.data) for each in (is_made_again, is_skipped))
        forced = is_forced_job(was.data) and is_forced_job(manifest.data)
        for pointer, one, other in _differ("", was.data, manifest.data, None):
            found = "behaviour" if again else _class(was, pointer, one, other)
            if forced and (found == CAUTIOUS or "Replace=true" in manifest.sync_options):
                found = "behaviour"
            yield manifest, ChangedPath(manifest.file, pointer, found, *texts.of(pointer, one, other))


def _class(was: Manifest, pointer: str, one: Any, other: Any) -> FieldClass:
    """The class of a path in a manifest; some fields are immutable for what is in them."""
    if (
        was.data.get("immutable") is True
        and was.kind in ("ConfigMap", "Secret")
        and not pointer.startswith("/metadata")
    ):
        return "identity"
    if was.kind == "PersistentVolumeClaim" and pointer == "/spec/resources/requests/storage" and _shrinks(one, other):
        return "identity"
    return manifest_field_class(was.kind, pointer)


def _shrinks(one: Any, other: Any) -> bool:
    before, after = quantity(one), quantity(other)
    return before is not None and after is not None and after < before


def not_secret(side: Side) -> Collection[str]:
    """Names that the project declares not to be secret."""
    found: Collection[str] = (side.project.get("spec") or {}).get("notSecret", ())
    return found


class _ShownValues:
    """Short texts of the values that differ, with secrets masked; none at all for a Secret."""

    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any], known: Collection[str]) -> None:
        self._is_secret = is_secret(old) or is_secret(new)
        self._old, self._new, self._known = old, new, known

    def of(self, pointer: str, one: Any, other: Any) -> tuple[str | None, str | None]:
        """The value before and after; `one` and `other` say which side has one."""
        if self._is_secret:
            return None, None
        return self._text(one, self._old, pointer), self._text(other, self._new, pointer)

    def _text(self, value: Any, document: Mapping[str, Any], pointer: str) -> str | None:
        """A value of the document in a few words."""
        if value is _ABSENT:
            return None
        shown = masked_at(document, tokens(pointer), self._known)
        text = shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)
        text = "".join(letter if letter.isprintable() else " " for letter in text)
        text = text if len(text) <= _LONG else short_digests(text)
        return text if len(text) <= _LONG else f"{text[: _LONG - 3]}..."


def _shown(overlay: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in overlay.items() if key not in _INSIDE_EFFECTIVE}


def _differ(pointer: str, old: Any, new: Any, written: frozenset[str] | None) -> Iterator[tuple[str, Any, Any]]:
    """Pointers that differ. In a mapping on one side alone, the paths inside are listed if they are in `written`."""
    if not isinstance(old, Mapping) and equal(old, new):
        return  # the order of mappings may count: compare them key by key
    one, other = _mapping(old), _mapping(new)
    both = isinstance(old, Mapping) and isinstance(new, Mapping)
    if one is not None and other is not None and (both or ((one or other) and _has_below(written, pointer))):
        if pointer in _ORDERED and [*one] != [*other] and one.keys() == other.keys():
            yield pointer, old, new
        for key in dict.fromkeys((*one, *other)):
            before, after = one.get(key, _ABSENT), other.get(key, _ABSENT)
            if before is not after and (type(before) is not str or before != after):  # most values are equal texts
                yield from _differ(f"{pointer}/{escape(str(key))}", before, after, written)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new) and old:
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _differ(f"{pointer}/{number}", before, after, written)
    elif isinstance(old, list) and isinstance(new, list) and (items := _inserted(old, new)):
        yield from ((f"{pointer}/{number}", before, after) for number, before, after in items)
    else:
        yield pointer, old, new


def _inserted(old: list[Any], new: list[Any]) -> list[tuple[int, Any, Any]]:
    """The items that one list has in addition to the other, if it is otherwise the same; empty if it is not."""
    longer, shorter = (new, old) if len(new) > len(old) else (old, new)
    if not shorter:
        return []
    pairs = enumerate(zip(shorter, longer, strict=False))
    common = next((number for number, (one, other) in pairs if not equal(one, other)), len(shorter))
    extra = len(longer) - len(shorter)
    if not equal(shorter[common:], longer[common + extra :]):
        return []
    items = enumerate(longer[common : common + extra], common)
    return [(number, _ABSENT, item) if longer is new else (number, item, _ABSENT) for number, item in items]


def _has_below(written: frozenset[str] | None, pointer: str) -> bool:
    return written is not None and any(path.startswith(f"{pointer}/") for path in written)


def _mapping(value: Any) -> Mapping[str, Any] | None:
    if value is _ABSENT:
        return {}
    return value if isinstance(value, Mapping) else None
