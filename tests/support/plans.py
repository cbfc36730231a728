"""Sides of a comparison made straight from effective specs, without files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from renderer.overlay import Document, Effective, Layer
from renderer.plan import Side
from renderer.release.fold import applied, changes
from renderer.render import bootstrap, render
from renderer.spec import app_of

Spec = dict[str, Any]

BASE: Spec = {
    "image": "ghcr.io/acme/web",
    "tag": "1.4.2",
    "replicas": 4,
    "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
    "env": {"LOG": "info"},
}
ISTIO = {"type": "Canary", "router": "istio"}


def spec(**fields: Any) -> Spec:
    """The base spec with other fields; None takes one away."""
    merged = {**BASE, **fields}
    return {key: value for key, value in merged.items() if value is not None}


def side(
    data: Spec, *, name: str = "web", overlay: Mapping[str, Any] | None = None, project: Mapping[str, Any] | None = None
) -> Side:
    """The side of one effective spec."""
    metadata = {"name": name}
    level = (project or {}).get("renderLevel", 1)
    app = app_of(name, "production", data, namespace=data.get("namespace", "shop"))._replace(level=level)
    manifests = render(app)
    stable = render(bootstrap(app))
    document = {"apiVersion": "rollspec/v1", "kind": "App", "metadata": metadata, "spec": data}
    effective = Effective(document, (Layer(Document(f"apps/{name}.yaml", document), "App"),))
    return Side(app, manifests, stable, effective, overlay or {}, {"spec": dict(project or {})})


def after(before: Spec, wanted: Mapping[str, Any]) -> Spec:
    """The spec after a verb's edits."""
    return applied(before, changes({}, before, wanted))
