"""A Deployment or a Rollout itself -> `namespace`, `replicas`, `paused`, `selector`, `workload` and `strategy`."""

from __future__ import annotations

from typing import Any

from renderer.importing.lifted import Lifted
from renderer.importing.own import scaled_by_others, without_own_annotations
from renderer.importing.rollout import lifted_strategy
from renderer.importing.workload import TIME, Workload
from renderer.manifest import SYNC_OPTIONS

_COUNTS = ("minReadySeconds", "progressDeadlineSeconds", "revisionHistoryLimit")


def workload_fields(workload: Workload, app: Lifted) -> Lifted:
    """The fields of the Deployment or the Rollout, but not its strategy."""
    source, spec = workload.group.workload, workload.spec
    found: dict[str, Any] = {}
    if source.namespace:
        found["namespace"] = source.namespace
    if "replicas" in spec:
        found["replicas"] = spec["replicas"]
    if spec.get("paused"):
        found["paused"] = True
    if not workload.has_default_selector:
        found["selector"] = workload.selector
    if scaled_by_others(source) and not workload.scalers:
        found["replicas"] = "external"
    if TIME.fullmatch(str(spec.get("restartAt", ""))):
        found["restartedAt"] = spec["restartAt"]
    annotations = without_own_annotations(source.data["metadata"].get("annotations"))
    annotations.pop(SYNC_OPTIONS, None)  # rollspec writes those of the workload: a patch keeps other ones
    if annotations:
        found["workload"] = {"annotations": annotations}
    return app.plus(found)


def strategy_fields(workload: Workload, app: Lifted) -> Lifted:
    """`strategy`, and the preview Services that it names."""
    if workload.group.workload.kind == "Rollout":
        return _of_rollout(workload, app)
    strategy = _of_deployment(workload)
    return app.plus({"strategy": strategy}) if strategy else app


def _of_deployment(workload: Workload) -> dict[str, Any]:
    given = workload.spec.get("strategy") or {}
    strategy: dict[str, Any] = {key: workload.spec[key] for key in _COUNTS if key in workload.spec}
    if given.get("type") == "Recreate":
        return {"type": "Recreate", **strategy}
    surge = given.get("rollingUpdate") or {}
    strategy.update({"maxSurge": surge["maxSurge"]} if "maxSurge" in surge else {})
    if surge.get("maxUnavailable", "25%") != 0:
        strategy["maxUnavailable"] = surge.get("maxUnavailable", "25%")
    return strategy


def _of_rollout(workload: Workload, app: Lifted) -> Lifted:
    strategy, notes = lifted_strategy(workload.spec)
    if strategy["type"] != "BlueGreen":
        return app.plus({"strategy": strategy}, notes=notes)
    name = strategy.get("previewService")
    previews = [(each, "`strategy.previewService`") for each in workload.group.of("Service") if each.name == name]
    if workload.service and name == f"{workload.service.name}-preview":
        del strategy["previewService"]
    return app.plus({"strategy": strategy}, previews, notes)
