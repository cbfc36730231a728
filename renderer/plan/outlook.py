"""What will happen: the simulator's timeline from the manifests before to those after, in a few numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from math import isinf

from renderer.manifest import Manifest
from renderer.plan.classes import Flag, Summary, Track
from renderer.plan.side import WORKLOADS, Side
from renderer.simulate import Moment, Options, Point, Timeline, apply, start

_AT_REST = 3600.0  # seconds since the edit before: the pods of older versions are gone


def outlook(old: Side | None, new: Side | None) -> tuple[Summary, Timeline] | None:
    """Play the stable version of `old`, then `old`, then `new`, and look at the last; None where nothing runs.

    What the cluster has is taken to be what Git says: no controller has aborted or finished a release by itself.
    Raises TooManyPodsError.
    """
    after: tuple[Manifest, ...] = new.manifests if new else ()
    options = _options(new or old)
    cluster = start()
    for manifests in (_unpaused(old.stable), _unpaused(old.manifests), old.manifests) if old else ():
        cluster, _ = apply(cluster, manifests, options)
    _, timeline = apply(cluster, after, options)
    return (_named(summary(timeline), old, new), timeline) if timeline.points else None


def _named(found: Summary, *sides: Side | None) -> Summary:
    """With the names that people know the versions by; the simulator knows their labels."""
    versions = [version for side in sides if side for version in (side.app.stable, side.app.running)]
    names = {version.version: version.name for version in versions}

    def name(label: str) -> str:
        known, mark, number = label.partition("#")
        return f"{names.get(known, known)}{mark}{number}"

    return replace(
        found,
        tracks=tuple(replace(track, version=name(track.version)) for track in found.tracks),
        flags=tuple(replace(flag, version=name(flag.version)) for flag in found.flags),
    )


def summary(timeline: Timeline) -> Summary:
    """The numbers that a reviewer wants of a timeline."""
    points = _lasting(timeline)
    first, last = points[0], points[-1]
    return Summary(
        tracks=tuple(_track(version, points) for version in timeline.versions if _seen(timeline, version)),
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
    if side is None:
        return Options(elapsed=_AT_REST)
    return Options(rollouts=side.rollouts, elapsed=_AT_REST, prune="last" if side.prunes_last else "first")


def _seen(timeline: Timeline, version: str) -> bool:
    return any(point.pods.get(version) or point.share.get(version) for point in timeline.points)


def _track(version: str, points: Sequence[Point]) -> Track:
    first, last = points[0], points[-1]
    shares = [point.share.get(version, 0.0) for point in points]
    return Track(
        version=version,
        before=round(shares[0], 1),
        lowest=round(min(shares), 1),
        highest=round(max(shares), 1),
        after=round(shares[-1], 1),
        pods_before=first.pods.get(version, 0),
        pods_after=last.pods.get(version, 0),
    )


def _lasting(timeline: Timeline) -> list[Point]:
    """The points that last, the first and the last one included."""
    points = timeline.points
    return [points[0], *(one for one, then in pairwise(points[1:]) if then.t > one.t), *points[1:][-1:]]


def _flags(timeline: Timeline) -> Iterable[Flag]:
    """One flag for a kind and version; what begins and ends within one instant is no moment."""
    found: dict[tuple[str, str], list[Moment]] = {}
    for moment in (*timeline.dips, *timeline.overload, *timeline.unready):
        if moment.end > moment.start:
            found.setdefault((moment.kind, moment.version), []).append(moment)
    for (kind, version), moments in found.items():
        longest = max(moment.end - moment.start for moment in moments)
        shares = [moment.share for moment in moments]
        yield Flag(
            kind,
            version,
            share=round(min(shares) if kind == "dip" else max(shares), 1),
            ready=min(moment.ready for moment in moments),
            seconds=None if isinf(longest) else round(longest, 2),
            times=len(moments),
        )


def _unpaused(manifests: tuple[Manifest, ...]) -> tuple[Manifest, ...]:
    """With the controller let go: what is paused now has come to rest before."""
    return tuple(_let_go(each) if each.kind in WORKLOADS else each for each in manifests)


def _let_go(manifest: Manifest) -> Manifest:
    spec = {key: value for key, value in manifest.data["spec"].items() if key != "paused"}
    return Manifest(manifest.file, {**manifest.data, "spec": spec})
