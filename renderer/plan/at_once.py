"""Rules about a new version that gets all the traffic at once, where a canary or a preview could try it out first."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.plan.moves import on_a_ladder
from renderer.plan.side import Side, stable_pointer, switched
from renderer.plan.taken_back import is_redo, is_undo
from renderer.release.edits import VERSION
from renderer.rules.finding import Finding


def without_canary(old: Side, new: Side) -> Iterator[Finding]:
    """A new version gets all traffic without a canary: an edit of `tag` or `image`, or a release with its promotion.

    The new pods get all the traffic as soon as they are Ready, without a test on a share of it. It is a warning if the
    strategy is Canary and the tag or the image changes. With `policy.templateChanges: canary` it is an error for every
    change of the pod template, even if the same change removes the policy. `undo` and `restart` are allowed: their
    version has run before. So is a ladder that ends by itself. A version that `undo` has removed may not return this
    way.
    Source: measured on Argo Rollouts 1.9 and 1.10; `policy.templateChanges` of the overlay.
    Do: after an edit of `tag`, `rollspec release APP --from-edits --base REF`; else `rollspec release APP TAG --weight
    WEIGHT`, or without a tag and with `--set` and `--unset` for configuration alone.
    """
    if not _is_at_once(old, new):
        return
    judges = [side for side in (new, old) if (side.overlay.get("policy") or {}).get("templateChanges") == "canary"]
    if judges:
        how = _instead(old, new)
        if not new.app.strategy.is_rollout:
            how = f"strategy {new.app.strategy.type} has none: `rollspec switch {new.named} --to Canary`"
        message = f"{_policy(judges[0], is_removed=judges[0] is old)}: {how}"
        yield Finding("without-canary", message, stable_pointer(old, new))
    elif new.app.strategy.type == "Canary" and old.app.stable.image != new.app.stable.image:
        message = f"{_replaces(old, new, 'canary')}: it {new.takes_all} as soon as its pods are Ready"
        yield Finding(
            "without-canary", f"{message}; {_instead(old, new)}", stable_pointer(old, new), severity="warning"
        )


def without_preview(old: Side, new: Side) -> Iterator[Finding]:
    """A new version of a BlueGreen app gets all traffic without a preview: an edit of `tag` or `image`, for instance.

    While no preview is in the spec, the controller promotes by itself: the new pods get all the traffic as soon as all
    of them are Ready, and nobody can look at them first. A release with its promotion in one change does the same.
    `undo` and `restart` are allowed: their version has run before. So is an app with `prePromotionAnalysis`, whose
    checks judge the new pods before they get traffic. It is a note: some teams use BlueGreen without previews.
    Source: measured on Argo Rollouts 1.9 and 1.10.
    Do: after an edit of `tag`, `rollspec release APP --from-edits --base REF`; else `rollspec release APP TAG`, and
    the promotion in a change of its own.
    """
    strategy = new.app.strategy
    if strategy.type != "BlueGreen" or "prePromotionAnalysis" in strategy.fields or not _is_at_once(old, new):
        return
    if old.app.stable.image != new.app.stable.image:
        message = f"{_replaces(old, new, 'preview')}: it gets all the traffic as soon as all its pods are Ready"
        yield Finding("without-preview", f"{message}; {_instead(old, new)}", stable_pointer(old, new), severity="note")


def _policy(side: Side, *, is_removed: bool) -> str:
    """What the policy requires, and the line that does."""
    line = side.policy_line("templateChanges")
    removed = ", and this change removes that policy; first change the policy alone" if is_removed else ""
    by = f" ({line})" if line else ""
    return f"the policy of {side.app.env}{by} requires a canary for every change of the pod template{removed}"


def _is_at_once(old: Side, new: Side) -> bool:
    """Whether a pod template that did not run before becomes the stable one, with nothing in flight around it."""
    if old.flight or new.flight or switched(old, new) or old.running == new.running or on_a_ladder(new):
        return False
    return not is_undo(old, new)


def _replaces(old: Side, new: Side, what: str) -> str:
    was, now = old.app.stable, new.app.stable
    again = ", which was undone here," if is_redo(old, new) else ""
    name, replaced = (now.name, was.name) if was.tag != now.tag else (now.image, was.image)
    return f"{name}{again} replaces {replaced} without a {what}"


def _instead(old: Side, new: Side) -> str:
    """The command that makes a canary or a preview of the new version."""
    what = "canary" if new.app.strategy.type == "Canary" else "preview"
    if _is_edit(old, new):
        redo = " --redo" if is_redo(old, new) else ""
        command = (
            f"rollspec release {new.app.name} --from-edits --base {{}}{redo}{new.first_weight} --env {new.app.env}"
        )
        return f"{old.typed(command, 'before the edit')} makes a {what} of it"
    return f"revert the change, then `{new.release(old.app.stable)}` starts a {what}"


def _is_edit(old: Side, new: Side) -> bool:
    """Whether only the version changes, and no verb wrote it: a promotion and an undo write `previous` too."""
    was, now = old.app.spec, new.app.spec
    fields = [{key: value for key, value in spec.items() if key not in VERSION} for spec in (was, now)]
    return fields[0] == fields[1] and old.app.stable.image != new.app.stable.image
