"""The entry points of an app: ports of Services, load balancers, hosts of gateways. Removing one loses traffic."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from renderer.manifest import Manifest
from renderer.plan.side import Side
from renderer.render.service import preview_name
from renderer.rules.mesh import MESH, gateways_of


def lost_entry_points(old: Side, new: Side) -> list[str]:
    """Entry points of the old side that the new one lacks, except those of Services that are deleted as a whole."""
    after = {point for manifest in new.manifests for point in _entry_points(manifest, new)}
    kept = {manifest.identity for manifest in new.manifests}
    found = [
        point
        for manifest in old.manifests
        if manifest.kind != "Service" or (manifest.identity in kept and manifest.name != preview_name(old.app))
        for point in _entry_points(manifest, old)
    ]
    return [one for one in dict.fromkeys(found) if one not in after]


def _entry_points(manifest: Manifest, side: Side) -> Iterator[str]:
    if manifest.kind == "Service":
        yield from _of_service(manifest)
    elif manifest.kind == "VirtualService":
        yield from _of_virtual_service(manifest, side)


def _of_service(manifest: Manifest) -> Iterator[str]:
    spec = manifest.data.get("spec") or {}
    for port in spec.get("ports") or ():
        yield f"port {port['port']} ({port.get('protocol', 'TCP')}) of Service {manifest.name}"
        if "nodePort" in port:
            yield f"port {port['nodePort']} of the nodes"
    if spec.get("type") == "LoadBalancer":
        yield f"the load balancer of Service {manifest.name}"
    for address in spec.get("externalIPs") or ():
        yield f"address {address} of Service {manifest.name}"


def _of_virtual_service(manifest: Manifest, side: Side) -> Iterator[str]:
    spec = manifest.data.get("spec") or {}
    gateways = gateways_of(spec)
    for host, gateway in product(spec.get("hosts") or (), gateways):
        if gateway != MESH:
            yield f"host {host} of gateway {gateway}"
        elif not _is_service(host, side):
            yield f"host {host} inside the mesh"


def _is_service(host: str, side: Side) -> bool:
    """A Service of the app is reached by its name without a route, too."""
    names = (each.name for each in side.manifests if each.kind == "Service")
    return any(host == name or f"{host}.".startswith(f"{name}.{side.app.namespace}.") for name in names)
