"""Old and new -> Plan: what a change of specs will do to the running system; pure, and worked out offline."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

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
from renderer.plan.headline import as_simulated
from renderer.plan.in_flight import routing
from renderer.plan.ladder import ladder_lines
from renderer.plan.outlook import Look, looked_ahead, outlook
from renderer.plan.ranges import as_known
from renderer.plan.remarks import remarks
from renderer.plan.side import Side
from renderer.plan.situations import Situations
from renderer.plan.transition import TRANSITION_RULES, judge
from renderer.plan.watch import watch
from renderer.problem import Problem
from renderer.simulate import Timeline, TooManyPodsError

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
    "RuleChange",
    "Side",
    "SimulationSummary",
    "Track",
    "at_least",
    "classify",
    "classify_argocd",
    "judge",
    "outlook",
    "plan",
    "plan_resources",
    "planner",
    "problems",
    "without_simulation",
]
RESOURCES = "_resources"  # the folder that they are written to
_STILL = ("nothing", "metadata", "behaviour")  # classes in which no pod and no request moves


def plan(old: Side | None, new: Side | None, look: Look = looked_ahead) -> AppPlan:
    """The plan of one app in one environment; a side is None where the app is not there.

    `look` simulates the change. Raises ValueError where both sides are None.
    """
    found = without_simulation(old, new)
    still = found.class_ in _STILL or (old and new and same_manifests(old, new))
    if still and not (old and new and old.flight and routing(old) != routing(new)):
        return found
    try:
        seen = look(old, new)
    except TooManyPodsError:
        return replace(found, not_simulated="it has too many pods, or moves them in too many steps")
    found = as_simulated(replace(found, summary=as_known(seen, old, new, look)), new)
    return replace(found, remarks=remarks(old, new, found.summary))


def planner() -> Callable[[Side | None, Side | None], AppPlan]:
    """`plan` for many apps: what is equal to the controllers is simulated once."""
    return partial(plan, look=Situations().look)


def plan_with_timeline(old: Side | None, new: Side | None) -> AppPlan:
    """The plan with the points in time of its simulation."""
    timelines: list[Timeline] = []

    def look(one: Side | None, other: Side | None) -> SimulationSummary:
        found, timeline = outlook(one, other)
        timelines.append(timeline)
        return found

    found = plan(old, new, look)
    return replace(found, timeline=timelines[0] if timelines else None)


def without_simulation(old: Side | None, new: Side | None) -> AppPlan:
    """The plan of `plan`, without the simulation."""
    side = new or old
    if side is None:
        raise ValueError("an app that is on neither side has no plan")
    effects = classify(old, new)
    comes_back = new.running if new and any(effect.class_ in ("abort", "undo") for effect in effects) else ""
    ladder = ladder_lines(old, new) if effects else ()
    watched = watch(new.app, old.app if old else None) if new and effects else ()
    found = AppPlan(side.app.name, side.app.env, effects, problems=problems(old, new))
    checks = checks_of(old.app.strategy) if old and old.app.canary and side.app.canary is None else None
    promotes = any(effect.class_ == "promote" for effect in effects)
    first_check = checks.initial_delay if checks and promotes else 0
    return replace(found, comes_back=comes_back, ladder=ladder, watch=watched, first_check=first_check)


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
