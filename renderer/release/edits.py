"""Turns an edit of the stable version, by a bot or a person, into the release for the app's strategy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from renderer.release.back import taken_back
from renderer.release.fold import ABSENT
from renderer.release.outcome import Refusal, Spec, Wanted
from renderer.release.state import in_flight
from renderer.release.verbs import release
from renderer.spec import strategy_of, version_of

VERSION = ("image", "tag", "version")  # the fields of a spec that name its stable version


class Meant(NamedTuple):
    """The fields to write, and why the new version is not released, if it is not: the stable version stays pinned."""

    wanted: Wanted
    left_out: str = ""


def from_edit(was: Spec, spec: Spec, *, weight: int | None, again: bool = False) -> Meant | Refusal | None:
    """The edit from `was` to `spec` turned into a release; both are effective specs of one app in one environment.

    None if the version did not change. A strategy without canary and preview needs no edit: it rolls the version out.
    A version that was undone or aborted here is released only with `again`. A Refusal means that a person must decide,
    and that nothing may be written.
    """
    if spec.get("tag") == was.get("tag") and spec.get("image") == was.get("image"):
        return None
    if not strategy_of(spec.get("strategy", {})).is_rollout:
        return Meant({})
    pinned = {key: was.get(key, ABSENT) for key in VERSION if spec.get(key) != was.get(key)}
    before = {key: value for key, value in {**spec, **pinned}.items() if value is not ABSENT}
    version = version_of(was, spec)
    stopped = None if again else taken_back(spec, version) or taken_back(was, version)
    if stopped:
        return Meant(pinned, f"it was {stopped} here before")
    overrides = {"image": spec["image"]} if spec.get("image") != was.get("image") else None
    label = spec.get("version") if "version" in pinned else None
    flight = in_flight(before)
    if flight and _is_version_of_edit(before[flight], spec["tag"], overrides):
        return None
    if flight:
        return Meant(pinned, f"a {flight} is in flight")
    if before.get("paused") or "migration" in before:
        return Meant(pinned, "the app is paused" if before.get("paused") else "a switch is under way")
    outcome = release(before, spec["tag"], version=label, weight=weight, overrides=overrides)
    return outcome if isinstance(outcome, Refusal) else Meant({**pinned, **outcome})


def following(was: Spec, spec: Spec, own_was: Spec, own: Spec) -> Spec:
    """The effective spec with the app spec's version, in an environment that pins the app spec's earlier version.

    A release that began with an edit pins the stable version; the next edit of the app spec is meant for this
    environment too. `was` and `spec` are effective specs, `own_was` and `own` the app specs alone.
    """
    edited = _edited(was, spec, own_was, own)
    return {**spec, **{key: own[key] for key in edited if was.get(key) == own_was.get(key)}}


def own_version(was: Spec, spec: Spec, own_was: Spec, own: Spec) -> Spec | None:
    """The effective spec with the app spec's new version, in an environment that pins a version of its own.

    None if the edit is not about such an environment. It may have missed a version (a canary was in flight), or be
    held back by a person: nobody but a person knows.
    """
    edited = _edited(was, spec, own_was, own)
    is_own = any(was.get(key) != own_was.get(key) for key in edited)
    return {**spec, **{key: own[key] for key in edited}} if is_own else None


def _edited(was: Spec, spec: Spec, own_was: Spec, own: Spec) -> list[str]:
    """The fields of the version that the app spec changes and the environment keeps."""
    return [key for key in VERSION if key in own and own[key] != own_was.get(key) and was.get(key) == spec.get(key)]


def _is_version_of_edit(state: Mapping[str, Any], tag: str, overrides: Mapping[str, Any] | None) -> bool:
    """Whether a version in flight is that of the edit."""
    return state.get("tag") == tag and (state.get("overrides") or {}).get("image") == (overrides or {}).get("image")
