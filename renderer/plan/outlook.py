"""What will happen: the simulator's timeline from the old manifests to the new ones, in a few numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import isinf
from typing import Any, NamedTuple

from renderer.manifest import WORKLOADS, Manifest
from renderer.plan.classes import Flag, SimulationSummary, Track
from renderer.plan.ladder import promoted_at
from renderer.plan.rollback_window import returned
from renderer.plan.side import Side
from renderer.release.rungs import without_waits
from renderer.simulate import Moment, Options, Point, Timeline, apply, start, wait

Look = Callable[[Side | None, Side | None], SimulationSummary]  # simulates a change, with the names that people use
_AT_REST = 3600.0  # seconds after the previous edit: the pods of older versions are gone


def outlook(old: Side | None, new: Side | None) -> tuple[SimulationSummary, Timeline]:
    """Play the stable version of `old`, then `old`, then `new`, and describe the last part.

    It assumes that the cluster has what Git says: no controller has aborted or finished a release by itself. The final
    counts of pods are those at rest, after the pods of older versions are scaled down. Raises TooManyPodsError.
    """
    found, timeline = play(situation(old, new))
    return named(found, old, new), timeline


def looked_ahead(old: Side | None, new: Side | None) -> SimulationSummary:
    """The same without the points in time."""
    return outlook(old, new)[0]


class Situation(NamedTuple):
    """All that a simulation is about: what was applied, in order, and the options of the cluster."""

    played: tuple[tuple[Manifest, ...], ...]
    options: Options


def situation(old: Side | None, new: Side | None) -> Situation:
    """What leads to `new`, and `new` at last."""
    after: tuple[Manifest, ...] = new.played if new else ()
    options = _options(next(filter(None, (new, old))))
    if new is None and old and (old.argocd or {}).get("kind") != "Application":
        options = replace(options, prune="last")  # the app's own Application takes its objects with it
    return Situation((*(_history(old, new) if old else ()), after), options)


def play(situation: Situation) -> tuple[SimulationSummary, Timeline]:
    """What its last step does; versions have the names of their labels. Raises TooManyPodsError."""
    *before, after = situation.played
    cluster = start()
    for manifests in before:
        cluster, _ = apply(cluster, manifests, situation.options)
    cluster, timeline = apply(cluster, after, situation.options)
    _, later = wait(cluster, _AT_REST, replace(situation.options, elapsed=0.0))
    return summary(timeline, later.points[-1]), timeline


def named(found: SimulationSummary, *sides: Side | None) -> SimulationSummary:
    """The timeline with the names that people use for the versions; the simulator uses their labels, or images.

    If some pods of a version have that label, those without it belong to another workload, and keep the name of their
    image.
    """
    versions = [version for side in sides if side for version in (side.app.stable, side.app.running)]
    labels = {track.version.partition("#")[0] for track in found.tracks}
    images = {version.image: version.name for version in versions if version.version not in labels}
    names = {label: _by_image(label, images) for label in labels}
    return with_labels(found, {**names, **{version.version: version.name for version in versions}})


def _by_image(label: str, names: Mapping[str, str]) -> str:
    """The name of the version that has one of these images; else the label as it is."""
    return next((names[image] for image in label.split() if image in names), label)


def with_labels(found: SimulationSummary, names: Mapping[str, str]) -> SimulationSummary:
    """The summary with other names for these versions."""

    def name(label: str) -> str:
        known, mark, number = label.partition("#")
        return f"{names.get(known, known)}{mark}{number}"

    return replace(
        found,
        tracks=tuple(replace(track, version=name(track.version)) for track in found.tracks),
        flags=tuple(replace(flag, version=name(flag.version)) for flag in found.flags),
    )


def summary(timeline: Timeline, rest: Point | None = None) -> SimulationSummary:
    """The numbers of a timeline that a reviewer needs; `rest` is the time when the last old pods are gone."""
    points = _lasting(timeline)
    first, last = points[0], points[-1]
    end = rest or last
    return SimulationSummary(
        tracks=tuple(_track(version, points, end) for version in timeline.versions if _seen(timeline, version)),
        ready_before=sum(first.ready.values()),
        lowest_ready=min(timeline.lowest_ready, sum(end.ready.values())),
        ready_after=sum(end.ready.values()),
        pods_before=sum(first.pods.values()),
        highest_pods=timeline.highest_pods,
        seconds=last.t,
        phase=last.phase,
        flags=tuple(_flags(timeline)),
    )


def _options(side: Side) -> Options:
    return Options(rollouts=side.rollouts, elapsed=_AT_REST, prune=side.prunes)


def _seen(timeline: Timeline, version: str) -> bool:
    return any(point.pods.get(version) or point.share.get(version) for point in timeline.points)


def _track(version: str, points: Sequence[Point], end: Point) -> Track:
    first = points[0]
    shares = [point.share.get(version, 0.0) for point in points]
    return Track(
        version=version,
        before=round(shares[0], 1),
        lowest=round(min(shares), 1),
        highest=round(max(shares), 1),
        after=round(shares[-1], 1),
        pods_before=first.pods.get(version, 0),
        pods_after=end.pods.get(version, 0),
    )


def _lasting(timeline: Timeline) -> list[Point]:
    """The points that last, the first and the last one included."""
    points = timeline.points
    return [points[0], *(one for one, then in pairwise(points[1:]) if then.t > one.t), *points[1:][-1:]]


def _flags(timeline: Timeline) -> Iterable[Flag]:
    """One flag per type and version; what begins and ends in the same instant does not count."""
    found: dict[tuple[str, str], list[Moment]] = {}
    for moment in (*timeline.dips, *timeline.overload, *timeline.unready):
        if moment.end > moment.start:
            found.setdefault((moment.type, moment.version), []).append(moment)
    for (type_, version), moments in found.items():
        longest = max(moment.end - moment.start for moment in moments)
        shares = [moment.share for moment in moments]
        yield Flag(
            type_,
            version,
            share=round(min(shares) if type_ == "dip" else max(shares), 1),
            ready=min(moment.ready for moment in moments),
            seconds=None if isinf(longest) else round(longest, 2),
            times=len(moments),
        )


def _history(old: Side, new: Side | None) -> list[tuple[Manifest, ...]]:
    """What was applied before, oldest first; with `rollbackWindow` also the version that `new` returns to.

    A paused app had come to rest as it was before the pause, where that is known.
    """
    rest = old.before_pause or old
    played = [_unpaused((*rest.stable, *rest.scalers)), _unpaused(rest.played), old.played]
    if old.flight == "canary" and new is not None and (old.running, old.steps) != (new.running, new.steps):
        played[1:] = [_climbed(each, promoted_at(old, new)) for each in played[1:]]
    templates = returned(old, new) if new else ()
    return [*(tuple(_with_template(each, one) for each in played[0]) for one in templates), *played]


def _climbed(manifests: tuple[Manifest, ...], at: int | None) -> tuple[Manifest, ...]:
    """The manifests with a ladder that rests at this weight, or at its last rung: the change to come starts there."""
    return tuple(_continued(each, at) if each.kind == "Rollout" else each for each in manifests)


def _continued(manifest: Manifest, at: int | None) -> Manifest:
    strategy = manifest.data["spec"].get("strategy") or {}
    canary = strategy.get("canary") or {}
    steps = canary.get("steps") or []
    kept = without_waits(steps, at)
    if kept == steps:
        return manifest
    strategy = {**strategy, "canary": {**canary, "steps": kept}}
    return Manifest(manifest.file, {**manifest.data, "spec": {**manifest.data["spec"], "strategy": strategy}})


def _with_template(manifest: Manifest, template: Mapping[str, Any]) -> Manifest:
    if manifest.kind not in WORKLOADS:
        return manifest
    return Manifest(manifest.file, {**manifest.data, "spec": {**manifest.data["spec"], "template": template}})


def _unpaused(manifests: tuple[Manifest, ...]) -> tuple[Manifest, ...]:
    """The manifests with the controller unpaused."""
    return tuple(_let_go(each) if each.kind in WORKLOADS else each for each in manifests)


def _let_go(manifest: Manifest) -> Manifest:
    spec = {key: value for key, value in manifest.data["spec"].items() if key != "paused"}
    return Manifest(manifest.file, {**manifest.data, "spec": spec})
