"""Whether the routes of a Service's own host in the mesh leave requests without a route."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from renderer.manifest import Manifest, Object
from renderer.protocols import HTTP
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import ByKind, grouped
from renderer.rules.mesh import MESH, ServiceName, gateways_of, ports_of, protocol_of, service_name, service_of, spec_of

_SOURCE = ("sourceLabels", "sourceNamespace")
_LIMITS = ("headers", "queryParams")
_OTHER = "/any/other"  # a path that no match means, unless it takes every path


def unrouted_requests(scene: Scene) -> Iterator[Finding]:
    """Routes of a Service's own host in the mesh of which each has a match, so that other requests have no route.

    The rule looks at HTTP ports of Services of this render, also for VirtualServices among the environment's
    `resources`. A regular expression counts as if it took every request.

    Why: Istio answers a request that no route of its host takes with 404, and no longer asks the Service.
    Fix: add a last route without `match` that leads to the Service. If the 404 is meant, say so with a last route that
    has `directResponse: {status: 404}`, or for the VirtualService that rollspec writes with `istio.onlyMatched: true`.
    Source: Istio (a request that no route of its host matches gets a 404).
    """
    if scene.only_matched:
        return
    own = ((manifest, True) for manifest in scene.of("VirtualService"))
    of_resources = ((manifest, False) for manifest in _of_resources(scene))
    for manifest, is_own in (*own, *of_resources):
        routes = spec_of(manifest).get("http") or []
        for host, port in _served(scene, manifest, is_own=is_own) if _all_match(manifest) else ():
            if _leaves_some(manifest, routes, host, port):
                ours = manifest.file == "virtual-service.yaml"
                meant = "set `istio.onlyMatched: true`" if ours else "give it `directResponse: {status: 404}`"
                message = (
                    f"no route takes other requests for {host}: callers in the mesh get a 404 for them. Add a last "
                    f"route without `match`; if the 404 is meant, {meant}"
                )
                pointer = f"/spec/http/{len(routes) - 1}/match"
                yield Finding("unrouted-requests", message, pointer, manifest, "warning")
                break


def _all_match(manifest: Manifest) -> bool:
    routes = spec_of(manifest).get("http") or []
    return bool(routes) and all(route.get("match") for route in routes)


def _of_resources(scene: Scene) -> list[Manifest]:
    """The VirtualServices among the environment's resources for hosts of the scene's own Services."""
    if "VirtualService" not in scene.resource_kinds:
        return []
    found = scene.resource_kinds.once(_by_service)
    near = [each for service in scene.of("Service") for each in found.get((service.name, service.namespace), ())]
    return [*{id(each): each for each in near}.values()]


def _by_service(kinds: ByKind) -> dict[ServiceName, list[Manifest]]:
    """The VirtualServices without a last route, by the Services that their hosts are."""
    return grouped(
        (name, manifest)
        for manifest in filter(_all_match, kinds.get("VirtualService", ()))
        for host in spec_of(manifest).get("hosts") or ()
        if (name := service_name(host, manifest.namespace)) is not None
    )


def _served(scene: Scene, manifest: Manifest, *, is_own: bool) -> Iterator[tuple[str, int]]:
    """Each host of the VirtualService that is a Service of the render, with each of its HTTP ports.

    One that is among the environment's resources, as its VirtualService is, is looked at where these are judged.
    """
    spec = spec_of(manifest)
    for host in spec.get("hosts") or () if MESH in gateways_of(spec) else ():
        service = service_of(scene, host, manifest.namespace)
        is_judged = service is not None and (is_own or any(each is service for each in scene.of("Service")))
        for port in ports_of(service) if service is not None and is_judged else ():
            if protocol_of(port) in HTTP:
                yield host, port.get("port", 0)


def _leaves_some(manifest: Manifest, routes: Sequence[Object], host: str, port: int) -> bool:
    """Whether some matches apply to a caller of the host at this port, and none of them takes every request.

    Istio leaves out the matches of other gateways, ports and callers; where none is left, the Service answers.
    """
    matches = [match or {} for route in routes for match in route.get("match") or ()]
    given = [
        match
        for match in matches
        if match.get("port", port) == port
        and MESH in gateways_of(match)
        and not any(match.get(field) for field in _SOURCE)
    ]
    return bool(given) and not any(_takes_all(match, host, manifest.namespace) for match in given)


def _takes_all(match: Object, host: str, namespace: str) -> bool:
    """Whether a match takes a request without headers, of a path that nobody thought of."""
    if any(match.get(field) for field in _LIMITS):
        return False
    name, *_ = host.split(".")
    hosts = {host, name, f"{name}.{namespace}", f"{name}.{namespace}.svc"}
    return (
        _takes(match.get("uri"), {_OTHER})
        and _takes(match.get("scheme"), {"http", "https"})
        and _takes(match.get("method"), {"GET"})
        and _takes(match.get("authority"), hosts)
    )


def _takes(matcher: Object | None, texts: set[str]) -> bool:
    """Whether a match of a text takes one of these; a regular expression may."""
    if not matcher or "regex" in matcher:
        return True
    if "prefix" in matcher:
        return any(text.startswith(matcher["prefix"]) for text in texts)
    return any(text == matcher.get("exact") for text in texts)
