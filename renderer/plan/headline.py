"""A plan's first line, corrected by its simulation: it promises nothing that does not happen."""

from __future__ import annotations

from dataclasses import replace

from renderer.plan.classes import AppPlan, Effect, SimulationSummary, harshest
from renderer.plan.side import Side, is_paused
from renderer.spec import Version

_NEAR = 1.0  # percent: a share is a whole number, and the simulation rounds
_SHARE = frozenset(("canary-start", "canary-step"))
_WHOLE = frozenset(("promote", "abort", "undo", "replace"))


def as_simulated(plan: AppPlan, new: Side | None) -> AppPlan:
    """The plan, whose effects say the share that the simulation ends with where it is not the one that Git asks for."""
    if new is None or plan.summary is None or not plan.summary.tracks or not new.app.ports:
        return plan
    summary = plan.summary
    checked = [_checked(effect, summary, new) for effect in plan.effects]
    if _serves_nobody(summary) and plan.class_ != "disruptive":
        checked.append(Effect("disruptive", "for a time no pod is left to serve", plan.paths))
    preview = new.app.preview
    if preview is not None and (share := _share(preview, summary)) > _NEAR and plan.class_ != "undo":
        reason = f"Git says that {preview.name} is a preview, without traffic, and it gets {share:g} %"
        checked.insert(0, Effect("disruptive", reason, plan.paths))
    return replace(plan, effects=harshest(checked))


def _serves_nobody(summary: SimulationSummary) -> bool:
    """Whether there are moments with no Ready pod at all; a count that is only assumed shows nothing."""
    gone = any(flag.type == "unready" and not flag.version and not flag.ready for flag in summary.flags)
    return gone and summary.serves and summary.count != "elsewhere"


def _checked(effect: Effect, summary: SimulationSummary, new: Side) -> Effect:
    canary = new.app.canary
    if effect.class_ == "canary-start" and is_paused(new):
        return effect._replace(reason=f"{effect.reason}{_until_then(summary, new)}")
    if effect.class_ in _SHARE and canary is not None and canary.weight is not None:
        if new.app.strategy.is_routed:
            return _held(effect, canary.version, canary.weight, summary)
        return _rounded(effect, canary.version, canary.weight, summary)
    if effect.class_ in _WHOLE and not new.flight:
        return _held(effect, new.app.stable, 100, summary)
    return effect


def _until_then(summary: SimulationSummary, new: Side) -> str:
    """What the version that was in flight gets while the controller is paused: a new one starts only afterwards."""
    tracks = [one for one in summary.tracks if one.before and not one.is_of(new.app.stable)]
    return "".join(f"; until then {one.version} gets {one.after:g} %" for one in tracks)


def _held(effect: Effect, version: Version, asked: float, summary: SimulationSummary) -> Effect:
    share = _share(version, summary)
    if abs(share - asked) <= _NEAR:
        return effect
    return effect._replace(reason=f"Git asks for {asked:g} % for {version.name}, and it gets {share:g} %")


def _rounded(effect: Effect, version: Version, asked: float, summary: SimulationSummary) -> Effect:
    """A share that is a ratio of pods: of few pods it can be far from the weight."""
    share = _share(version, summary)
    is_near = abs(share - asked) <= _NEAR or summary.count != "given" or not share
    return effect if is_near else effect._replace(reason=f"{effect.reason}; of so few pods that is {share:g} %")


def _share(version: Version, summary: SimulationSummary) -> float:
    return sum(track.after for track in summary.tracks if track.is_of(version))
