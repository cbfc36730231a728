"""What every manifest of an app shares: metadata, labels, and what Argo CD must know."""

from __future__ import annotations

from typing import Any

from renderer.manifest import SYNC_OPTIONS, Manifest, Object
from renderer.spec import App

PRUNE_LAST = {SYNC_OPTIONS: "PruneLast=true"}
# Fields have owners then, so that `spec.replicas` stays when it leaves Git after an autoscaler has changed it; a
# client-side apply remembers that it once applied the field, and takes it away.
SERVER_SIDE_APPLY = {SYNC_OPTIONS: "PruneLast=true,ServerSideApply=true"}
_WAVE = "argocd.argoproj.io/sync-wave"


def wave(number: int) -> dict[str, str]:
    """The annotation that puts an object into a wave of an Argo CD sync."""
    return {_WAVE: str(number)}


def manifest_labels(app: App) -> dict[str, str]:
    """Labels of each manifest: the standard ones, the app's and the overlay's."""
    return {"app.kubernetes.io/name": app.name, "app.kubernetes.io/managed-by": "rollspec", **app.labels}


def manifest(
    app: App,
    file: str,
    api_version: str,
    kind: str,
    body: Object,
    *,
    name: str | None = None,
    annotations: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
) -> Manifest:
    """A manifest of `app` with its metadata filled in; `body` holds the fields beside metadata."""
    metadata: dict[str, Any] = {
        "name": name or app.name,
        "namespace": app.namespace,
        "labels": {**manifest_labels(app), **(labels or {})},
    }
    notes = {**app.annotations, **(annotations or {})}
    if notes:
        metadata["annotations"] = notes
    return Manifest(file, {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body})
