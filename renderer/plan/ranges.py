"""What the outlook knows for sure: counts that an autoscaler decides are a range, and a worker has no traffic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Literal

from renderer.manifest import Manifest
from renderer.plain import mapping
from renderer.plan.classes import Flag, SimulationSummary
from renderer.plan.outlook import Look, looked_ahead
from renderer.plan.side import Side, replicas
from renderer.scaler import SCALERS, scaler_of
from renderer.simulate import TooManyPodsError

Bound = Literal["least", "most"]


def as_known(
    found: SimulationSummary, old: Side | None, new: Side | None, look: Look = looked_ahead
) -> SimulationSummary:
    """The summary with the range of an autoscaler; of an app that nobody sends requests to, with its pods alone.

    The autoscaler is at its lower bound in `found`, unless that is lowered: then it is played again with the autoscaler
    at the new bound. The change is also played with the autoscaler at its upper bound.
    """
    if old and new and _is_lowered(old, new):
        found = look(_at_bound(old, "least"), _at_bound(new, "least"))
    found = _with_maximum(found, old, new, look)
    last = new or old
    if last is not None and _serves(last):
        return found
    return replace(found, serves=False, flags=())


def _with_maximum(found: SimulationSummary, old: Side | None, new: Side | None, look: Look) -> SimulationSummary:
    sides = [side and _at_bound(side, "most") for side in (old, new)]
    if sides == [old, new]:
        return replace(found, count="elsewhere") if any(map(_is_elsewhere, filter(None, (old, new)))) else found
    try:
        most = look(*sides)
    except TooManyPodsError:
        return replace(found, count="many")
    return replace(
        found,
        lowest_ready=min(found.lowest_ready, most.lowest_ready),
        highest_pods=max(found.highest_pods, most.highest_pods),
        flags=_worst((*found.flags, *most.flags)),
        at_maximum=most,
        count="autoscaler",
    )


def _is_elsewhere(side: Side) -> bool:
    """Whether neither the workload nor an autoscaler of the tree says how many pods there are."""
    return replicas(side) is None and not any(manifest.kind in SCALERS for manifest in side.played)


def _is_lowered(old: Side, new: Side) -> bool:
    """Whether an autoscaler may keep fewer pods than before."""
    before = {each.identity: scaler_of(each.data).least for each in old.played if each.kind in SCALERS}
    scalers = [manifest for manifest in new.played if manifest.kind in SCALERS]
    return any(scaler_of(each.data).least < before.get(each.identity, 0) for each in scalers)


def _at_bound(side: Side, bound: Bound) -> Side:
    """The side with every autoscaler held at one of its bounds."""
    hold = partial(_held, bound=bound)
    then = side.before_pause and _at_bound(side.before_pause, bound)
    manifests, stable, scalers = (tuple(map(hold, some)) for some in (side.manifests, side.stable, side.scalers))
    return replace(side, manifests=manifests, stable=stable, scalers=scalers, before_pause=then)


def _held(manifest: Manifest, bound: Bound) -> Manifest:
    if manifest.kind not in SCALERS:
        return manifest
    scaler = scaler_of(manifest.data)
    if scaler.least == scaler.most:
        return manifest
    count = max(1, scaler.least) if bound == "least" else scaler.most
    spec = {**mapping(manifest.data.get("spec")), scaler.least_field: count, scaler.most_field: count}
    return Manifest(manifest.file, {**manifest.data, "spec": spec})


def _worst(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    """One flag for each type and version: the worst share, the fewest Ready pods, the longest time."""
    found: dict[tuple[str, str], Flag] = {}
    for flag in flags:
        key = flag.type, flag.version
        found[key] = _worse(found[key], flag) if key in found else flag
    return tuple(found.values())


def _worse(one: Flag, other: Flag) -> Flag:
    seconds = None if one.seconds is None or other.seconds is None else max(one.seconds, other.seconds)
    share = (min if one.type == "dip" else max)(one.share, other.share)
    return replace(one, share=share, ready=min(one.ready, other.ready), seconds=seconds)


def _serves(side: Side) -> bool:
    """Whether a Service sends requests to its pods."""
    return bool(side.app.ports) or any(
        manifest.kind == "Service" and (manifest.data.get("spec") or {}).get("selector") for manifest in side.manifests
    )
