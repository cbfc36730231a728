"""Merges overrides into a spec and takes them out again, and finds the edits of a partial app for a wanted spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from renderer.plain import equal
from renderer.spec import merge

_PINNED = (("tag",),)  # a pinned field stays pinned, because the base may change later


class _Absent:
    """No value: the effective spec does not have the field."""

    def __reduce__(self) -> str:
        return "ABSENT"  # there is one in a process: another process sends its name


ABSENT = _Absent()


class SpecEdit(NamedTuple):
    """One edit of a partial app's `spec`: the keys of its path, and the value (ABSENT removes the key)."""

    path: tuple[str, ...]
    value: Any


def inverse(spec: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The overrides that restore `spec` after `overrides` were merged into it; null for fields that it lacks."""
    found: dict[str, Any] = {}
    for key, value in overrides.items():
        if key not in spec:
            if value is not None:
                found[key] = None
        elif isinstance(value, dict) and isinstance(spec[key], dict):
            below = inverse(spec[key], value)
            if below:
                found[key] = below
        elif not equal(spec[key], value):
            found[key] = spec[key]
    return found


def idle_overrides(
    spec: Mapping[str, Any], overrides: Mapping[str, Any], before: str = ""
) -> Iterator[tuple[str, Any]]:
    """Fields of `overrides`, as `env.LOG`, that `spec` already has with the same value; null means absent."""
    for key, value in overrides.items():
        now = spec.get(key)
        if isinstance(value, Mapping) and value:
            yield from idle_overrides(now if isinstance(now, Mapping) else {}, value, f"{before}{key}.")
        elif equal(now, value):
            yield f"{before}{key}", value


def overrides_between(now: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, Any]:
    """The overrides that turn `now` into `then`."""
    found: dict[str, Any] = _over(dict(now), dict(then))
    return found


def changes(base: Mapping[str, Any], partial: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[SpecEdit]:
    """The fewest edits of `partial` so that `base` merged with it has the values of `wanted` (ABSENT: no value).

    `base` is the effective spec without the partial app; keys that `wanted` does not name do not change.
    """
    return [
        change
        for key, value in wanted.items()
        for change in _changes((key,), base.get(key, ABSENT), partial.get(key, ABSENT), value)
    ]


def applied(partial: Mapping[str, Any], edits: list[SpecEdit]) -> dict[str, Any]:
    """The partial's spec with the edits made."""
    result: dict[str, Any] = _copy(partial)
    for edit in edits:
        target = result
        for key in edit.path[:-1]:
            target = target.setdefault(key, {})
        if edit.value is ABSENT:
            target.pop(edit.path[-1], None)
        else:
            target[edit.path[-1]] = edit.value
    return result


def _copy(data: Any) -> Any:
    return {key: _copy(value) for key, value in data.items()} if isinstance(data, Mapping) else data


def _changes(path: tuple[str, ...], base: Any, partial: Any, wanted: Any) -> Iterator[SpecEdit]:
    whole = path[-1] == "overrides"  # never merged: a null in it is a value
    now = (base if partial is ABSENT else partial) if whole else _merged(base, partial)
    if equal(now, wanted):
        return
    if equal(base, wanted) and not (path in _PINNED and partial is not ABSENT):
        yield SpecEdit(path, ABSENT)
    elif wanted is ABSENT:
        yield SpecEdit(path, None)
    elif whole:
        yield SpecEdit(path, wanted)
    elif isinstance(wanted, dict) and isinstance(partial, dict) and isinstance(now, dict):
        below = base if isinstance(base, dict) else {}
        for key in dict.fromkeys((*now, *wanted)):
            yield from _changes((*path, key), below.get(key, ABSENT), partial.get(key, ABSENT), wanted.get(key, ABSENT))
    else:
        yield SpecEdit(path, _over(base, wanted))


def _over(base: Any, wanted: Any) -> Any:
    """What a partial app must have so that merging it with `base` gives `wanted`."""
    if not (isinstance(base, dict) and isinstance(wanted, dict)):
        return wanted
    found = {
        key: value if key == "overrides" else _over(base.get(key, ABSENT), value)
        for key, value in wanted.items()
        if not equal(base.get(key), value)
    }
    return {**found, **{key: None for key in base if key not in wanted}}


def _merged(base: Any, partial: Any) -> Any:
    if partial is ABSENT:
        return base
    if partial is None:
        return ABSENT
    return merge({} if base is ABSENT else base, partial)
