"""What the outlook knows for sure: counts that an autoscaler decides are a range, and a worker has no traffic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from renderer.manifest import Manifest
from renderer.plain import mapping
from renderer.plan.classes import Flag, SimulationSummary
from renderer.plan.outlook import Look, looked_ahead
from renderer.plan.side import Side, replicas
from renderer.scaler import SCALERS, scaler_of
from renderer.simulate import TooManyPodsError


def as_known(
    found: SimulationSummary, old: Side | None, new: Side | None, look: Look = looked_ahead
) -> SimulationSummary:
    """The summary with the range of an autoscaler; of an app that nobody sends requests to, with its pods alone.

    The autoscaler is at its lower bound in `found`. The change is played again with the autoscaler at its upper bound.
    """
    found = _with_maximum(found, old, new, look)
    if any(map(_serves, filter(None, (old, new)))):
        return found
    return replace(found, serves=False, flags=())


def _with_maximum(found: SimulationSummary, old: Side | None, new: Side | None, look: Look) -> SimulationSummary:
    sides = [side and _at_maximum(side) for side in (old, new)]
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
    return replicas(side) is None and not any(manifest.kind in SCALERS for manifest in side.manifests)


def _at_maximum(side: Side) -> Side:
    """The side with every autoscaler held at its upper bound."""
    return replace(side, manifests=tuple(map(_held, side.manifests)), stable=tuple(map(_held, side.stable)))


def _held(manifest: Manifest) -> Manifest:
    if manifest.kind not in SCALERS:
        return manifest
    scaler = scaler_of(manifest.data)
    if scaler.least == scaler.most:
        return manifest
    spec = {**mapping(manifest.data.get("spec")), scaler.least_field: scaler.most, scaler.most_field: scaler.most}
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
