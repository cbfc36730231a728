"""Versions in the release state: one that a release starts, and one that becomes the stable one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from renderer.facts import version_fields
from renderer.release.fold import ABSENT, inverse
from renderer.release.outcome import Spec, Wanted
from renderer.release.state import label
from renderer.spec import merge, version_label


def version_state(
    spec: Spec, tag: str | None, version: str | None, overrides: Mapping[str, Any] | None
) -> dict[str, Any]:
    """A version of the release state, as a release asks for it."""
    state: dict[str, Any] = {}
    if tag is not None and tag != spec["tag"]:
        state["tag"] = tag
    if version is not None:
        state["version"] = version
    elif "tag" not in state:
        state["version"] = configuration_label(spec, overrides or {})
    if overrides:
        state["overrides"] = dict(overrides)
    return state


def configuration_label(spec: Spec, overrides: Mapping[str, Any]) -> str:
    """A label for the same tag with another configuration: the stable one's and a mark of the overrides."""
    text = json.dumps(overrides, sort_keys=True, ensure_ascii=False)
    mark = hashlib.sha256(text.encode()).hexdigest()[:5]
    return f"{label(spec, spec)[:57]}-{mark}"


def become_stable(spec: Spec, state: Mapping[str, Any], last: int | None = None, *, is_back: bool = False) -> Wanted:
    """The version of `state` as the stable one, its overrides folded in, and `previous` to come back by.

    `is_back`: this undoes the present stable version.
    """
    overrides = state.get("overrides") or {}
    fields = {key: value for key, value in spec.items() if key in version_fields()}
    folded = merge(fields, overrides)
    wanted: Wanted = {key: folded.get(key, ABSENT) for key in overrides}
    wanted["tag"] = state.get("tag", spec["tag"])
    wanted["version"] = _stable_label(spec, state, wanted["tag"])
    previous = {"tag": spec["tag"], **only(spec, "version")}
    if last is not None:
        previous["weight"] = last
    if is_back:
        previous["undone"] = True
    back = inverse(fields, overrides)
    if back:
        previous["overrides"] = back
    wanted["previous"] = previous
    return wanted


def _stable_label(spec: Spec, state: Mapping[str, Any], tag: str) -> Any:
    """The field `version` of the stable version: written only if it differs from the tag's."""
    if "version" in state:
        return state["version"]
    return version_label(tag) if "version" in spec else ABSENT


def only(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The mapping with one field of it alone; empty where it lacks the field."""
    return {key: data[key]} if key in data else {}


def without(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The mapping without the one field."""
    return {name: value for name, value in data.items() if name != key}
