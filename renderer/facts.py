"""Facts about the fields of an app spec, as the schema of App states them for each field (`x-rollspec-...`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from renderer.resources import read_schema

Definition = Literal["Spec", "Strategy", "AppJob"]


def fields(definition: Definition) -> Mapping[str, Mapping[str, Any]]:
    """The fields of a part of the spec, with the schema of each."""
    found: Mapping[str, Mapping[str, Any]] = _definitions()[definition]["properties"]
    return found


@cache
def _definitions() -> Mapping[str, Any]:
    schema = json.loads(read_schema("rollspec/app.json") or b"")
    found: Mapping[str, Any] = schema["definitions"]
    return found


@cache
def copied(definition: Definition, to: str) -> tuple[str, ...]:
    """The fields that an object has under the same names, in the object's order; `to` is `container`, `job`, ..."""
    found = {name: each.get("x-rollspec-copied", {}).get(to) for name, each in fields(definition).items()}
    return tuple(sorted((name for name, number in found.items() if number), key=lambda name: found[name]))


@cache
def version_fields() -> frozenset[str]:
    """The fields that make a version: a canary may have its own value of each."""
    return frozenset(_part("version"))


@cache
def release_state() -> tuple[str, ...]:
    """The fields that verbs edit."""
    return _part("release")


@cache
def not_inherited() -> frozenset[str]:
    """The release state that `extends` does not pass on; a migration belongs to its strategy, which is inherited."""
    return frozenset(release_state()) - {"migration"}


@cache
def inherited_by_jobs() -> tuple[str, ...]:
    """The fields of a job's container whose default is the app's own value."""
    return tuple(name for name, each in fields("AppJob").items() if each.get("x-rollspec-inherited"))


def _part(part: str) -> tuple[str, ...]:
    return tuple(name for name, each in fields("Spec").items() if each.get("x-rollspec-part") == part)
