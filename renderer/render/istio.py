"""The VirtualService and the DestinationRule: Argo Rollouts splits the traffic of one host between two subsets."""

from __future__ import annotations

import re
from typing import Any

from renderer.manifest import Manifest
from renderer.release import PINNED
from renderer.render.objects import PRUNE_LAST, manifest, wave
from renderer.spec import App, Port

STABLE, CANARY = "stable", "canary"
_ELSEWHERE = {"route", "redirect", "directResponse", "delegate"}  # what a route does, if it does not lead to the app


def routes(app: App) -> list[Manifest]:
    """A VirtualService for an app that has ports and uses Istio; a DestinationRule for subsets or a traffic policy."""
    if not app.ports or not (app.splits or "istio" in app.spec) or app.strategy.own_routes:
        return []
    found = [_virtual_service(app, split=app.splits)]
    subsets = app.splits or bool(app.after and app.after.by_istio)
    if subsets or "trafficPolicy" in app.spec.get("istio", {}):
        found.append(_destination_rule(app, subsets=subsets))
    return found


def traffic_routing(app: App) -> dict[str, Any]:
    """The part of a Rollout's strategy that names the routes and subsets that the controller edits."""
    http = [port for port in app.ports if port.route == "http"]
    virtual_service: dict[str, Any] = {"name": app.name}
    if http:
        more = [route["name"] for route in _given_routes(app) if not route.keys() & _ELSEWHERE]
        own = [_own_route(port) for port in http] if _keeps_own_host(app) else []
        matched = [port.name for port in http] if not own or _is_seen_elsewhere(app) else []
        virtual_service["routes"] = [*more, *matched, *own]
    tcp = [{"port": port.port} for port in app.ports if port.route == "tcp"]
    tls = [{"port": port.port, "sniHosts": _hosts(app)} for port in app.ports if port.route == "tls"]
    virtual_service.update((key, value) for key, value in (("tcpRoutes", tcp), ("tlsRoutes", tls)) if value)
    routing: dict[str, Any] = {
        "istio": {
            "virtualService": virtual_service,
            "destinationRule": {"name": app.name, "stableSubsetName": STABLE, "canarySubsetName": CANARY},
        }
    }
    managed = [PINNED] if app.spec.get("istio", {}).get("canaryHeaders") else []
    managed += _made_by_steps(app) if app.level > 1 else []
    if managed:
        routing = {"managedRoutes": [{"name": name} for name in dict.fromkeys(managed)], **routing}
    return routing


def _made_by_steps(app: App) -> list[str]:
    """The routes that the steps of a ladder make, in the order of the steps."""
    found = []
    for step in app.strategy.fields.get("steps", ()):
        for kind in ("setHeaderRoute", "setMirrorRoute"):
            found += [step[kind]["name"]] if (step.get(kind) or {}).get("name") else []
    return found


def _keeps_own_host(app: App) -> bool:
    """Whether `http.match` leaves the Service's own host in the mesh alone, so that callers reach every path there."""
    istio = app.spec.get("istio", {})
    return app.level > 1 and bool(istio.get("http", {}).get("match")) and not istio.get("onlyMatched")


def _is_seen_elsewhere(app: App) -> bool:
    """Whether there is a host or a gateway that `http.match` applies to."""
    istio = app.spec.get("istio", {})
    return bool(istio.get("hosts") or istio.get("gateways"))


def _own_route(port: Port) -> str:
    """The name of the route of the Service's own host; no port has such a name."""
    return f"own.{port.name}"


def _own_host(app: App) -> str:
    """A regular expression for what callers in the mesh write: the Service's name, alone or with what follows."""
    name, namespace, *rest = app.host.split(".")
    return rf"{name}(\.{namespace}(\.{rest[0]}(\.{re.escape('.'.join(rest[1:]))})?)?)?(:\d+)?"


def _hosts(app: App) -> list[str]:
    return [app.host, *app.spec.get("istio", {}).get("hosts", ())]


def _virtual_service(app: App, *, split: bool) -> Manifest:
    istio = app.spec.get("istio", {})
    hosts = _hosts(app)
    spec: dict[str, Any] = {"hosts": hosts, "gateways": _gateways(app)}
    if "exportTo" in istio:
        spec["exportTo"] = istio["exportTo"]
    by_protocol: dict[str, list[Port]] = {"http": [], "tls": [], "tcp": []}
    for port in app.ports:
        by_protocol.get(port.route, []).append(port)
    if by_protocol["http"]:
        spec["http"] = [_further_route(app, by_protocol["http"][0], each, split=split) for each in _given_routes(app)]
        spec["http"] += _http_routes(app, by_protocol["http"], istio.get("http", {}), split=split)
    if by_protocol["tls"]:
        spec["tls"] = [
            {"match": [{"port": port.port, "sniHosts": hosts}], "route": _route(app, port, split=split)}
            for port in by_protocol["tls"]
        ]
    if by_protocol["tcp"]:
        spec["tcp"] = [
            {"match": [{"port": port.port}], "route": _route(app, port, split=split)} for port in by_protocol["tcp"]
        ]
    api = "networking.istio.io/v1"
    return manifest(app, "virtual-service.yaml", api, "VirtualService", {"spec": spec}, {"annotations": wave(-1)})


def _http_routes(app: App, ports: list[Port], fields: dict[str, Any], *, split: bool) -> list[dict[str, Any]]:
    """One named route for each port; the first port's route comes last and matches all other requests."""
    found = []
    own = _keeps_own_host(app)
    for port in [*ports[1:], ports[0]]:
        if own:
            found.append(_own_http_route(app, port, fields, alone=port is ports[0], split=split))
        if own and not _is_seen_elsewhere(app):
            continue
        match = fields.get("match", [])
        if port is not ports[0]:
            match = [{**condition, "port": port.port} for condition in match or [{}]]
        route: dict[str, Any] = {"name": port.name}
        if match:
            route["match"] = match
        route.update((key, value) for key, value in fields.items() if key != "match")
        route["route"] = _route(app, port, split=split)
        found.append(route)
    return found


def _given_routes(app: App) -> list[dict[str, Any]]:
    """The routes that the spec puts before those of the ports."""
    return list(app.spec.get("istio", {}).get("routes", ()))


def _further_route(app: App, port: Port, given: dict[str, Any], *, split: bool) -> dict[str, Any]:
    """A route of the spec; one that leads nowhere else leads to the app."""
    return given if given.keys() & _ELSEWHERE else {**given, "route": _route(app, port, split=split)}


def _own_http_route(app: App, port: Port, fields: dict[str, Any], *, alone: bool, split: bool) -> dict[str, Any]:
    """The route of the Service's own host: for every path, so without the rewrite, which is for those of `match`."""
    match: dict[str, Any] = {} if alone else {"port": port.port}
    if _is_seen_elsewhere(app):
        match |= {"gateways": ["mesh"], "authority": {"regex": _own_host(app)}}
    rest = {key: value for key, value in fields.items() if key not in ("match", "rewrite")}
    route = _route(app, port, split=split)
    return {"name": _own_route(port), **({"match": [match]} if match else {}), **rest, "route": route}


def _gateways(app: App) -> list[str]:
    """The mesh and the spec's gateways. Level 1 repeats a gateway that the spec names twice."""
    found = ["mesh", *app.spec.get("istio", {}).get("gateways", ())]
    return [*dict.fromkeys(found)] if app.level > 1 else found


def _route(app: App, port: Port, *, split: bool) -> list[dict[str, Any]]:
    """The weights are always 100 and 0 in Git: the controller changes them in the cluster, and Argo CD ignores them."""
    if not split:
        return [{"destination": {"host": app.host, "port": {"number": port.port}}}]
    return [
        {"destination": {"host": app.host, "subset": subset, "port": {"number": port.port}}, "weight": weight}
        for subset, weight in ((STABLE, 100), (CANARY, 0))
    ]


def _destination_rule(app: App, *, subsets: bool) -> Manifest:
    """It is applied before the VirtualService, and its subsets stay one stage longer than the routes to them."""
    istio = app.spec.get("istio", {})
    spec: dict[str, Any] = {"host": app.host}
    if "trafficPolicy" in istio:
        spec["trafficPolicy"] = istio["trafficPolicy"]
    if "exportTo" in istio:
        spec["exportTo"] = istio["exportTo"]
    if subsets:
        spec["subsets"] = [{"name": subset, "labels": app.selector} for subset in (STABLE, CANARY)]
    annotations = {**PRUNE_LAST, **wave(-2)}
    api = "networking.istio.io/v1"
    return manifest(app, "destination-rule.yaml", api, "DestinationRule", {"spec": spec}, {"annotations": annotations})
