"""The lab's metrics API: how much CPU it says that each pod uses."""

from __future__ import annotations

from typing import Any

from tests.engines.autoscaler import is_needed, usage
from tests.engines.scenario import scenarios
from tests.engines.timeline import Point

Object = dict[str, Any]


def pod(name: str, version: str, *, is_ready: bool = True, ends: bool = False) -> Object:
    meta: Object = {"name": name, "labels": {"version": version}, **({"deletionTimestamp": "now"} if ends else {})}
    containers = [{"name": "web"}, {"name": "sidecar"}]
    conditions = [{"type": "Ready", "status": str(is_ready)}]
    return {"metadata": meta, "spec": {"containers": containers}, "status": {"conditions": conditions}}


def used(pods: list[Object], point: Point, cost: float) -> dict[str, list[str]]:
    return {
        found["metadata"]["name"]: [each["usage"]["cpu"] for each in found["containers"]]
        for found in usage(pods, point, cost)
    }


def at(share: dict[str, float], ready: dict[str, int]) -> Point:
    return Point(share, ready, ready, sum(ready.values()), 1, None, "Paused", None, ())


def test_a_pod_uses_its_part_of_the_share_of_its_version() -> None:
    point = at({"v1": 80, "v2": 20}, {"v1": 2, "v2": 1})
    assert used([pod("a", "v1"), pod("b", "v1"), pod("c", "v2")], point, 500) == {
        "a": ["200m", "0m"],
        "b": ["200m", "0m"],
        "c": ["100m", "0m"],
    }


def test_a_preview_uses_nothing() -> None:
    assert used([pod("a", "v1"), pod("b", "v2")], at({"v1": 100}, {"v1": 1, "v2": 1}), 300)["b"] == ["0m", "0m"]


def test_pods_that_are_not_ready_or_end_have_no_metrics() -> None:
    pods = [pod("a", "v1", is_ready=False), pod("b", "v1", ends=True), pod("c", "v1")]
    assert list(used(pods, at({"v1": 100}, {"v1": 1}), 100)) == ["c"]


def test_it_is_needed_where_the_load_changes() -> None:
    known = scenarios()
    assert is_needed([known["autoscaler-load-bluegreen"]])
    assert not is_needed([known["release-canary-istio"], known["release-canary-istio-autoscaling"]])
