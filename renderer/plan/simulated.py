"""Plans with what the simulation says of the change."""

from __future__ import annotations

from dataclasses import replace

from renderer.plan import moves_something, without_simulation
from renderer.plan.classes import AppPlan, SimulationSummary
from renderer.plan.headline import as_simulated
from renderer.plan.outlook import Look, looked_ahead, outlook
from renderer.plan.ranges import as_known
from renderer.plan.remarks import remarks
from renderer.plan.side import Side
from renderer.plan.situations import Situations
from renderer.simulate import Timeline, TooManyPodsError

__all__ = ["Situations", "plan", "plan_with_timeline", "with_simulation"]


def plan(old: Side | None, new: Side | None, look: Look = looked_ahead) -> AppPlan:
    """The plan of one app in one environment; a side is None where the app is not there.

    `look` simulates the change. Raises ValueError where both sides are None.
    """
    found = without_simulation(old, new)
    return with_simulation(found, old, new, look) if moves_something(found, old, new) else found


def with_simulation(found: AppPlan, old: Side | None, new: Side | None, look: Look) -> AppPlan:
    """The plan of `without_simulation`, with its summary and remarks."""
    try:
        seen = look(old, new)
    except TooManyPodsError:
        return replace(found, not_simulated="it has too many pods, or moves them in too many steps")
    found = as_simulated(replace(found, summary=as_known(seen, old, new, look)), new)
    return replace(found, remarks=remarks(old, new, found.summary))


def plan_with_timeline(old: Side | None, new: Side | None) -> AppPlan:
    """The plan with the points in time of its simulation."""
    timelines: list[Timeline] = []

    def look(one: Side | None, other: Side | None) -> SimulationSummary:
        found, timeline = outlook(one, other)
        timelines.append(timeline)
        return found

    found = plan(old, new, look)
    return replace(found, timeline=timelines[0] if timelines else None)
