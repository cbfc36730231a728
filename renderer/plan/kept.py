"""Objects that are removed from Git where Argo CD does not delete them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from renderer.manifest import Manifest
from renderer.plan import RESOURCES
from renderer.plan.classes import AppPlan, Effect, harshest
from renderer.plan.classify import classify_resources, is_about
from renderer.plan.moved import Objects
from renderer.problem import some_of

_NAMED = 3  # objects that a line names


def with_kept(
    plans: Sequence[AppPlan],
    changed: Mapping[tuple[str, str], Objects],
    unpruned: frozenset[str],
    gone: Mapping[str, str],
    *,
    one: bool | None,
) -> list[AppPlan]:
    """The plans, with the objects that stay in the cluster said so.

    `unpruned` are the environments without pruning. `gone` are those whose Application is deleted, which deletes
    nothing else, with its name. `one`: one Application applies a whole environment. If not, an app that is removed
    takes its Application with it, and that deletes its objects.
    """
    kept = {
        key: tuple(found.gone.values())
        for key, found in changed.items()
        if key[0] in unpruned | gone.keys() and found.gone and (one or not found.removed)
    }
    removed = {key for key in kept if changed[key].removed}
    return [
        _with(plan, kept[key], is_app_removed=key in removed and plan.app != RESOURCES, application=gone.get(plan.env))
        if (key := (plan.env, plan.app)) in kept
        else plan
        for plan in plans
    ]


def _with(plan: AppPlan, kept: Sequence[Manifest], *, is_app_removed: bool, application: str | None) -> AppPlan:
    named = some_of([f"{manifest.kind} {manifest.name}" for manifest in kept], _NAMED)
    both = f"`argocd app delete {application} --cascade` before the merge deletes both"
    by_hand = f"the Application is deleted without its objects ({both})"
    cause = by_hand if application else "Argo CD does not prune here"
    remark = f"{cause}: until somebody deletes it, this stays: {named}"
    if is_app_removed:
        reason = "the app is removed from Git; its pods and all its objects stay, and nothing updates them any more"
        return replace(plan, effects=(Effect("remove", reason),), summary=None, remarks=(remark,))
    effects = list(plan.effects)
    for manifest in kept:
        if any(is_about(effect, manifest) for effect in effects):
            reason = f"{manifest.kind} {manifest.name} is removed from Git; Argo CD does not delete it by itself"
            effects = [effect for effect in effects if not is_about(effect, manifest)]
            effects.append(Effect("behaviour", reason, classify_resources((manifest,), ())[0].paths))
    return replace(plan, effects=harshest(effects), remarks=(*plan.remarks, remark))
