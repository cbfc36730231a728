"""A plan's first line, corrected by its simulation: it promises nothing that does not happen."""

from __future__ import annotations

from dataclasses import replace

from renderer.plan.classes import AppPlan, Effect, SimulationSummary
from renderer.plan.side import Side
from renderer.spec import Version

_NEAR = 1.0  # percent: a share is a whole number, and the simulation rounds
_SHARE = frozenset(("canary-start", "canary-step"))
_WHOLE = frozenset(("promote", "abort", "undo", "replace"))


def as_simulated(plan: AppPlan, new: Side | None) -> AppPlan:
    """The plan, whose effects say the share that the simulation ends with where it is not the one that Git asks for."""
    if new is None or plan.summary is None or not plan.summary.tracks or not new.app.ports:
        return plan
    summary = plan.summary
    return replace(plan, effects=tuple(_checked(effect, summary, new) for effect in plan.effects))


def _checked(effect: Effect, summary: SimulationSummary, new: Side) -> Effect:
    canary = new.app.canary
    if effect.class_ in _SHARE and canary is not None and canary.weight is not None and new.app.strategy.is_routed:
        return _held(effect, canary.version, canary.weight, summary)
    if effect.class_ in _WHOLE and not new.flight:
        return _held(effect, new.app.stable, 100, summary)
    return effect


def _held(effect: Effect, version: Version, asked: float, summary: SimulationSummary) -> Effect:
    names = (version.name, version.version)  # a track has the name that people know, where the simulator had a label
    shares = [track.after for track in summary.tracks if track.version.partition("#")[0] in names]
    if abs(sum(shares) - asked) <= _NEAR:
        return effect
    return effect._replace(reason=f"Git asks for {asked:g} % for {version.name}, and it gets {sum(shares):g} %")
