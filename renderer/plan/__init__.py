"""Old and new -> Plan: what a change of specs will do to the running system; pure, and worked out offline."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from renderer.checks import checks_of
from renderer.manifest import Manifest
from renderer.plan.argocd import classify_argocd
from renderer.plan.classes import (
    CLASSES,
    AppPlan,
    ChangedPath,
    Class,
    Effect,
    FileState,
    Flag,
    Looks,
    OutputFile,
    Plan,
    RuleChange,
    SimulationSummary,
    Track,
    at_least,
)
from renderer.plan.classify import classify, classify_resources, same_manifests
from renderer.plan.in_flight import routing
from renderer.plan.ladder import ladder_lines
from renderer.plan.side import Side, restarts_at
from renderer.plan.taken_back import ran_before
from renderer.plan.transition import TRANSITION_RULES, judge
from renderer.plan.watch import watch
from renderer.problem import Problem

if TYPE_CHECKING:
    from renderer.plan.outlook import Look

__all__ = [
    "CLASSES",
    "TRANSITION_RULES",
    "AppPlan",
    "ChangedPath",
    "Class",
    "Effect",
    "FileState",
    "Flag",
    "Looks",
    "OutputFile",
    "Plan",
    "Planner",
    "RuleChange",
    "Side",
    "SimulationSummary",
    "Track",
    "at_least",
    "classify",
    "classify_argocd",
    "judge",
    "moves_something",
    "plan_resources",
    "problems",
    "without_simulation",
]
RESOURCES = "_resources"  # the folder that they are written to
_STILL = ("nothing", "metadata", "behaviour")  # classes in which no pod and no request moves


class Planner:
    """`simulated.plan` for many apps: what is equal to the controllers is simulated once.

    Only a change that moves something imports the simulation, which takes as long as the rest of this package.
    """

    def __init__(self) -> None:
        self._look: Look | None = None

    def __call__(self, old: Side | None, new: Side | None) -> AppPlan:
        """The plan of one app in one environment; a side is None where the app is not there."""
        found = without_simulation(old, new)
        if not moves_something(found, old, new):
            return found
        from renderer.plan.simulated import Situations, with_simulation

        self._look = self._look or Situations().look
        return with_simulation(found, old, new, self._look)


def without_simulation(old: Side | None, new: Side | None) -> AppPlan:
    """The plan of one app in one environment; a side is None where the app is not there.

    Raises ValueError where both sides are None.
    """
    side = new or old
    if side is None:
        raise ValueError("an app that is on neither side has no plan")
    effects = classify(old, new)
    is_back = any(effect.class_ in ("abort", "undo") for effect in effects)
    comes_back = new.running if new and is_back and not (old and ran_before(old, new)) else ""
    ladder = ladder_lines(old, new) if effects else ()
    watched = watch(new.app, old.app if old else None) if new and effects else ()
    found = AppPlan(side.app.name, side.app.env, effects, problems=problems(old, new))
    checks = checks_of(old.app.strategy) if old and old.app.canary and side.app.canary is None else None
    promotes = any(effect.class_ == "promote" for effect in effects)
    first_check = checks.initial_delay if checks and promotes else 0
    found = replace(found, comes_back=comes_back, ladder=ladder, watch=watched, first_check=first_check)
    return replace(found, restarts_at=restarts_at(old, new)) if old and new else found


def moves_something(found: AppPlan, old: Side | None, new: Side | None) -> bool:
    """Whether a pod or a request moves in a change, so that its plan needs a simulation."""
    is_still = found.class_ in _STILL or (old and new and same_manifests(old, new))
    return not is_still or bool(old and new and old.flight and routing(old) != routing(new))


def plan_resources(
    env: str, old: tuple[Manifest, ...], new: tuple[Manifest, ...], not_secret: Collection[str] = ()
) -> AppPlan:
    """The plan of the plain manifests that an environment includes."""
    return AppPlan(RESOURCES, env, classify_resources(old, new, not_secret))


def problems(old: Side | None, new: Side | None) -> tuple[Problem, ...]:
    """What the rules hold against the transition, at the fields of the new side (lines are not worked out yet)."""
    if new is None:
        return ()
    found = [(finding, new.effective.locate(finding.pointer)) for finding in judge(old, new)]
    return tuple(
        Problem(file, 0, 0, finding.rule, finding.message, pointer, finding.severity)
        for finding, (file, pointer) in found
    )
