"""What the objects of a source need and the source does not have: it is taken to exist in the cluster already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from renderer.importing.source import SourceObject
from renderer.manifest import ISTIO_ROUTING, Manifest
from renderer.rules.analysis import uses_of
from renderer.rules.mesh import destinations_of, service_name
from renderer.rules.rollouts import driven_services


def elsewhere(objects: Sequence[SourceObject]) -> dict[str, str]:
    """What is named and not there, as `Kind/name`, with an object that names it; without it, rules would report it."""
    there = {(each.kind, each.namespace, each.name) for each in objects}
    found: dict[str, str] = {}
    for each in objects:
        for kind, name in _named(each):
            if name and (kind, each.namespace, name) not in there:
                found.setdefault(f"{kind}/{name}", str(each))
    return found


def _named(each: SourceObject) -> Iterator[tuple[str, str]]:
    """The kinds and names of the objects of its own namespace that it needs."""
    manifest = Manifest("", each.data)
    if each.kind in ISTIO_ROUTING:
        for host in _hosts(manifest):
            service = service_name(host, each.namespace)
            if service and service[1] == each.namespace and "*" not in host:
                yield "Service", service[0]
    if each.kind == "Rollout":
        yield from (("Service", name) for _, name in driven_services(manifest))
        routing = ((each.spec.get("strategy") or {}).get("canary") or {}).get("trafficRouting") or {}
        for kind, key in (("VirtualService", "virtualService"), ("DestinationRule", "destinationRule")):
            name = str(((routing.get("istio") or {}).get(key) or {}).get("name", ""))
            yield kind, "" if "." in name else name
        for use in uses_of(manifest):
            yield from (("AnalysisTemplate", str(ref.get("templateName"))) for ref in use.refs if not _is_of_all(ref))


def _is_of_all(reference: dict[str, object]) -> bool:
    return bool(reference.get("clusterScope"))


def _hosts(manifest: Manifest) -> Iterator[str]:
    if manifest.kind == "DestinationRule":
        yield str((manifest.data.get("spec") or {}).get("host", ""))
    else:
        yield from (str(destination.get("host", "")) for _, destination in destinations_of(manifest))
