"""Istio's view of hosts, ports and routes: which Service a host means, which protocol a port has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from renderer.manifest import Manifest, Object
from renderer.protocols import protocol
from renderer.rules.finding import Scene
from renderer.rules.index import ByKind, Located, grouped

_WELL_KNOWN = frozenset({25, 53, 3306, 27017})  # smtp, dns, mysql, mongo: taken for TCP
SECTIONS = ("http", "tls", "tcp")
ServiceName = tuple[str, str]  # name and namespace
MESH = "mesh"  # the gateway that means the sidecars


def protocol_of(port: Object) -> str | None:
    """The protocol that Istio assumes for a Service's port, in lower case; None if Istio must guess.

    By Istio's `kube.ConvertProtocol`, which knows some port numbers too.
    """
    if (port.get("protocol") or "TCP") != "TCP":
        return "udp"
    return protocol(port.get("appProtocol"), port.get("name")) or ("tcp" if port.get("port") in _WELL_KNOWN else None)


def service_name(host: str, namespace: str) -> ServiceName | None:
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


def is_mirror(pointer: str) -> bool:
    """Whether the destination at a pointer gets copies of requests alone."""
    return "/mirror" in pointer


class Destination(NamedTuple):
    """A destination of a VirtualService, mirrors included."""

    manifest: Manifest
    pointer: str
    value: Object


def destinations_to(scene: Scene, service: Manifest) -> list[Destination]:
    """The destinations that lead to a Service, of VirtualServices of the scene, resources included."""
    names = dict.fromkeys(((service.name, service.namespace), (service.name, "")))
    found = [kinds.once(_destinations_by_service) for kinds in (scene.index.kinds, scene.resource_kinds)]
    return [each for by_service in found for name in names for each in by_service.get(name, ())]


def _destinations_by_service(kinds: ByKind) -> dict[ServiceName, list[Destination]]:
    return grouped(
        (service, Destination(manifest, pointer, value))
        for manifest in kinds.get("VirtualService", ())
        for pointer, value in destinations_of(manifest)
        if (service := service_name(value.get("host") or "", manifest.namespace)) is not None
    )


def rules_for(scene: Scene, host: str, namespace: str) -> list[Manifest]:
    """The DestinationRules of the scene, resources included, for a host as seen from `namespace`."""
    wanted = full_host(host, namespace)
    near = [*scene.of("DestinationRule"), *_rules_of_resources(scene, wanted, namespace)]
    return [rule for rule in near if full_host(spec_of(rule).get("host", ""), rule.namespace or namespace) == wanted]


def _rules_of_resources(scene: Scene, wanted: str, namespace: str) -> list[Manifest]:
    """Those that may be for a full host. A rule without a namespace counts as one in the namespace that asks."""
    if "DestinationRule" not in scene.resource_kinds:
        return []
    found = scene.resource_kinds.once(_rules_by_host)
    without = full_host(wanted.removesuffix(f".{namespace}.svc"), "")
    return [rule for name in dict.fromkeys((wanted, without)) for rule in found.get(name, ())]


def _rules_by_host(kinds: ByKind) -> dict[str, list[Manifest]]:
    rules = kinds.get("DestinationRule", ())
    return grouped((full_host(spec_of(rule).get("host", ""), rule.namespace), rule) for rule in rules)
