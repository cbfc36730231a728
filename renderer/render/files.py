"""`files` of the spec: a ConfigMap named by its content, for each version that may still run or return."""

from __future__ import annotations

import json
from typing import Any

from renderer.manifest import Manifest
from renderer.render.objects import PRUNE_LAST, manifest
from renderer.spec import App, Version, file_key

VOLUME = "files"


def config_map_name(app: App, version: Version) -> str:
    """The ConfigMap's name: a digest of the files, so that changed files never reach a running pod."""
    from hashlib import sha256  # it loads OpenSSL, which few apps need

    text = json.dumps(version.fields["files"], sort_keys=True, ensure_ascii=False)
    return f"{app.name}-{sha256(text.encode()).hexdigest()[:8]}"


def config_maps(app: App) -> list[Manifest]:
    """A ConfigMap for the files of each version in the spec (stable, in flight, previous, aborted), without repeats."""
    in_flight = app.canary.version if app.canary else app.preview
    versions = [app.stable, in_flight, app.previous, app.aborted]
    found: dict[str, dict[str, Any]] = {}
    for version in versions:
        if version is not None and version.fields.get("files"):
            found.setdefault(config_map_name(app, version), version.fields["files"])
    return [_config_map(app, name, files) for name, files in found.items()]


def _config_map(app: App, name: str, files: dict[str, str]) -> Manifest:
    data = {file_key(path): files[path] for path in sorted(files)}
    body = {"immutable": True, "data": data}
    return manifest(app, f"config-map-{name}.yaml", "v1", "ConfigMap", body, {"name": name, "annotations": PRUNE_LAST})
