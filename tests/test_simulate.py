"""The simulator, row by row of what the real engines were measured to do: `fixtures/simulate/<case>.yaml`.

A case has facts of an app, edits of them one after the other, and what the last edit did. `expect` is complete: a dip,
an overload or an unready moment that it does not list fails the case.
"""

from __future__ import annotations

import copy
from itertools import dropwhile
from pathlib import Path
from typing import Any

import pytest
import yaml

from renderer.manifest import Manifest, Object
from renderer.simulate import Cluster, Moment, Options, Timeline, abort, apply, start, wait
from tests.support.by_hand import retry, scale

FOLDER = Path(__file__).parent.parent / "fixtures" / "simulate"
CASES = sorted(FOLDER.glob("*.yaml"))
KEYS = {"what", "app", "edits", "expect"}
EVENTS = ("abort", "retry", "wait", "scale")
LABELS = {"app.kubernetes.io/name": "web"}
HOST = "web.shop.svc.cluster.local"
PIN = {"setHeaderRoute": {"name": "pinned", "match": [{"headerName": "x-canary", "headerValue": {"exact": "1"}}]}}
SHORT: dict[str, Object] = {"pause": {"pause": {}}, "pin": PIN, "one pod": {"setCanaryScale": {"replicas": 1}}}
FACTS: dict[str, Any] = {
    "kind": "istio",  # istio | replica | bluegreen | deployment
    "workloads": None,  # [Deployment, Rollout] while one replaces the other
    "version": "v1",
    "steps": [100],
    "replicas": 4,
    "auto": False,  # autoPromotionEnabled
    "subsets": None,  # whether VirtualService and DestinationRule have subsets; without istio: false adds them plain
    "annotations": {},  # of the pod template
    "strategy": {},  # more of the strategy (of a Deployment: all of it)
    "spec": {},  # more of the workload's spec
    "metadata": {},  # more of the workload's metadata
    "route": {},  # more of the VirtualService's route
    "autoscaler": None,  # spec of a HorizontalPodAutoscaler
    "waves": {},  # kind: sync wave
}


def load(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(path.read_text())
    return data


def play(case: dict[str, Any]) -> Timeline:
    """The timeline of the last edit."""
    facts = {**FACTS, **case.get("app", {})}
    cluster, timeline = start(), Timeline(())
    for edit in case["edits"]:
        given = dict(edit)
        options = options_of(given.pop("options", {}))
        event = next((name for name in EVENTS if name in given), None)
        facts |= {name: value for name, value in given.items() if name not in EVENTS}
        cluster, timeline = one(cluster, event, given.get(event or ""), manifests(facts), options)
    return timeline


def options_of(given: dict[str, Any]) -> Options:
    return Options(**{**given, "never_ready": frozenset(given.get("never_ready", ()))})


def one(
    cluster: Cluster, event: str | None, value: Any, objects: list[Manifest], options: Options
) -> tuple[Cluster, Timeline]:
    if event == "abort":
        return abort(cluster, options)
    if event == "retry":
        return retry(cluster, options)
    if event == "wait":
        return wait(cluster, float(value), options)
    return scale(cluster, int(value), options) if event == "scale" else apply(cluster, objects, options)


def manifests(facts: dict[str, Any]) -> list[Manifest]:
    """What the facts are rendered to, as the project would."""
    assert not set(facts) - set(FACTS), set(facts) - set(FACTS)
    kind = facts["kind"]
    workloads = facts["workloads"] or ["Deployment" if kind == "deployment" else "Rollout"]
    subsets = kind == "istio" if facts["subsets"] is None else facts["subsets"]
    made = [workload(facts, name) for name in workloads]
    made.append(service("web"))
    if kind == "bluegreen":
        made.append(service("web-preview"))
    if kind == "istio" or facts["subsets"] is not None:
        made += [destination_rule(subsets), virtual_service(subsets, facts["route"])]
    if facts["autoscaler"]:
        made.append(autoscaler(facts, workloads[-1]))
    for data in made:
        if data["kind"] in facts["waves"]:
            wave = str(facts["waves"][data["kind"]])
            data["metadata"]["annotations"] = {"argocd.argoproj.io/sync-wave": wave}
    return [Manifest(f"{data['kind'].lower()}.yaml", copy.deepcopy(data)) for data in made]


def named(kind: str, version: str, spec: Object, name: str = "web") -> Object:
    metadata = {"name": name, "namespace": "shop", "labels": LABELS}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def workload(facts: dict[str, Any], kind: str) -> Object:
    meta = {"labels": {**LABELS, "version": facts["version"]}, "annotations": facts["annotations"]}
    template = {"metadata": meta, "spec": {"containers": [{"name": "web", "image": f"web:{facts['version']}"}]}}
    spec = {"replicas": facts["replicas"], "selector": {"matchLabels": LABELS}, "template": template}
    if spec["replicas"] is None:
        del spec["replicas"]
    strategy = (facts["strategy"] if facts["kind"] == "deployment" else {}) if kind == "Deployment" else split(facts)
    default = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}}
    group = "apps/v1" if kind == "Deployment" else "argoproj.io/v1alpha1"
    data = named(kind, group, {**spec, "strategy": strategy or default, **facts["spec"]})
    data["metadata"] = {**data["metadata"], **facts["metadata"]}
    return data


def split(facts: dict[str, Any]) -> Object:
    """A Rollout's strategy."""
    if facts["kind"] == "bluegreen":
        services = {"activeService": "web", "previewService": "web-preview", "autoPromotionEnabled": facts["auto"]}
        return {"blueGreen": {**services, **facts["strategy"]}}
    steps = [{"setWeight": step} if isinstance(step, int) else SHORT.get(str(step), step) for step in facts["steps"]]
    canary: Object = {"steps": steps, "maxSurge": "25%", "maxUnavailable": 0, **facts["strategy"]}
    if facts["kind"] == "istio":
        rule = {"name": "web", "stableSubsetName": "stable", "canarySubsetName": "canary"}
        istio = {"virtualService": {"name": "web", "routes": ["primary"]}, "destinationRule": rule}
        canary["trafficRouting"] = {"managedRoutes": [{"name": "pinned"}], "istio": istio}
    return {"canary": canary}


def service(name: str) -> Object:
    return named("Service", "v1", {"selector": LABELS, "ports": [{"port": 80}]}, name)


def destination_rule(subsets: bool) -> Object:
    names = ("stable", "canary") if subsets else ()
    spec = {"host": HOST, "subsets": [{"name": name, "labels": LABELS} for name in names]}
    return named("DestinationRule", "networking.istio.io/v1", spec)


def virtual_service(subsets: bool, more: Object) -> Object:
    weights = {"stable": 100, "canary": 0}
    split = [{"destination": {"host": HOST, "subset": name}, "weight": w} for name, w in weights.items()]
    route = split if subsets else [{"destination": {"host": HOST}}]
    spec = {"hosts": [HOST], "http": [{"name": "primary", "route": route, **more}]}
    return named("VirtualService", "networking.istio.io/v1", spec)


def autoscaler(facts: dict[str, Any], kind: str) -> Object:
    spec = {"scaleTargetRef": {"kind": kind, "name": "web"}, **facts["autoscaler"]}
    return named("HorizontalPodAutoscaler", "autoscaling/v2", spec)


def seen(timeline: Timeline) -> dict[str, Any]:
    """What `expect` of a case is compared with."""
    moving = [version for version in timeline.versions if len(timeline.shares(version)) > 1]
    last = timeline.points[-1]
    return {
        "shares": {version: [plain(share) for share in timeline.shares(version)] for version in moving},
        "ready": timeline.lowest_ready,
        "serving": lowest_serving(timeline),
        "pods": timeline.highest_pods,
        "end": {"phase": last.phase, "pods": dict(last.pods), **({"pinned": last.pinned} if last.pinned else {})},
        "dips": [said(moment) for moment in timeline.dips],
        "overload": [said(moment) for moment in timeline.overload],
        "unready": [said(moment) for moment in timeline.unready],
    }


def lowest_serving(timeline: Timeline) -> int:
    """The fewest Ready pods of the versions that get traffic, from the first Ready pod on."""
    began = dropwhile(lambda point: not any(point.ready.values()), timeline.points)
    serving = (sum(point.ready.get(name, 0) for name, share in point.share.items() if share > 0) for point in began)
    return min(serving, default=0)


def plain(share: float) -> float:
    return int(share) if share == int(share) else round(share, 1)


def said(moment: Moment) -> str:
    """`v2 dip 0 %, 1 Ready`, and how long where it lasts or takes a second."""
    long = " for ever" if moment.end == float("inf") else " for a second" if moment.end - moment.start > 0.5 else ""
    version = moment.version or "nobody"
    return f"{version} {moment.type}{long}: {plain(moment.share)} % on {moment.ready} Ready"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = load(path)
    assert set(case) == KEYS - ({"app"} - set(case))
    assert seen(play(case)) == {"dips": [], "overload": [], "unready": [], **case["expect"]}
