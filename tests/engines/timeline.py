"""From watched objects to a timeline: each version's share and pods, and what the controller says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from .api import Event, Object

HASH = "rollouts-pod-template-hash"
Objects = dict[str, dict[str, Object]]


@dataclass(frozen=True)
class Point:
    """The state of one application at one time; numbers by version (label `version` of the pods)."""

    share: dict[str, float]  # percent of the traffic
    ready: dict[str, int]  # pods that are Ready and not ending
    pods: dict[str, int]  # pods that are not ending
    serving: int  # Ready pods behind all destinations that get traffic
    behind: int  # fewest Ready pods behind a destination that gets traffic; 0 when one gets traffic and has none
    pinned: str | None  # the version that requests with the header go to
    phase: str | None  # of the Rollout
    step: int | None
    revisions: tuple[str, ...]  # hashes of all ReplicaSets of the Rollout


def timeline(events: Iterable[Event], app: str = "web") -> list[tuple[float, Point]]:
    """(time, state) at every change of the state; times never go back, though watches race a little."""
    objects: Objects = {}
    out: list[tuple[float, Point]] = []
    latest = 0.0
    for event in events:
        latest = max(latest, event.time)
        kept = objects.setdefault(event.kind, {})
        if event.gone:
            kept.pop(event.name, None)
        else:
            kept[event.name] = event.object
        point = state(objects, app)
        if not out or out[-1][1] != point:
            out.append((latest, point))
    return out


def state(objects: Objects, app: str) -> Point:
    """The application's state from all its objects."""
    pods = [
        pod
        for pod in objects.get("Pod", {}).values()
        if not ending(pod) and labels(pod).get("app.kubernetes.io/name") == app
    ]
    ready = [pod for pod in pods if is_ready(pod)]
    shares, serving, behind = traffic(objects, app, ready)
    rollout: Object = objects.get("Rollout", {}).get(app, {})
    status = rollout.get("status", {})
    return Point(
        share=shares,
        ready=count(ready),
        pods=count(pods),
        serving=serving,
        behind=behind,
        pinned=pinned(objects, app),
        phase=status.get("phase"),
        step=status.get("currentStepIndex"),
        revisions=tuple(sorted(hashes(objects))),
    )


def traffic(objects: Objects, app: str, ready: list[Object]) -> tuple[dict[str, float], int, int]:
    """Share by version, the Ready pods behind all destinations with traffic, and the fewest behind one."""
    service = objects.get("Service", {}).get(app)
    if not service:
        return {}, 0, 0
    rule: Object = objects.get("DestinationRule", {}).get(app, {"spec": {}})
    subsets = {subset["name"]: subset.get("labels") or {} for subset in rule["spec"].get("subsets", [])}
    versions = hashes(objects)
    share: dict[str, float] = {}
    behind: list[set[str]] = []
    for subset, weight in routes(objects.get("VirtualService", {}).get(app)):
        wanted = {**(service["spec"].get("selector") or {}), **subsets.get(subset or "", {})}
        found = [pod for pod in ready if wanted.items() <= labels(pod).items()]
        behind.append({str(pod["metadata"]["name"]) for pod in found})
        known = versions.get(wanted.get(HASH, ""))
        if subset and known:
            share[known] = share.get(known, 0) + weight
        elif found:
            for version, number in count(found).items():
                share[version] = share.get(version, 0) + weight * number / len(found)
    serving = set[str]().union(*behind)
    fewest = min((len(names) for names in behind), default=0)
    return {version: tidy(share[version]) for version in sorted(share)}, len(serving), fewest


def pinned(objects: Objects, app: str) -> str | None:
    """The version behind the managed route for requests with a header, while there is one."""
    found = objects.get("VirtualService", {}).get(app, {"spec": {}})["spec"].get("http") or []
    rule: Object = objects.get("DestinationRule", {}).get(app, {"spec": {}})
    subsets = {subset["name"]: (subset.get("labels") or {}).get(HASH, "") for subset in rule["spec"].get("subsets", [])}
    names = [r["route"][0]["destination"].get("subset", "") for r in found if r.get("name") == "pinned"]
    return hashes(objects).get(subsets.get(names[0], "")) if names else None


def routes(virtual_service: Object | None) -> list[tuple[str | None, float]]:
    """(subset, weight) of the destinations of the route without a header match that get traffic."""
    if not virtual_service or not virtual_service["spec"].get("http"):
        return [(None, 100)]
    listed = virtual_service["spec"]["http"][-1]["route"]
    weighed = [(d["destination"].get("subset"), d.get("weight", 100 if len(listed) == 1 else 0)) for d in listed]
    return [(subset, weight) for subset, weight in weighed if weight]


def hashes(objects: Objects) -> dict[str, str]:
    """Version by pod template hash, of the Rollout's ReplicaSets."""
    found = {}
    for owned in objects.get("ReplicaSet", {}).values():
        if value := labels(owned).get(HASH):
            found[value] = str(owned["spec"]["template"]["metadata"]["labels"].get("version", "?"))
    return found


def labels(thing: Object) -> dict[str, str]:
    """An object's labels."""
    found: dict[str, str] = thing["metadata"].get("labels") or {}
    return found


def ending(pod: Object) -> bool:
    """Whether the pod is being deleted."""
    return bool(pod["metadata"].get("deletionTimestamp"))


def is_ready(pod: Object) -> bool:
    """Whether the pod's condition Ready is True."""
    conditions = pod.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def count(pods: Iterable[Object]) -> dict[str, int]:
    """Pods by version."""
    return dict(sorted(Counter(labels(pod).get("version", "?") for pod in pods).items()))


def tidy(value: float) -> float:
    """Rounded to a tenth, and an int where it is one."""
    rounded = round(value, 1)
    return int(rounded) if rounded == int(rounded) else rounded


def trace_point(point: Point, at: float) -> dict[str, Any]:
    """One point as traces hold it."""
    facts = asdict(point)
    return {"t": round(at, 2), **{key: facts[key] for key in ("share", "ready", "pods", "phase", "step")}}


def between(points: list[tuple[float, Point]], start: float, end: float) -> list[tuple[float, Point]]:
    """The state at `start`, and every change until `end`."""
    before = [point for at, point in points if at <= start]
    after = [(at, point) for at, point in points if start < at <= end]
    return [(start, before[-1]), *after] if before else after
