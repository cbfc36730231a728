"""`files` of the spec: a ConfigMap named by its content, for each version that may still run or return."""

from __future__ import annotations

import json
from collections.abc import Mapping

from renderer.manifest import Manifest
from renderer.render.objects import PRUNE_LAST, manifest
from renderer.spec import App, file_key

VOLUME = "files"


def config_map_name(app: str, files: Mapping[str, str]) -> str:
    """The ConfigMap's name: a digest of the files, so that changed files never reach a running pod."""
    from hashlib import sha256  # it loads OpenSSL, which few apps need

    text = json.dumps(files, sort_keys=True, ensure_ascii=False)
    return f"{app}-{sha256(text.encode()).hexdigest()[:8]}"


def config_maps(app: App) -> list[Manifest]:
    """A ConfigMap for the files of each version in the spec (stable, in flight, previous, aborted), without repeats."""
    in_flight = app.canary.version if app.canary else app.preview
    versions = [app.stable, in_flight, app.previous, app.aborted]
    given = [version.fields["files"] for version in versions if version is not None and version.fields.get("files")]
    found = {config_map_name(app.name, files): files for files in given}
    return [_config_map(app, name, files) for name, files in found.items()]


def _config_map(app: App, name: str, files: dict[str, str]) -> Manifest:
    data = {file_key(path): files[path] for path in sorted(files)}
    body = {"immutable": True, "data": data}
    return manifest(app, f"config-map-{name}.yaml", "v1", "ConfigMap", body, {"name": name, "annotations": PRUNE_LAST})
