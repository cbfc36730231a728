"""The simulator against every trace that was recorded from the real controllers.

Held for each edit: the sequence of each version's shares, the fewest Ready pods and the most pods, and how it ended.
Times are only an order. Where traffic follows pods (no Istio weights), the real pods get Ready and go one by one, in an
order that nothing guarantees: there the turning points of each share are compared, to within the share of one pod.
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from renderer.manifest import Manifest
from renderer.simulate import Cluster, Options, Timeline, abort, apply, start, wait
from tests.engines.lock import ROLLOUTS
from tests.engines.scenario import scenarios
from tests.support.by_hand import retry, scale

FOLDER = Path(__file__).parent.parent / "fixtures" / "traces"
TRACES = sorted(FOLDER.glob("*/*.json"))
AT_LEAST = 30  # traces for each version of Argo Rollouts
BETWEEN = 2.0  # seconds of quiet that the recorder waits for before the next edit
PAST = "2026-01-01T00:00:00Z"  # a restartAt older than the lab's pods: the real controller restarts none

# Edits that came while the back-off of the controller's queue (up to 10 s) still kept it from the pass before: all that
# does not agree, by version of Argo Rollouts, scenario and edit.
BACK_OFF = {
    # A list that ends without `setWeight: 100`: Healthy comes with the promotion, the hashes move a pass later.
    # The next release found the weights turned first: 20 ms of the old version, whose pods went at once.
    ("1.10.2", "canary-istio-ladder-finishes", "v3 on the ladder"): {"shares", "ready", "pods", "end"},
    ("1.9.3", "canary-istio-ladder-finishes", "v3 on the ladder"): {"shares", "ready", "pods", "end"},
    # A canary that is never Ready lets every pass fail; the pods that an abort leaves go when the next pass comes.
    ("1.10.2", "canary-istio-never-ready", "abort"): {"end"},
    ("1.10.2", "canary-istio-never-ready", "v3 at 20"): {"pods"},
}


def test_there_are_enough_traces() -> None:
    wanted = {name for name, scenario in scenarios().items() if scenario.trace}
    assert len(wanted) >= AT_LEAST
    for version in ROLLOUTS:
        assert {path.stem for path in (FOLDER / version).glob("*.json")} == wanted


def test_what_does_not_agree_is_of_a_trace() -> None:
    traces = [json.loads(path.read_text()) for path in TRACES]
    assert set(BACK_OFF) <= {(t["rollouts"], t["scenario"], edit["title"]) for t in traces for edit in t["edits"]}


@pytest.mark.parametrize("path", TRACES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_simulator_agrees(path: Path) -> None:
    trace = json.loads(path.read_text())
    assert trace["format"] == 1
    cluster, live, down = start(), dict[str, Any](), False
    for number, edit in enumerate(trace["edits"]):
        down = {"controller-down": True, "controller-up": False}.get(edit.get("event", ""), down)
        live |= {key(made): made for made in edit.get("manifests", [])}
        for name in edit.get("deleted", []):
            live.pop(name, None)
        options = options_of(trace, edit, list(live.values()), number)
        cluster, timeline = play(cluster, edit, list(live.values()), replace(options, controller_down=down))
        known = BACK_OFF.get((trace["rollouts"], trace["scenario"], edit["title"]), set())
        assert differences(edit["points"], timeline) == known, edit["title"]


def key(made: dict[str, Any]) -> str:
    return f"{made['kind']}/{made['metadata']['name']}"


def options_of(trace: dict[str, Any], edit: dict[str, Any], manifests: list[dict[str, Any]], number: int) -> Options:
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
    else:
        files = [Manifest(f"{number:02}.yaml", without_past(made)) for number, made in enumerate(manifests)]
        cluster, timeline = apply(cluster, files, options)
    late = edit["points"][-1]["t"] - timeline.points[-1].t
    if late > 10:  # the recorder waited for old pods to go
        cluster, more = wait(cluster, late + 3, replace(options, elapsed=0.0, horizon=float("inf")))
        timeline = replace(timeline, points=(*timeline.points, *more.points[1:]))
    return cluster, timeline


def without_past(made: dict[str, Any]) -> dict[str, Any]:
    spec = {name: value for name, value in made["spec"].items() if (name, value) != ("restartAt", PAST)}
    return {**made, "spec": spec}


def differences(real: list[dict[str, Any]], timeline: Timeline) -> set[str]:
    """What does not agree."""
    # The recorder takes a subset that does not exist for all pods; really, requests to it fail: no version has a share.
    points = [point for point in timeline.points if point.share or not point.ready]
    found: set[str] = set()
    by_pods = any(share != int(share) for point in real for share in point["share"].values())
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
    most = max(sum(p["pods"].values()) for p in real) - max(sum(p.pods.values()) for p in points)
    if most not in ((0, 1) if by_pods else (0,)):  # a pod may still be there when the next one is made
        found.add("pods")
    last, end = real[-1], timeline.points[-1]
    if (last["pods"], last["phase"] or end.phase, last["step"]) != (by_label(end.pods), end.phase, end.step):
        found.add("end")
    return found


def of(version: str, share: Any) -> float:
    """A version's share: two templates with one label are one version to the recorder."""
    parts: list[float] = [percent for name, percent in share.items() if name.partition("#")[0] == version]
    return round(sum(parts), 1)


def by_label(pods: Any) -> dict[str, int]:
    names = sorted({name.partition("#")[0] for name in pods})
    return {label: sum(number for name, number in pods.items() if name.partition("#")[0] == label) for label in names}


def changes(values: list[float]) -> list[float]:
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
