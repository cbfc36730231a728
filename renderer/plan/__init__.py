"""Old and new -> Plan: what a change of specs will do to the running system; pure, and worked out offline."""

from __future__ import annotations

from renderer.plan.classes import CLASSES, AppPlan, Class, Effect, Flag, Path, Plan, Summary, Track, at_least
from renderer.plan.classify import classify
from renderer.plan.outlook import outlook
from renderer.plan.side import Side
from renderer.plan.transition import TRANSITION_RULES, judge

__all__ = [
    "CLASSES",
    "TRANSITION_RULES",
    "AppPlan",
    "Class",
    "Effect",
    "Flag",
    "Path",
    "Plan",
    "Side",
    "Summary",
    "Track",
    "at_least",
    "classify",
    "judge",
    "outlook",
    "plan",
]
_STILL = ("nothing", "metadata", "behaviour")  # classes in which no pod and no request moves


def plan(old: Side | None, new: Side | None) -> AppPlan:
    """The plan of one app in one environment; a side is None where the app is not there.

    Raises ValueError where both are None.
    """
    side = new or old
    if side is None:
        raise ValueError("an app that is on neither side has no plan")
    effects = classify(old, new)
    found = AppPlan(side.app.name, side.app.env, effects, findings=judge(old, new))
    if found.class_ in _STILL:
        return found
    return AppPlan(found.app, found.env, effects, outlook(old, new), found.findings)
