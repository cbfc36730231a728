"""The workload: a Deployment or a Rollout, and both during a migration from one to the other."""

from __future__ import annotations

from typing import Any

from renderer.checks import ANALYSES
from renderer.facts import copied
from renderer.manifest import Manifest
from renderer.release import steps_of
from renderer.render.analysis import analysis_of
from renderer.render.istio import traffic_routing
from renderer.render.objects import PRUNE_LAST, SERVER_SIDE_APPLY, manifest
from renderer.render.pods import pod_template
from renderer.render.service import preview_name
from renderer.spec import App, Strategy

ROLE = "rollspec/role"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


def workloads(app: App) -> list[Manifest]:
    """The workload of the app's strategy; during a `migration`, the old workload too."""
    found = [_workload(app, app.strategy)]
    if app.migrating_from is not None and app.migrating_from.is_rollout != app.strategy.is_rollout:
        found.append(_workload(app, app.migrating_from))
    return found


def _workload(app: App, strategy: Strategy) -> Manifest:
    options = SERVER_SIDE_APPLY if app.scaled_by_others else PRUNE_LAST
    given = app.spec.get("workload", {})
    own = {"labels": given.get("labels"), "annotations": {**given.get("annotations", {}), **options}}
    if strategy.is_rollout:
        body = {"spec": _rollout(app, strategy)}
        return manifest(app, "rollout.yaml", "argoproj.io/v1alpha1", "Rollout", body, own)
    body = {"spec": _deployment(app, strategy)}
    return manifest(app, "deployment.yaml", "apps/v1", "Deployment", body, own)


def _common(app: App, strategy: Strategy) -> dict[str, Any]:
    spec: dict[str, Any] = {}
    if isinstance(app.spec.get("replicas"), int):
        spec["replicas"] = app.spec["replicas"]
    elif "autoscaling" not in app.spec and "replicas" not in app.spec:
        spec["replicas"] = 1
    spec.update((key, strategy.fields[key]) for key in copied("Strategy", "workload") if key in strategy.fields)
    if app.spec.get("paused"):
        spec["paused"] = True
    spec["selector"] = {"matchLabels": app.selector}
    return spec


def _deployment(app: App, strategy: Strategy) -> dict[str, Any]:
    spec = _common(app, strategy)
    spec["strategy"] = _deployment_strategy(strategy)
    spec["template"] = pod_template(app, app.stable)
    if "restartedAt" in app.spec:
        spec["template"]["metadata"].setdefault("annotations", {})[RESTARTED_AT] = app.spec["restartedAt"]
    return spec


def _deployment_strategy(strategy: Strategy) -> dict[str, Any]:
    if strategy.type == "Recreate":
        return {"type": "Recreate"}
    return {"type": "RollingUpdate", "rollingUpdate": _surge(strategy)}


def _surge(strategy: Strategy) -> dict[str, Any]:
    return {
        "maxSurge": strategy.fields.get("maxSurge", "25%"),
        "maxUnavailable": strategy.fields.get("maxUnavailable", 0),
    }


def _rollout(app: App, strategy: Strategy) -> dict[str, Any]:
    spec = _common(app, strategy)
    if "analysisRunHistory" in strategy.fields:
        spec["analysis"] = strategy.fields["analysisRunHistory"]
    if "restartedAt" in app.spec:
        spec["restartAt"] = app.spec["restartedAt"]
    build = _canary if strategy.type == "Canary" else _blue_green
    spec["strategy"] = build(app, strategy)
    spec["template"] = pod_template(app, app.running)
    return spec


def _canary(app: App, strategy: Strategy) -> dict[str, Any]:
    canary = _surge(strategy)
    canary.update((key, strategy.fields[key]) for key in copied("Strategy", "canary") if key in strategy.fields)
    canary.update(_roles(strategy, "stable", "canary"))
    if strategy.is_routed:
        canary["trafficRouting"] = strategy.fields.get("trafficRouting") or traffic_routing(app)
    elif app.becomes_blue_green:
        canary["stableService"] = app.service_name
    analysis = analysis_of(app, strategy)
    if analysis:
        canary["analysis"] = analysis
    canary["steps"] = steps_of(app)
    return {"canary": canary}


def _blue_green(app: App, strategy: Strategy) -> dict[str, Any]:
    blue_green: dict[str, Any] = {
        "activeService": app.service_name,
        "previewService": preview_name(app),
        "autoPromotionEnabled": app.preview is None,
        "maxUnavailable": strategy.fields.get("maxUnavailable", 0),
    }
    blue_green.update((key, strategy.fields[key]) for key in copied("Strategy", "blueGreen") if key in strategy.fields)
    blue_green.update((key, analysis_of(app, strategy, key)) for key in ANALYSES if key in blue_green)
    blue_green.update(_roles(strategy, "active", "preview"))
    return {"blueGreen": blue_green}


def _roles(strategy: Strategy, *roles: str) -> dict[str, Any]:
    """What the controller adds to the pods of each role: the label of ours, or what the spec has instead."""
    given = {f"{role}Metadata": strategy.fields.get(f"{role}Metadata", {"labels": {ROLE: role}}) for role in roles}
    return {key: value for key, value in given.items() if value}
