"""What every manifest of an app shares: metadata, labels, and the annotations for Argo CD."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from renderer.manifest import SYNC_OPTIONS, Manifest, Object
from renderer.spec import App

PRUNE_LAST = {SYNC_OPTIONS: "PruneLast=true"}
# With server-side apply, `spec.replicas` keeps the autoscaler's value when the field is removed from Git. A client-side
# apply would remove it, because it remembers that it once applied the field.
SERVER_SIDE_APPLY = {SYNC_OPTIONS: "PruneLast=true,ServerSideApply=true"}
_WAVE = "argocd.argoproj.io/sync-wave"


def wave(number: int) -> dict[str, str]:
    """The annotation that assigns an object to a wave of an Argo CD sync."""
    return {_WAVE: str(number)}


def manifest_labels(app: App) -> dict[str, str]:
    """The labels of every manifest: the standard ones, the app's and the overlay's."""
    standard = {"app.kubernetes.io/name": app.name, "app.kubernetes.io/managed-by": "rollspec"}
    return {**{key: value for key, value in standard.items() if key in app.standard_labels}, **app.labels}


def _joined(given: str, own: str) -> str:
    """The sync options of the app and ours; if both set the same option, ours counts."""
    options = {option.strip().partition("=")[0]: option.strip() for option in f"{given},{own}".split(",")}
    return ",".join(option for option in options.values() if option)


def manifest(
    app: App, file: str, api_version: str, kind: str, body: Object, own: Mapping[str, Any] | None = None
) -> Manifest:
    """A manifest of `app`; `body` holds its fields, `own` the `name`, `labels` and `annotations` that only it has."""
    given = own or {}
    metadata: dict[str, Any] = {
        "name": given.get("name", app.name),
        "namespace": app.namespace,
    }
    labels = {**manifest_labels(app), **(given.get("labels") or {})}
    if labels:
        metadata["labels"] = labels
    annotations = {**app.annotations, **(given.get("annotations") or {})}
    if app.level > 1 and SYNC_OPTIONS in app.annotations and SYNC_OPTIONS in (given.get("annotations") or {}):
        annotations[SYNC_OPTIONS] = _joined(app.annotations[SYNC_OPTIONS], annotations[SYNC_OPTIONS])
    if annotations:
        metadata["annotations"] = annotations
    return Manifest(file, {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body})
