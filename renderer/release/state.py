"""What the release state of a spec says: what is in flight, at which weight, and which version each part names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from renderer.release.outcome import Spec
from renderer.release.rungs import weights_in
from renderer.spec import version_label, version_of


def in_flight(spec: Spec) -> str | None:
    """`canary`, `preview`, or None."""
    return next((key for key in ("canary", "preview") if spec.get(key)), None)


def is_in_flight(spec: Spec, state: Mapping[str, Any]) -> bool:
    """Whether this version is the one in flight."""
    flight = in_flight(spec)
    return flight is not None and version_of(spec, state) == version_of(spec, spec[flight])


def is_previous(spec: Spec, state: Mapping[str, Any]) -> bool:
    """Whether this version is the previous one, so that the stable one is undone."""
    previous = spec.get("previous")
    return bool(previous and not previous.get("undone") and version_of(spec, state) == version_of(spec, previous))


def is_way_back(spec: Spec, state: Mapping[str, Any]) -> bool:
    """Whether the version in flight, once promoted, leaves the stable one undone."""
    return bool(state.get("undo")) or is_previous(spec, state)


def label(spec: Spec, state: Mapping[str, Any]) -> str:
    """The label `version` of the pods of a version."""
    return str(state.get("version") or version_label(state.get("tag", spec["tag"])))


def last_weight(spec: Spec, state: Mapping[str, Any]) -> int | None:
    """The weight of a canary, or the last of its ladder; None for a preview, and a ladder without weights."""
    if "steps" not in spec.get("strategy", {}):
        return state.get("weight")
    return next(reversed(ladder_weights(spec)), None)


def ladder_weights(spec: Spec) -> list[int]:
    """The weights of the strategy's ladder, in order."""
    return weights_in(spec.get("strategy", {}).get("steps"))
