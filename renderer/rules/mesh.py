"""Istio's view of hosts, ports and routes: which Service a host means, which protocol a port has."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Manifest, Object
from renderer.protocols import protocol
from renderer.rules.finding import Scene, namespace_of
from renderer.rules.index import Located

_WELL_KNOWN = frozenset({25, 53, 3306, 27017})  # smtp, dns, mysql, mongo: taken for TCP
SECTIONS = ("http", "tls", "tcp")
MESH = "mesh"  # the gateway that means the sidecars


def protocol_of(port: Object) -> str | None:
    """The protocol that Istio assumes for a Service's port, in lower case; None if Istio must guess.

    By Istio's `kube.ConvertProtocol`, which knows some port numbers too.
    """
    if (port.get("protocol") or "TCP") != "TCP":
        return "udp"
    return protocol(port.get("appProtocol"), port.get("name")) or ("tcp" if port.get("port") in _WELL_KNOWN else None)


def service_name(host: str, namespace: str) -> tuple[str, str] | None:
    """Name and namespace of the Service that a host in `namespace` names; None if it does not name a Service."""
    if "." not in host:
        return host, namespace
    parts = host.split(".", 3)
    return (parts[0], parts[1]) if len(parts) > 2 and parts[2] == "svc" else None


def full_host(host: str, namespace: str) -> str:
    """One text for each host, whatever the cluster's domain: `name.namespace.svc` for a Service, others as they are."""
    name = service_name(host, namespace)
    return host if name is None or "*" in host else f"{name[0]}.{name[1]}.svc"


def service_of(scene: Scene, host: str, namespace: str) -> Manifest | None:
    """The Service of a host, where it is in the scene."""
    name = service_name(host, namespace)
    return scene.find("Service", name[1], name[0]) if name else None


def ports_of(service: Manifest) -> list[Object]:
    """The ports of a Service."""
    ports: list[Object] = (service.data.get("spec") or {}).get("ports") or []
    return ports


def spec_of(manifest: Manifest) -> Object:
    """The manifest's spec; empty where there is none."""
    spec: Object = manifest.data.get("spec") or {}
    return spec


def gateways_of(bound: Object) -> list[str]:
    """The gateways of the spec of a VirtualService, or of a match; without any it is for callers in the mesh."""
    return bound.get("gateways") or [MESH]


def routes_of(manifest: Manifest) -> list[tuple[str, str, Object]]:
    """Section (http, tls, tcp), pointer and value of each route of a VirtualService."""
    spec = spec_of(manifest)
    return [
        (section, f"/spec/{section}/{number}", route)
        for section in SECTIONS
        for number, route in enumerate(spec.get(section) or ())
    ]


def destinations_of(manifest: Manifest) -> Iterator[Located]:
    """Pointer and value of each destination of a VirtualService, mirrors included."""
    for _, pointer, route in routes_of(manifest):
        for number, weighted in enumerate(route.get("route") or ()):
            yield f"{pointer}/route/{number}/destination", weighted.get("destination") or {}
        if "mirror" in route:
            yield f"{pointer}/mirror", route["mirror"] or {}
        for number, mirror in enumerate(route.get("mirrors") or ()):
            yield f"{pointer}/mirrors/{number}/destination", mirror.get("destination") or {}


def rules_for(scene: Scene, host: str, namespace: str) -> list[Manifest]:
    """The DestinationRules of the scene, resources included, for a host as seen from `namespace`."""
    wanted = full_host(host, namespace)
    return [
        rule
        for rule in scene.all_of("DestinationRule")
        if full_host(spec_of(rule).get("host", ""), namespace_of(rule) or namespace) == wanted
    ]
