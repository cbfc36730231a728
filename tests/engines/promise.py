"""What the specs that were applied promise: how many pods are Ready at the least, and how exact the shares are."""

from __future__ import annotations

from .api import Object
from .play import Recording


def floor(recording: Recording, number: int) -> int:
    """The fewest Ready pods that the strategies of all workloads promise, as of an edit."""
    workloads: dict[str, int] = {}
    for played in recording.played[: number + 1]:
        for made in played.applied:
            if made["kind"] in ("Deployment", "Rollout"):
                workloads[made["kind"]] = promised(made["spec"], workloads.get(made["kind"], 1))
        for gone in played.deleted:
            workloads.pop(gone.partition("/")[0], None)
        if played.edit.event.startswith("scale "):
            workloads["Rollout"] = min(workloads["Rollout"], int(played.edit.event.split()[1]))
    return min(workloads.values(), default=0)


def promised(spec: Object, before: int) -> int:
    """What `replicas` and `maxUnavailable` leave of a workload's spec; under an autoscaler as many as before."""
    if "replicas" not in spec:
        return before
    replicas = int(spec["replicas"])
    strategy = spec["strategy"]
    if strategy.get("type") == "Recreate":
        return replicas
    options = strategy.get("canary") or strategy.get("rollingUpdate") or {}
    lacking = str(options.get("maxUnavailable", 0))
    return replicas - (replicas * int(lacking[:-1]) // 100 if lacking.endswith("%") else int(lacking))


def during_edit(recording: Recording, number: int) -> int:
    """The fewest Ready pods that are promised while an edit is carried out: of what was before and what comes."""
    return min(floor(recording, number - 1), floor(recording, number))


def routed(recording: Recording, number: int) -> bool:
    """Whether weights in a VirtualService decide the shares, from before an edit on."""
    return "trafficRouting" in strategy_before(recording, number).get("canary", {})


def slack(recording: Recording, number: int) -> float:
    """Percent that shares may be off: one pod more or less where pods give them, nothing where the controller does."""
    if routed(recording, number) or "blueGreen" in strategy_before(recording, number):
        return 0.0
    return 100.0 / max(1, during_edit(recording, number))


def strategy_before(recording: Recording, number: int) -> Object:
    """The strategy of the Rollout that was there before an edit; empty: there was none."""
    found: Object = {}
    for played in recording.played[:number]:
        for made in played.applied:
            if made["kind"] == "Rollout":
                found = made["spec"]["strategy"]
        if any(name.startswith("Rollout/") for name in played.deleted):
            found = {}
    return found
