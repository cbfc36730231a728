"""Optional objects of an app: HorizontalPodAutoscaler, PodDisruptionBudget, ServiceAccount."""

from __future__ import annotations

from typing import Any

from renderer.manifest import Manifest
from renderer.render.jobs import runs_once
from renderer.render.objects import manifest, wave
from renderer.spec import App

_METADATA = ("name", "labels", "annotations")  # of a field's object: `manifest` takes them out of its fields


def extras(app: App) -> list[Manifest]:
    """The optional objects that the spec asks for."""
    found = []
    if "autoscaling" in app.spec:
        found.append(_autoscaler(app, app.spec["autoscaling"]))
    if "disruptionBudget" in app.spec:
        found.append(_disruption_budget(app, app.spec["disruptionBudget"]))
    if "serviceAccount" in app.spec:
        found.append(_service_account(app, app.spec["serviceAccount"]))
    return found


def _autoscaler(app: App, fields: dict[str, Any]) -> Manifest:
    rollout = app.strategy.is_rollout
    target = {
        "apiVersion": "argoproj.io/v1alpha1" if rollout else "apps/v1",
        "kind": "Rollout" if rollout else "Deployment",
        "name": app.name,
    }
    spec: dict[str, Any] = {"scaleTargetRef": target}
    spec.update((key, fields[key]) for key in ("minReplicas", "maxReplicas") if key in fields)
    metrics = [_utilization(name, fields[name]) for name in ("cpu", "memory") if name in fields]
    spec["metrics"] = [*metrics, *fields.get("metrics", ())]
    if not spec["metrics"]:
        del spec["metrics"]
    if "behavior" in fields:
        spec["behavior"] = fields["behavior"]
    file = "horizontal-pod-autoscaler.yaml"
    return manifest(app, file, "autoscaling/v2", "HorizontalPodAutoscaler", {"spec": spec}, fields)


def _utilization(name: str, percent: int) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": name, "target": target}}


def _disruption_budget(app: App, fields: dict[str, Any]) -> Manifest:
    limits = {key: value for key, value in fields.items() if key not in _METADATA}
    body = {"spec": {**limits, "selector": {"matchLabels": app.selector}}}
    return manifest(app, "pod-disruption-budget.yaml", "policy/v1", "PodDisruptionBudget", body, fields)


def _service_account(app: App, fields: dict[str, Any]) -> Manifest:
    body = {key: fields[key] for key in ("automountServiceAccountToken",) if key in fields}
    if any(map(runs_once, app.spec.get("jobs", {}).values())):  # before the Jobs, which wait for it
        fields = {**fields, "annotations": {**wave(-2), **fields.get("annotations", {})}}
    return manifest(app, "service-account.yaml", "v1", "ServiceAccount", body, fields)
