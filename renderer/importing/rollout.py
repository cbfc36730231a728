"""The strategy of a Rollout as fields of a spec; a Rollout that rollspec cannot drive is refused as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from renderer.facts import copied
from renderer.importing.own import role_metadata
from renderer.release.rungs import wait_of, weights_in
from renderer.spec import strategy_of

_ROUTERS = ("istio", "managedRoutes")
_ANALYSIS = ("templates", "args", "startingStep", "dryRun", "measurementRetention")
_BY_HAND = ("setCanaryScale", "setMirrorRoute", "experiment", "plugin")


class NotLifted(Exception):  # noqa: N818 - an outcome: the objects stay as they are
    """Why a workload is not turned into an app."""


def lifted_strategy(spec: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The `strategy` of a Rollout's spec, and sentences about what changes. Raises NotLifted."""
    given = spec.get("strategy") or {}
    found: dict[str, Any] = {}
    if "analysis" in spec:
        found["analysisRunHistory"] = spec["analysis"]
    found.update((key, spec[key]) for key in copied("Strategy", "workload") if key in spec)
    if "canary" in given:
        canary, notes = _canary(given["canary"] or {})
        return {"type": "Canary", **canary, **found}, notes
    if "blueGreen" in given:
        blue_green, notes = _blue_green(given["blueGreen"] or {})
        return {"type": "BlueGreen", **blue_green, **found}, notes
    raise NotLifted("its Rollout has neither `canary` nor `blueGreen`")


def strategy_services(spec: Mapping[str, Any]) -> list[str]:
    """The Services that a Rollout's strategy names."""
    return [*stable_services(spec), *([preview_service(spec)] if preview_service(spec) else [])]


def stable_services(spec: Mapping[str, Any]) -> list[str]:
    """The Service of a Rollout that serves everyone, if its strategy names one."""
    given = spec.get("strategy") or {}
    names = [(given.get("blueGreen") or {}).get("activeService"), (given.get("canary") or {}).get("stableService")]
    return [str(name) for name in names if name]


def preview_service(spec: Mapping[str, Any]) -> str:
    """The Service that serves only the new version."""
    strategy = spec.get("strategy") or {}
    name = (strategy.get("blueGreen") or {}).get("previewService")
    return str(name or (strategy.get("canary") or {}).get("canaryService") or "")


def _canary(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    routing = data.get("trafficRouting") or {}
    others = [key for key in routing if key not in _ROUTERS]
    if others:
        raise NotLifted(f"its router is {', '.join(others)}, which rollspec does not drive")
    if "pingPong" in data:
        raise NotLifted("it uses ping-pong Services, which rollspec does not drive")
    if "virtualServices" in (routing.get("istio") or {}):
        raise NotLifted("its Rollout edits several VirtualServices")
    steps = data.get("steps") or []
    for step in steps:
        hand = next((key for key in _BY_HAND if key in step), None)
        if hand:
            raise NotLifted(f"its step list has a step `{hand}`, which rollspec does not drive")
    found: dict[str, Any] = {"router": "istio", "trafficRouting": routing} if routing else {}
    found.update((key, data[key]) for key in ("maxSurge",) if key in data)
    if data.get("maxUnavailable", "25%") != 0:
        found["maxUnavailable"] = data.get("maxUnavailable", "25%")
    found.update((key, data[key]) for key in copied("Strategy", "canary") if key in data)
    found |= role_metadata(data, "stable", "canary")
    if data.get("analysis"):
        found["analysis"] = {key: value for key, value in data["analysis"].items() if key in _ANALYSIS}
    return {**found, **_ladder(steps)}, _about_steps(steps)


def _ladder(steps: list[dict[str, Any]]) -> dict[str, Any]:
    if steps in ([], [{"setWeight": 100}]):  # the second is what rollspec writes while nothing is in flight
        return {}
    return {"steps": steps} if _holds(steps) else {"steps": steps, "autoPromotionEnabled": True}


def _holds(steps: list[dict[str, Any]]) -> bool:
    """Whether the list ends, before all traffic, in a pause that somebody must end."""
    weights = weights_in(steps)
    last = steps[-1].get("pause")
    return last is not None and "duration" not in last and (not weights or weights[-1] < 100)


def _about_steps(steps: list[dict[str, Any]]) -> list[str]:
    wait = wait_of(strategy_of({"type": "Canary", **_ladder(steps)}))
    if wait:
        return [
            f"its ladder waits at {wait.weight} % in a pause without a duration, and `promote` cannot continue it: "
            "give the pause a `duration`, or end the ladder there, without `autoPromotionEnabled`"
        ]
    if steps and (not _holds(steps) or steps == [{"setWeight": 100}]):
        return []
    what = "has no steps" if not steps else "ends in a pause"
    idle = "while nothing is in flight, rollspec writes `setWeight: 100`, which moves no traffic"
    return [f"its step list {what}: {idle}"]


def _blue_green(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    found: dict[str, Any] = {}
    if data.get("maxUnavailable", "25%") != 0:
        found["maxUnavailable"] = data.get("maxUnavailable", "25%")
    found.update((key, data[key]) for key in copied("Strategy", "blueGreen") if key in data)
    found |= role_metadata(data, "active", "preview")
    if data.get("previewService"):
        found["previewService"] = data["previewService"]
    if data.get("autoPromotionEnabled", True):
        return found, []
    sentence = "rollspec writes `autoPromotionEnabled: true` while nothing is in flight; `release` holds a preview"
    return found, [sentence]
