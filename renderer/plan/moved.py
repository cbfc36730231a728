"""Objects that move from one app, or the environment's `resources`, to another: they need not be deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from renderer.manifest import Identity, Manifest
from renderer.plan.classes import AppPlan, Effect, harshest
from renderer.plan.classify import classify_resources, is_about
from renderer.plan.needed import is_of_deletion

_ADVICE = (
    "first annotate it with argocd.argoproj.io/sync-options: Prune=false in a commit of its own, and remove that "
    "afterwards"
)


class Objects(NamedTuple):
    """The objects that an app, or `_resources`, has on one side only: before, and after."""

    gone: Mapping[Identity, Manifest]
    new: Mapping[Identity, Manifest]
    removed: bool = False  # nothing is left of the app


def objects_of(old: Sequence[Manifest], new: Sequence[Manifest]) -> Objects:
    """The objects on one side only."""
    before, after = ({manifest.identity: manifest for manifest in side} for side in (old, new))
    return Objects(
        {key: manifest for key, manifest in before.items() if key not in after},
        {key: manifest for key, manifest in after.items() if key not in before},
        not after,
    )


def with_moves(
    plans: Sequence[AppPlan], changed: Mapping[tuple[str, str], Objects], *, one: bool | None
) -> list[AppPlan]:
    """The plans, with each object that moves inside an environment said so on both sides.

    `changed` has the objects by environment and app. `one` says whether one Application applies all apps of an
    environment, before and after; None if that is not known.
    """
    homes = {(env, identity): app for (env, app), found in changed.items() for identity in found.new}
    moves = [
        (env, app, homes[env, identity], manifest, changed[env, homes[env, identity]].new[identity])
        for (env, app), found in changed.items()
        for identity, manifest in found.gone.items()
        if (env, identity) in homes
    ]
    if not moves:
        return [*plans]
    by_app = {(plan.env, plan.app): plan for plan in plans}
    for env, source, target, was, now in moves:
        for app, manifest, effects in (
            (source, was, _leaves(was, target, one=one)),
            (target, now, _comes(was, now, source, one=one)),
        ):
            if (env, app) in by_app:
                by_app[env, app] = _exchanged(by_app[env, app], manifest, effects)
    return [*by_app.values()]


def _exchanged(plan: AppPlan, manifest: Manifest, effects: Iterator[Effect]) -> AppPlan:
    kept = [effect for effect in plan.effects if not is_about(effect, manifest)]
    problems = tuple(problem for problem in plan.problems if not is_of_deletion(problem, manifest))
    return replace(plan, effects=harshest([*kept, *effects]), problems=problems)


def _leaves(was: Manifest, target: str, *, one: bool | None) -> Iterator[Effect]:
    name = f"{was.kind} {was.name} moves to {target}"
    (deleted,) = classify_resources((was,), ())
    if one:
        yield Effect("metadata", f"{name}: the same Application applies it, so it stays", deleted.paths)
    elif deleted.class_ == "behaviour":  # nothing deletes it
        yield Effect("behaviour", name, deleted.paths)
    else:
        lost = deleted.reason.removeprefix(f"{was.kind} {was.name} ")
        race = f"if Argo CD syncs the old one first, it {lost}, then created"
        reason = f"{name}{_another(one)}: {race}. To keep it, {_ADVICE}"
        yield deleted._replace(reason=reason)


def _comes(was: Manifest, now: Manifest, source: str, *, one: bool | None) -> Iterator[Effect]:
    (made,) = classify_resources((), (now,))
    if one:
        yield Effect("metadata", f"{now.kind} {now.name} comes from {source}, and stays", made.paths)
        yield from classify_resources((was,), (now,))
    else:
        yield Effect(made.class_, f"{now.kind} {now.name} comes from {source}{_another(one)}", made.paths)


def _another(one: bool | None) -> str:
    return ", in another Application" if one is False else ", perhaps in another Application"
