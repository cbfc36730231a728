"""What leads to a workload's pods -> `ports`, `containerPorts`, `service`, `services` and `istio`."""

from __future__ import annotations

from typing import Any

from renderer.importing.defaults import without_defaults
from renderer.importing.lifted import SERVICES_FIELD, Lifted
from renderer.importing.own import istio_of, without_own_annotations
from renderer.importing.ports import by_number, is_derived, port_of, without_target
from renderer.importing.rollout import preview_service
from renderer.importing.workload import Workload


def own_service(workload: Workload, app: Lifted) -> Lifted:
    """`ports`, `containerPorts` and `service`."""
    listed, own = workload.container.get("ports") or [], workload.service
    if own is None:
        return app.plus({"ports": [], **({"containerPorts": listed} if listed else {})})
    data = without_defaults(own.data, "Service")
    ports = [port_of(port) for port in data["spec"]["ports"]]
    found: dict[str, Any] = {"ports": ports}
    named = by_number(ports, listed)
    if named and is_derived(named, listed):
        found["ports"] = [without_target(port) for port in named]
    else:
        found["containerPorts"] = listed
    rest = {key: value for key, value in data["spec"].items() if key not in ("ports", "selector")}
    service: dict[str, Any] = {} if own.name == workload.name else {"name": own.name}
    annotations = without_own_annotations(data["metadata"].get("annotations"))
    if annotations:
        service["annotations"] = annotations
    if data["spec"]["selector"] != workload.selector:
        service["selector"] = data["spec"]["selector"]
    service |= rest
    return app.plus({**found, **({"service": service} if service else {})}, [(own, "`ports` and `service`")])


def further_services(workload: Workload, app: Lifted) -> Lifted:
    """`services`: what leads to the app's pods besides its Service; the Services of a Rollout stay apart."""
    selector = app.spec.get("service", {}).get("selector") or workload.selector
    found: dict[str, Any] = {}
    fields = []
    for each in workload.group.of("Service"):
        if app.has(each) or not each.spec.get("ports") or each.name == preview_service(workload.spec):
            continue
        data = without_defaults(each.data, "Service")
        annotations = without_own_annotations(data["metadata"].get("annotations"))
        rest = {key: value for key, value in data["spec"].items() if key != "selector" or value != selector}
        found[each.name] = {**({"annotations": annotations} if annotations else {}), **rest}
        fields.append((each, SERVICES_FIELD))
    return app.plus({"services": found}, fields) if found else app


def routes(workload: Workload, app: Lifted) -> Lifted:
    """`istio`, where the VirtualService and the DestinationRule look as rollspec's do."""
    if workload.service is None:
        return app
    host = f"{workload.service.name}.{workload.service.namespace}.svc.cluster.local"
    found, fields = istio_of(workload.group, host, [str(port["name"]) for port in app.spec["ports"]])
    strategy = app.spec.get("strategy") or {}
    if not fields:
        return app
    if "trafficRouting" not in strategy:
        return app.plus({"istio": found}, fields)
    rest = {key: value for key, value in strategy.items() if key != "trafficRouting"}  # it names routes of these two
    return app.plus({"strategy": rest, **({"istio": found} if found else {})}, fields)
