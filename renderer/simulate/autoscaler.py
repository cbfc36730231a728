"""The HorizontalPodAutoscaler: it looks every 15 s, and keeps the replicas within its bounds."""

from __future__ import annotations

from dataclasses import replace

from renderer.simulate.record import Edit
from renderer.simulate.state import NEVER, Autoscaler, Deployment, Rollout, World

PERIOD = 15.0


def autoscalers(edit: Edit) -> None:
    """One pass over all autoscalers; what they must change waits for their next look."""
    for key, one in edit.world.autoscalers.items():
        workload = _workload(edit.world, one.target)
        wanted = _wanted(edit, one, workload)
        due = NEVER
        if workload and wanted != workload.replicas:
            due = edit.world.now + PERIOD if one.due == NEVER else one.due
            if due <= edit.world.now:
                workload.replicas = wanted
                due = NEVER
                edit.wrote()
        edit.world.autoscalers[key] = replace(one, due=due)


def _workload(world: World, target: str) -> Rollout | Deployment | None:
    kind, _, key = target.partition(" ")
    return world.rollouts.get(key) if kind == "Rollout" else world.deployments.get(key)


def _wanted(edit: Edit, one: Autoscaler, workload: Rollout | Deployment | None) -> int:
    """Within the bounds; 0 replicas switch an autoscaler off."""
    if workload is None or workload.replicas == 0:
        return 0
    asked = workload.replicas if edit.options.autoscaled is None else edit.options.autoscaled
    return min(max(asked, one.least), one.most)
