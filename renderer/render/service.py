"""The Service of an app, and its preview Service under BlueGreen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from renderer.manifest import Manifest
from renderer.render.objects import manifest, wave
from renderer.spec import App, Port

WAYPOINT = "istio.io/use-waypoint"
PREVIEW = {"app.kubernetes.io/component": "preview"}  # tells the two Services apart, for a ServiceMonitor


def services(app: App) -> list[Manifest]:
    """The Services of an app: none for an app without ports, two under BlueGreen."""
    if not app.ports:
        return []
    found = [_service(app, "service.yaml", app.name)]
    if app.strategy.type == "BlueGreen" or (app.migrating_from and app.migrating_from.type == "BlueGreen"):
        found.append(_service(app, "service-preview.yaml", preview_name(app)))
    return found


def preview_name(app: App) -> str:
    """The name of the Service that selects the preview pods."""
    return f"{app.name}-preview"


def _service(app: App, file: str, name: str) -> Manifest:
    fields = app.spec.get("service", {})
    own = {key: value for key, value in fields.items() if key != "annotations"}
    if name != app.name:  # a cluster IP, node port or load balancer belongs to one Service
        own = {key: value for key, value in own.items() if key in ("internalTrafficPolicy", "publishNotReadyAddresses")}
    targets = {(port.target, port.protocol): port.name for port in reversed(app.ports)}
    ports = [_service_port(port, targets, node_port=name == app.name) for port in app.ports]
    body = {"spec": {**own, "selector": app.selector, "ports": ports}}
    annotations = {**fields.get("annotations", {}), **wave(-1)} if name == app.name else wave(-1)
    labels = {WAYPOINT: app.waypoint} if app.waypoint not in ("", "namespace") else {}
    if name != app.name and app.level > 1:
        labels |= PREVIEW
    own = {"name": name, "annotations": annotations, "labels": labels}
    return manifest(app, file, "v1", "Service", body, own)


def _service_port(port: Port, targets: Mapping[tuple[int | str, str], str], *, node_port: bool) -> dict[str, Any]:
    """A port targets the container port by name (`targets`), so that each version can listen on its own port number."""
    target = port.target if isinstance(port.target, str) else targets[port.target, port.protocol]
    service_port: dict[str, Any] = {"name": port.name, "port": port.port, "targetPort": target}
    if port.protocol != "TCP":
        service_port["protocol"] = port.protocol
    if port.app_protocol:
        service_port["appProtocol"] = port.app_protocol
    if node_port and port.node_port:
        service_port["nodePort"] = port.node_port
    return service_port
