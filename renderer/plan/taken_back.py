"""Whether a change takes the stable version back: to the previous one, or to one of an earlier revision."""

from __future__ import annotations

from renderer.plain import equal
from renderer.plan.side import Side, workload
from renderer.release.back import undone


def is_redo(old: Side, new: Side) -> bool:
    """Whether a version that was undone becomes the stable one again."""
    return undone(old.app.spec) == new.app.stable


def claims_undo(old: Side, new: Side) -> bool:
    """Whether the new spec is as `undo --to` writes it: what is stable now was undone, or had another configuration.

    Anybody can write that: only `ran` of the old side shows that the other version is an earlier one.
    """
    was, now = old.app.stable, new.app.stable
    if old.flight or new.flight or now in (was, old.app.previous):
        return False
    return undone(new.app.spec) == was or (new.app.previous == was and now[:2] == was[:2])


def is_undo(old: Side, new: Side) -> bool:
    """Whether the new stable version is one that ran before, and comes back in place of the present one."""
    if is_redo(old, new):
        return False
    if old.app.previous == new.app.stable:
        return True
    return claims_undo(old, new) and ran_before(old, new)


def ran_before(old: Side, new: Side) -> bool:
    """Whether the pod template is one of those that `ran`, as far as that was looked up."""
    template = workload(new.app, new.manifests).get("spec", {}).get("template")
    return any(equal(each, template) for each in old.ran)
