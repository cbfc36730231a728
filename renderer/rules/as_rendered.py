"""An app with the numbers of its rendered manifests: patches and templates may change what a release depends on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from renderer.rules.finding import Scene
from renderer.spec import App

_SURGE = ("maxSurge", "maxUnavailable")
_BOUNDS = ("minReplicas", "maxReplicas")


def as_rendered(app: App, scene: Scene) -> App:
    """The app with the counts of pods, and how many may be more or fewer, as its manifests have them."""
    spec: dict[str, Any] = {}  # what differs
    fields: dict[str, Any] = {}
    given = app.spec
    for body in _bodies(scene, "Rollout" if app.strategy.is_rollout else "Deployment", app.name):
        if isinstance(body.get("replicas"), int) and isinstance(given.get("replicas", 1), int):
            spec["replicas"] = body["replicas"]
        strategy = body.get("strategy") or {}
        surge = strategy.get("canary") or strategy.get("rollingUpdate") or {}
        fields.update((key, surge[key]) for key in _SURGE if key in surge)
    scaler = given["autoscaling"].get("name", app.name) if "autoscaling" in given else ""
    for body in _bodies(scene, "HorizontalPodAutoscaler", scaler) if scaler else ():
        bounds = {key: body[key] for key in _BOUNDS if key in body}
        spec["autoscaling"] = {**spec.get("autoscaling", given["autoscaling"]), **bounds}
    own = app.strategy.fields
    if spec.items() <= given.items() and fields.items() <= own.items():
        return app
    return app._replace(spec={**given, **spec}, strategy=app.strategy._replace(fields={**own, **fields}))


def _bodies(scene: Scene, kind: str, name: str) -> list[Mapping[str, Any]]:
    """The `spec` of each object of the kind and name."""
    return [each.data.get("spec") or {} for each in scene.of(kind) if each.name == name]
