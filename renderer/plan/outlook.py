"""What will happen: the simulator's timeline from the manifests before to those after, in a few numbers."""

from __future__ import annotations

from collections.abc import Iterable
from math import isinf

from renderer.manifest import Manifest
from renderer.plan.classes import Flag, Summary, Track
from renderer.plan.side import Side
from renderer.simulate import Options, Timeline, apply, start

_AT_REST = 3600.0  # seconds since the edit before: the pods of older versions are gone


def outlook(old: Side | None, new: Side | None) -> Summary | None:
    """Play the stable version of `old`, then `old`, then `new`, and look at the last; None where nothing runs."""
    after: tuple[Manifest, ...] = new.manifests if new else ()
    options = _options(new or old)
    cluster = start()
    for manifests in (old.stable, old.manifests) if old else ():
        cluster, _ = apply(cluster, manifests, options)
    _, timeline = apply(cluster, after, options)
    return summary(timeline) if timeline.points else None


def summary(timeline: Timeline) -> Summary:
    """The numbers that a reviewer wants of a timeline."""
    first, last = timeline.points[0], timeline.points[-1]
    return Summary(
        tracks=tuple(_track(timeline, version) for version in timeline.versions if _seen(timeline, version)),
        ready_before=sum(first.ready.values()),
        lowest_ready=timeline.lowest_ready,
        ready_after=sum(last.ready.values()),
        pods_before=sum(first.pods.values()),
        highest_pods=timeline.highest_pods,
        seconds=last.t,
        phase=last.phase,
        flags=tuple(_flags(timeline)),
    )


def _options(side: Side | None) -> Options:
    spec = (side.project.get("spec") or {}) if side else {}
    version = str((spec.get("versions") or {}).get("argoRollouts", "1.10"))
    last = side is not None and side.prunes_last
    return Options(rollouts=version, elapsed=_AT_REST, prune="last" if last else "first")


def _seen(timeline: Timeline, version: str) -> bool:
    return any(point.pods.get(version) or point.share.get(version) for point in timeline.points)


def _track(timeline: Timeline, version: str) -> Track:
    first, last = timeline.points[0], timeline.points[-1]
    return Track(
        version=version,
        before=round(first.share.get(version, 0.0), 1),
        lowest=round(timeline.lowest_share(version), 1),
        highest=round(timeline.highest_share(version), 1),
        after=round(last.share.get(version, 0.0), 1),
        pods_before=first.pods.get(version, 0),
        pods_after=last.pods.get(version, 0),
    )


def _flags(timeline: Timeline) -> Iterable[Flag]:
    for moment in (*timeline.dips, *timeline.overload, *timeline.unready):
        seconds = None if isinf(moment.end) else round(moment.end - moment.start, 2)
        yield Flag(moment.kind, moment.version, round(moment.share, 1), moment.ready, seconds)
