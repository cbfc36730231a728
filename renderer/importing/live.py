"""What the status of live Rollouts and their ReplicaSets say: the stable version of a release in flight."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from renderer.importing.source import SourceObject
from renderer.manifest import ROLLOUT_HASH, Object

_Key = tuple[str, str]


def is_in_flight(workload: SourceObject) -> bool:
    """Whether a live Rollout runs two versions: its template is not the stable one then."""
    stable, current = (workload.status.get(key) for key in ("stableRS", "currentPodHash"))
    return workload.kind == "Rollout" and bool(stable and current) and stable != current


def with_live_state(objects: Iterable[SourceObject], replica_sets: Iterable[Object]) -> tuple[SourceObject, ...]:
    """The objects: a Rollout in flight with its stable pod template, and routes with the weights of an idle Rollout."""
    objects = [*objects]
    templates = {(_namespace(each), _hash(each)): each["spec"]["template"] for each in replica_sets if _hash(each)}
    routed = {(each.namespace, name): each for each in objects if each.status for name in _routes_of(each)}
    return tuple(_settled(each, templates, routed) for each in objects)


def _settled(
    each: SourceObject, templates: Mapping[_Key, Mapping[str, Any]], routed: Mapping[_Key, SourceObject]
) -> SourceObject:
    if is_in_flight(each):
        template = templates.get((each.namespace, str(each.status["stableRS"])))
        return replace(each, stable=_without_hash(template)) if template else each
    rollout = routed.get((each.namespace, each.name)) if each.kind == "VirtualService" else None
    if rollout is None:
        return each
    spec = {
        key: [_idle(route, rollout) for route in value] if key == "http" else value for key, value in each.spec.items()
    }
    return replace(each, data={**each.data, "spec": spec})


def _routes_of(rollout: SourceObject) -> Iterator[str]:
    routing = _canary(rollout).get("trafficRouting") or {}
    name = ((routing.get("istio") or {}).get("virtualService") or {}).get("name")
    if rollout.kind == "Rollout" and name:
        yield str(name)


def _canary(rollout: SourceObject) -> dict[str, Any]:
    found: dict[str, Any] = (rollout.spec.get("strategy") or {}).get("canary") or {}
    return found


def _idle(route: Mapping[str, Any], rollout: SourceObject) -> Mapping[str, Any]:
    """The route with all its traffic on the stable version, which the controller divides during a release."""
    canary = _canary(rollout)
    rule = canary["trafficRouting"]["istio"].get("destinationRule") or {}
    names: Sequence[Any] = (rule.get("stableSubsetName"), canary.get("stableService"))
    others: Sequence[Any] = (rule.get("canarySubsetName"), canary.get("canaryService"))
    found = route.get("route") or []
    weights = [_weight(each.get("destination") or {}, names, others) for each in found]
    if sorted(weights) != [0, 100]:
        return route
    return {**route, "route": [{**each, "weight": weight} for each, weight in zip(found, weights, strict=True)]}


def _weight(destination: Mapping[str, Any], stable: Sequence[Any], canary: Sequence[Any]) -> int:
    """100 for the stable version, 0 for the canary, and -1 for anything else."""
    said = destination.get("subset") or str(destination.get("host", "")).partition(".")[0]
    return 100 if said in stable else 0 if said in canary else -1


def _namespace(data: Object) -> str:
    return str(data["metadata"].get("namespace") or "")


def _hash(data: Object) -> str:
    labels = data["metadata"].get("labels") or {}
    return str(labels.get(ROLLOUT_HASH, "")) if isinstance((data.get("spec") or {}).get("template"), dict) else ""


def _without_hash(template: Mapping[str, Any]) -> dict[str, Any]:
    metadata = template.get("metadata") or {}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != ROLLOUT_HASH}
    kept = {key: value for key, value in metadata.items() if key != "creationTimestamp"}
    return {**template, "metadata": {**kept, "labels": labels}}
