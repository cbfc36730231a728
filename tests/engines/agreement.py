"""The simulator against a trace of the real controllers, edit by edit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from renderer.manifest import Manifest
from renderer.simulate import Cluster, Options, Point, Timeline, abort, apply, start, wait
from tests.support.by_hand import retry, scale

BETWEEN = 2.0  # seconds of quiet before an edit, in traces that do not say when each begins
PAST = "2026-01-01T00:00:00Z"  # a restartAt older than the lab's pods: the real controller restarts none


def compared(trace: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """Of each edit its title, and what does not agree: `shares`, `ready`, `serving`, `pods`, `end`."""
    cluster, live, down, ended = start(), dict[str, Any](), False, 0.0
    for number, edit in enumerate(trace["edits"]):
        down = {"controller-down": True, "controller-up": False}.get(edit.get("event", ""), down)
        live |= {key(made): made for made in edit.get("manifests", [])}
        for name in edit.get("deleted", []):
            live.pop(name, None)
        options = options_of(trace, edit, list(live.values()), number)
        if number and "begins" in edit:  # a slow machine: old pods may have gone meanwhile
            options = replace(options, elapsed=max(0.0, edit["begins"] - ended))
        cluster, timeline = play(cluster, edit, list(live.values()), replace(options, controller_down=down))
        ended = edit.get("begins", 0.0) + timeline.points[-1].t
        is_routed = any(name.startswith("VirtualService/") for name in live)
        yield edit["title"], differences(edit["points"], timeline, is_routed=is_routed)


def key(made: dict[str, Any]) -> str:
    """`Kind/name`."""
    return f"{made['kind']}/{made['metadata']['name']}"


def options_of(trace: dict[str, Any], edit: dict[str, Any], manifests: list[dict[str, Any]], number: int) -> Options:
    """What the simulator has to know of the pods and of the recorder."""
    ready = {version: after for made in manifests for version, after in readiness(made)}
    times = [float(after) for after in ready.values() if after != "never"]
    return Options(
        rollouts=trace["rollouts"],
        ready_after=next(iter(times), 0.8),
        never_ready=frozenset(version for version, after in ready.items() if after == "never"),
        elapsed=BETWEEN if number and edit.get("event") != "controller-up" else 0.0,
        prune="first" if "prune-first" in trace["scenario"] else "last",
        apply_all=number > 0 and "Service/web" in map(key, edit.get("manifests", [])) and len(manifests) > 1,
        horizon=edit["points"][-1]["t"] + 5,  # a pause of an hour is not waited for
    )


def readiness(made: dict[str, Any]) -> list[tuple[str, str]]:
    """Version and READY_AFTER of a workload's pods."""
    template = made["spec"].get("template", {})
    containers = template.get("spec", {}).get("containers", [])
    variables = [v for container in containers for v in container.get("env", []) if v["name"] == "READY_AFTER"]
    return [(template["metadata"]["labels"]["version"], variable["value"]) for variable in variables]


def play(
    cluster: Cluster, edit: dict[str, Any], manifests: list[dict[str, Any]], options: Options
) -> tuple[Cluster, Timeline]:
    """One edit of a trace, and the time until its last point."""
    event, _, argument = edit.get("event", "").partition(" ")
    if event == "controller-abort":
        cluster, timeline = abort(cluster, options)
    elif event == "controller-retry":
        cluster, timeline = retry(cluster, options)
    elif event == "scale":
        cluster, timeline = scale(cluster, int(argument), options)
    elif event == "wait":
        cluster, timeline = wait(
            cluster, BETWEEN + float(argument), replace(options, elapsed=0.0, horizon=float("inf"))
        )
    else:
        files = [Manifest(f"{number:02}.yaml", without_past(made)) for number, made in enumerate(manifests)]
        cluster, timeline = apply(cluster, files, options)
    late = edit["points"][-1]["t"] - timeline.points[-1].t
    if late > 10:  # the recorder waited for old pods to go
        cluster, more = wait(cluster, late + 3, replace(options, elapsed=0.0, horizon=float("inf")))
        timeline = replace(timeline, points=(*timeline.points, *more.points[1:]))
    return cluster, timeline


def without_past(made: dict[str, Any]) -> dict[str, Any]:
    """The manifest without a restart that no pod is older than."""
    spec = {name: value for name, value in made["spec"].items() if (name, value) != ("restartAt", PAST)}
    return {**made, "spec": spec}


def differences(real: list[dict[str, Any]], timeline: Timeline, *, is_routed: bool = True) -> set[str]:
    """What does not agree. `is_routed`: the shares are set by routes, not by pods that become Ready one by one."""
    # The recorder takes a subset that does not exist for all pods; really, requests to it fail: no version has a share.
    points = [point for point in timeline.points if point.share or not point.ready]
    found: set[str] = set()
    by_pods = not is_routed or any(share != int(share) for point in real for share in point["share"].values())
    one_pod = 100 / max(1, min(point.replicas for point in points[1:] or points))
    for version in {version for point in real for version in point["share"]} | set(timeline.versions):
        theirs = [point["share"].get(version, 0) for point in real]
        ours = [of(version, point.share) for point in points]
        if by_pods:
            theirs, ours = turning_points(theirs, one_pod), turning_points(ours, one_pod)
        if changes(theirs) != changes(ours):
            found.add("shares")
    if min(sum(p["ready"].values()) for p in real) != min(sum(p.ready.values()) for p in points):
        found.add("ready")
    if serving(real, points):
        found.add("serving")
    most = max(sum(p["pods"].values()) for p in real) - max(sum(p.pods.values()) for p in points)
    if most not in ((0, 1) if by_pods else (0,)):  # a pod may still be there when the next one is made
        found.add("pods")
    last, end = real[-1], timeline.points[-1]
    if (last["pods"], last["phase"] or end.phase, last["step"]) != (by_label(end.pods), end.phase, end.step):
        found.add("end")
    return found


def serving(real: list[dict[str, Any]], points: Sequence[Point]) -> bool:
    """Whether the fewest Ready pods differ, of the versions that have a share at some time.

    Pods that only wait for the end of their scaleDownDelay do not count: on a slow machine that end falls into another
    edit.
    """
    theirs = [(point["share"], point["ready"]) for point in real]
    ours = [(point.share, point.ready) for point in points]
    shares = [share for share, _ in (*theirs, *ours)]
    served = {name.partition("#")[0] for share in shares for name, percent in share.items() if percent}
    fewest = [
        min(sum(pods for name, pods in ready.items() if name.partition("#")[0] in served) for _, ready in side)
        for side in (theirs, ours)
    ]
    return fewest[0] != fewest[1]


def of(version: str, share: Any) -> float:
    """A version's share: two templates with one label are one version to the recorder."""
    parts: list[float] = [percent for name, percent in share.items() if name.partition("#")[0] == version]
    return round(sum(parts), 1)


def by_label(pods: Any) -> dict[str, int]:
    """Pods by the label of their version."""
    names = sorted({name.partition("#")[0] for name in pods})
    return {label: sum(number for name, number in pods.items() if name.partition("#")[0] == label) for label in names}


def changes(values: list[float]) -> list[float]:
    """The values without repetitions."""
    return values[:1] + [after for before, after in pairwise(values) if after != before]


def turning_points(values: list[float], ignore: float) -> list[float]:
    """First, last, and where the direction changes, but for swings of `ignore` or less."""
    kept = monotone(changes(values))
    swings = [abs(after - before) for before, after in pairwise(kept)]
    while len(kept) > 2 and min(swings) <= ignore:
        small = swings.index(min(swings))
        del kept[max(1, small) if small + 1 == len(kept) - 1 else small + 1]
        kept = monotone(kept)
        swings = [abs(after - before) for before, after in pairwise(kept)]
    return kept


def monotone(values: list[float]) -> list[float]:
    """Without the values on the way from one turning point to the next."""
    inner = [b for a, b, c in zip(values, values[1:], values[2:], strict=False) if (b - a) * (c - b) < 0]
    return changes([*values[:1], *inner, *values[-1:]])
