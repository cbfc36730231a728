"""The Service of an app, and its preview Service under BlueGreen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from renderer.manifest import Manifest
from renderer.render.objects import manifest, wave
from renderer.spec import App, Port, twice_numbered

WAYPOINT = "istio.io/use-waypoint"
_METADATA = ("name", "labels", "annotations", "selector")  # of `service`; the others are fields of a ServiceSpec
PREVIEW = {"app.kubernetes.io/component": "preview"}  # distinguishes the two Services, for a ServiceMonitor


def services(app: App) -> list[Manifest]:
    """The Services of an app: two under BlueGreen, none for an app without ports, and those of `services`."""
    further = [_further(app, name, fields) for name, fields in app.spec.get("services", {}).items()]
    if not app.ports:
        return further
    found = [_service(app, "service.yaml", app.service_name)]
    if app.strategy.type == "BlueGreen" or (app.migrating_from and app.migrating_from.type == "BlueGreen"):
        found.append(_service(app, "service-preview.yaml", preview_name(app)))
    return [*found, *further]


def preview_name(app: App) -> str:
    """The name of the Service that selects the preview pods."""
    strategy = app.strategy if app.strategy.type == "BlueGreen" else app.migrating_from or app.strategy
    return str(strategy.fields.get("previewService", f"{app.service_name}-preview"))


def _service(app: App, file: str, name: str) -> Manifest:
    fields = app.spec.get("service", {})
    own = {key: value for key, value in fields.items() if key not in _METADATA}
    is_preview = name != app.service_name
    if is_preview:  # a cluster IP, node port or load balancer belongs to one Service
        own = {key: value for key, value in own.items() if key in ("internalTrafficPolicy", "publishNotReadyAddresses")}
    targets = {(port.target, port.protocol): port.name for port in reversed(app.ports)}
    if "containerPorts" in app.spec:  # their names and numbers are what runs
        targets = {}
    twice = twice_numbered(app, ((port.port, port.protocol) for port in app.ports))
    ports = [_service_port(port, targets, node_port=not is_preview, says_tcp=port.port in twice) for port in app.ports]
    body = {"spec": {**own, "selector": fields.get("selector") or app.selector, "ports": ports}}
    annotations = wave(-1) if is_preview else {**fields.get("annotations", {}), **wave(-1)}
    labels = {WAYPOINT: app.waypoint} if app.waypoint not in ("", "namespace") else {}
    if is_preview and app.level > 1 and app.standard_labels:
        labels |= PREVIEW
    labels |= {} if is_preview else fields.get("labels", {})
    own = {"name": name, "annotations": annotations, "labels": labels}
    return manifest(app, file, "v1", "Service", body, own)


def _further(app: App, name: str, fields: Mapping[str, Any]) -> Manifest:
    """A Service of `services`: as it is written, in the wave of the app's Service."""
    own = {key: value for key, value in fields.items() if key not in _METADATA}
    selector = fields.get("selector") or app.spec.get("service", {}).get("selector") or app.selector
    body = {"spec": {**own, "selector": selector}}
    metadata = {
        "name": name,
        "labels": fields.get("labels"),
        "annotations": {**fields.get("annotations", {}), **wave(-1)},
    }
    return manifest(app, f"services-{name}.yaml", "v1", "Service", body, metadata)


def _service_port(
    port: Port, targets: Mapping[tuple[int | str, str], str], *, node_port: bool, says_tcp: bool
) -> dict[str, Any]:
    """A port targets the container port by name (`targets`), so that each version can listen on its own port number.

    With `containerPorts` there are no `targets`: the Service has what the spec has.
    """
    target = port.target if isinstance(port.target, str) else targets.get((port.target, port.protocol), port.target)
    service_port: dict[str, Any] = {"name": port.name, "port": port.port, "targetPort": target}
    if port.protocol != "TCP" or says_tcp:
        service_port["protocol"] = port.protocol
    if port.app_protocol:
        service_port["appProtocol"] = port.app_protocol
    if node_port and port.node_port:
        service_port["nodePort"] = port.node_port
    return service_port
