"""Which versions of the past are within `rollbackWindow`: the controller releases them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from renderer.plain import equal
from renderer.plan.side import Side, workload
from renderer.release.back import undone


def starts_under_window(old: Side, new: Side) -> bool:
    """Whether a canary or preview starts with `rollbackWindow`; Rollouts 1.9 pauses a preview nevertheless."""
    window = workload(new.app, new.manifests).get("spec", {}).get("rollbackWindow")
    skips = new.flight == "canary" or (new.flight == "preview" and not new.before_1_10)
    return bool(window and skips and old.app.running != new.app.running)


def returns_in_window(old: Side, new: Side) -> bool:
    """Whether a version that ran before is released within `rollbackWindow`: the controller skips steps and pauses."""
    return bool(returned(old, new))


def returned(old: Side, new: Side) -> Sequence[Mapping[str, Any]]:
    """The pod templates since the version that `new` returns to, with its own; none if it is not in the window."""
    since = _since(old, new) if starts_under_window(old, new) else ()
    return since if since and len(since) <= _window(new) else ()


def _window(new: Side) -> int:
    revisions = workload(new.app, new.manifests)["spec"]["rollbackWindow"].get("revisions", 0)
    return revisions if isinstance(revisions, int) else 0


def _since(old: Side, new: Side) -> Sequence[Mapping[str, Any]]:
    """The pod templates from that of the version in flight up to the stable one, without it; none for a new version."""
    template = workload(new.app, new.manifests)["spec"]["template"]
    stable, first = (_index(old.ran, each) for each in (workload(old.app, old.stable)["spec"]["template"], template))
    if stable is not None and first is not None:
        return old.ran[first:stable]
    is_edited = any(_label(each) == _label(template) for each in old.ran)
    returns = new.app.running == old.app.previous != undone(old.app.spec)  # one that was undone is younger than stable
    return [template] if returns and not is_edited else []


def _label(template: Mapping[str, Any]) -> object:
    return template.get("metadata", {}).get("labels", {}).get("version")


def _index(templates: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any]) -> int | None:
    return next((index for index, each in enumerate(templates) if equal(each, wanted)), None)
