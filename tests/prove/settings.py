"""What is tried: the strategies with their options, and how time and the engines behave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from renderer.simulate import Options
from tests.prove.sequences import AT_ONCE, AT_REST, BAD, Setting
from tests.support.plans import ISTIO, Spec, spec

_RUNGS = [{"setWeight": 10}, {"pause": {"duration": "10m"}}, {"setWeight": 50}]
_LADDER = {**ISTIO, "steps": [*_RUNGS, {"pause": {}}]}
_BY_ITSELF = {**ISTIO, "steps": [*_RUNGS, {"setWeight": 100}], "autoPromotionEnabled": True}
_REPLICA = {"type": "Canary"}
_BLUE_GREEN = {"type": "BlueGreen"}
_HEADERS = {"canaryHeaders": {"x-canary": "1"}}
_AUTOSCALED: Spec = {"replicas": None, "autoscaling": {"minReplicas": 4, "maxReplicas": 9, "cpu": 70}}
STRATEGIES: dict[str, Spec] = {
    "rolling": spec(),
    "recreate": spec(strategy={"type": "Recreate"}),
    "bluegreen": spec(strategy=_BLUE_GREEN),
    "replica": spec(strategy=_REPLICA, replicas=10),
    "istio": spec(strategy=ISTIO),
    "ladder": spec(strategy=_LADDER),
    "ladder by itself": spec(strategy=_BY_ITSELF),
    "worker": spec(strategy=_REPLICA, replicas=10, ports=[]),
}
_OPTIONS: dict[str, tuple[dict[str, Any], ...]] = {
    "rolling": ({"maxSurge": 1}, {"minReadySeconds": 5}),
    "bluegreen": ({"previewReplicaCount": 1}, {"scaleDownDelaySeconds": 5}, {"abortScaleDownDelaySeconds": 0}),
    "replica": ({"maxSurge": 1}, {"minReadySeconds": 5}),
    "istio": (
        {"minPodsPerReplicaSet": 2},
        {"scaleDownDelaySeconds": 5},
        {"abortScaleDownDelaySeconds": 0},
        {"minReadySeconds": 5},
        {"rollbackWindow": {"revisions": 1}},
    ),
}
_CRASHES = Options(never_ready=frozenset((BAD,)))
_BUSY = Options(autoscaled=9)


def settings(deepest: int) -> Iterator[tuple[Setting, int]]:
    """Each setting and its depth: `deepest` for a strategy as it is, less where more is tried at each step."""
    for name, first in STRATEGIES.items():
        yield Setting(f"{name}", first), deepest
        yield Setting(f"{name}, 2 or 60 s between", first, waits=(AT_REST, AT_ONCE)), deepest - 1
        yield Setting(f"{name}, the controller aborts, pods never Ready", first, _CRASHES, events=True), deepest - 1
        if name in ("replica", "istio", "bluegreen"):
            crashes = Setting(f"{name}, switches, pods never Ready", first, _CRASHES, events=True, switches=True)
            yield crashes, deepest - 2
        if name != "worker":
            yield Setting(f"{name}, switches", first, switches=True), deepest - 2
        for options in _OPTIONS.get(name, ()):
            tuned = {**first, "strategy": {**first.get("strategy", {"type": "RollingUpdate"}), **options}}
            words = ", ".join(f"{key} {value}" for key, value in options.items())
            yield Setting(f"{name}, {words}", tuned), deepest - 2
    yield Setting("istio, canaryHeaders", spec(strategy=ISTIO, istio=_HEADERS)), deepest - 1
    for name, strategy in (("istio", ISTIO), ("replica", _REPLICA), ("bluegreen", _BLUE_GREEN)):
        first = spec(strategy=strategy, **_AUTOSCALED)
        yield Setting(f"{name}, an autoscaler at its maximum", first, _BUSY), deepest - 2
