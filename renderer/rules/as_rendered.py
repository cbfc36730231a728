"""An app with what patches and templates changed in the numbers that a release goes by: the cluster gets those."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from renderer.manifest import Manifest
from renderer.spec import App

_SURGE = ("maxSurge", "maxUnavailable")
_BOUNDS = ("minReplicas", "maxReplicas")


def as_rendered(app: App, manifests: Iterable[Manifest]) -> App:
    """The app with the counts of pods, and how many may be more or fewer, as its manifests have them."""
    spec, fields = dict(app.spec), dict(app.strategy.fields)
    kind = "Rollout" if app.strategy.is_rollout else "Deployment"
    for manifest in manifests:
        body = manifest.data.get("spec") or {}
        if manifest.kind == kind and manifest.name == app.name:
            if isinstance(body.get("replicas"), int) and isinstance(spec.get("replicas", 1), int):
                spec["replicas"] = body["replicas"]
            surge = _surge(body.get("strategy") or {})
            fields.update((key, surge[key]) for key in _SURGE if key in surge)
        elif "autoscaling" in spec and _is_scaler(manifest, spec["autoscaling"].get("name", app.name)):
            bounds = {key: body[key] for key in _BOUNDS if key in body}
            spec["autoscaling"] = {**spec["autoscaling"], **bounds}
    return replace(app, spec=spec, strategy=replace(app.strategy, fields=fields))


def _is_scaler(manifest: Manifest, name: str) -> bool:
    return manifest.kind == "HorizontalPodAutoscaler" and manifest.name == name


def _surge(strategy: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = strategy.get("canary") or strategy.get("rollingUpdate") or {}
    return found
