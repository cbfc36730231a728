"""Edits of a spec that no verb makes: fields changed by hand, earlier states brought back, branches merged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from tests.support.plans import BASE, Spec

Edit = Callable[[Spec, Random], Mapping[str, Any]]  # fields of the spec and their new values; None takes one away

TAGS = ("1.4.0", "1.5.0", "1.6.0", "1.7.0")
WEIGHTS = (0, 1, 10, 20, 25, 33, 50, 60, 75, 90, 99, 100)
STRATEGIES: tuple[dict[str, Any], ...] = (
    {"type": "RollingUpdate"},
    {"type": "Recreate"},
    {"type": "BlueGreen"},
    {"type": "Canary"},
    {"type": "Canary", "router": "istio"},
)
LADDERS: tuple[list[dict[str, Any]] | None, ...] = (
    None,
    [{"setWeight": 10}, {"pause": {"duration": "10m"}}, {"setWeight": 50}, {"pause": {}}],
    [{"setWeight": 30}, {"pause": {"duration": "10m"}}, {"setWeight": 70}, {"pause": {}}],
)
TUNED: tuple[dict[str, Any], ...] = (
    {"maxSurge": 1},
    {"maxUnavailable": 1},
    {"minReadySeconds": 5},
    {"scaleDownDelaySeconds": 5},
    {"revisionHistoryLimit": 1},
    {"minPodsPerReplicaSet": 2},
)
PORTS: tuple[list[dict[str, Any]], ...] = (
    BASE["ports"],
    [{"name": "http", "port": 8081, "targetPort": 8080}],
    [{"name": "grpc", "port": 80, "targetPort": 8080}],
    [*BASE["ports"], {"name": "http-admin", "port": 81, "targetPort": 8080}],
    [],
)


def _weight(spec: Spec, random: Random) -> Mapping[str, Any]:
    canary = spec.get("canary") or {"tag": random.choice(TAGS)}
    return {"canary": {**canary, "weight": random.choice(WEIGHTS)}}


def _from(spec: Spec, random: Random) -> Mapping[str, Any]:
    canary = {key: value for key, value in (spec.get("canary") or {"weight": 20}).items() if key != "from"}
    from_weight = random.choice((None, canary.get("weight"), *WEIGHTS))
    return {"canary": canary if from_weight is None else {**canary, "from": from_weight}}


def _weight_and_from(spec: Spec, random: Random) -> Mapping[str, Any]:
    canary = spec.get("canary") or {"tag": random.choice(TAGS)}
    live = canary.get("weight", 20)
    return {"canary": {**canary, "weight": random.choice(WEIGHTS), "from": random.choice((live, *WEIGHTS))}}


def _flight(spec: Spec, random: Random) -> Mapping[str, Any]:
    """Started, taken out, or another version."""
    key = "preview" if spec.get("strategy", {}).get("type") == "BlueGreen" else "canary"
    weight = {} if key == "preview" or "steps" in spec.get("strategy", {}) else {"weight": random.choice(WEIGHTS)}
    kept = {**weight, **(spec.get(key) or {})}
    return {key: random.choice((None, {**weight, "tag": random.choice(TAGS)}, {**kept, "tag": random.choice(TAGS)}))}


def _promoted(spec: Spec, random: Random) -> Mapping[str, Any]:
    """The version in flight as the stable one, without what `promote` remembers."""
    state = spec.get("canary") or spec.get("preview") or {}
    previous = random.choice((None, {"tag": spec["tag"]}, {"tag": spec["tag"], "weight": random.choice(WEIGHTS)}))
    return {"tag": state.get("tag", spec["tag"]), "canary": None, "preview": None, "previous": previous}


def _strategy(spec: Spec, random: Random) -> Mapping[str, Any]:
    return {"strategy": random.choice(STRATEGIES)}


def _tuned(spec: Spec, random: Random) -> Mapping[str, Any]:
    return {"strategy": {**spec.get("strategy", {"type": "RollingUpdate"}), **random.choice(TUNED)}}


def _ladder(spec: Spec, random: Random) -> Mapping[str, Any]:
    steps = random.choice(LADDERS)
    strategy = {key: value for key, value in spec.get("strategy", {}).items() if key != "steps"}
    weightless = {key: value for key, value in (spec.get("canary") or {}).items() if key not in ("weight", "from")}
    if not steps:
        return {"strategy": strategy, "canary": {**weightless, "weight": 20} if weightless else None}
    return {"strategy": {**strategy, "steps": steps}, "canary": weightless or None}


def _autoscaling(spec: Spec, random: Random) -> Mapping[str, Any]:
    if "autoscaling" in spec:
        return {"autoscaling": None, "replicas": random.choice((1, 2, 4, 8))}
    return {"autoscaling": {"minReplicas": random.choice((1, 2, 4)), "maxReplicas": 9}, "replicas": None}


def _replicas(spec: Spec, random: Random) -> Mapping[str, Any]:
    return {} if "autoscaling" in spec else {"replicas": random.choice((0, 1, 2, 3, 4, 8, "external"))}


EDITS: dict[str, Edit] = {
    "weight": _weight,
    "from": _from,
    "weight and from": _weight_and_from,
    "version in flight": _flight,
    "promoted": _promoted,
    "tag": lambda _, random: {"tag": random.choice(TAGS)},
    "env": lambda spec, random: {"env": {**spec.get("env", {}), "LOG": random.choice(("info", "debug", "trace"))}},
    "strategy": _strategy,
    "tuned": _tuned,
    "ladder": _ladder,
    "autoscaling": _autoscaling,
    "replicas": _replicas,
    "ports": lambda _, random: {"ports": random.choice(PORTS)},
    "selector": lambda _, random: {"selector": random.choice((None, {"app": "web"}))},
    "paused": lambda _, random: {"paused": random.choice((None, True))},
    "previous": lambda _, random: {
        "previous": random.choice((None, {"tag": "1.4.1", "weight": random.choice(WEIGHTS)}))
    },
    "migration": lambda _, random: {"migration": random.choice((None, {"from": random.choice(STRATEGIES)}))},
    "headers": lambda _, random: {"istio": random.choice((None, {"canaryHeaders": {"x-canary": "1"}}))},
    "restart": lambda _, random: {"restartedAt": f"2026-01-01T00:00:{random.randrange(60):02}Z"},
}


def edited(spec: Spec, random: Random, name: str) -> Spec:
    """The spec after one edit of the name."""
    merged = {**spec, **EDITS[name](spec, random)}
    return {key: value for key, value in merged.items() if value is not None}


def merged(base: Spec, ours: Spec, theirs: Spec) -> Spec:
    """What Git makes of two branches: their changes of a field over ours, ours where they changed nothing."""
    found = dict(ours)
    for key in dict.fromkeys((*base, *theirs)):
        if base.get(key) != theirs.get(key):
            found[key] = theirs.get(key)
    return {key: value for key, value in found.items() if value is not None}
