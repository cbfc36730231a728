"""Rules over where routes lead: Services, ports, their protocols, and subsets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from renderer.manifest import Manifest, Object
from renderer.problem import Severity
from renderer.protocols import HTTP, TLS
from renderer.protocols import section as section_for
from renderer.rules.finding import Finding, Scene, correct
from renderer.rules.index import ByKind, grouped
from renderer.rules.mesh import (
    MESH,
    destinations_of,
    destinations_to,
    gateways_of,
    is_mirror,
    ports_of,
    protocol_of,
    routes_of,
    rules_for,
    service_name,
    service_of,
    spec_of,
)


def port_name_protocol(scene: Scene) -> Iterator[Finding]:
    """A port to which a VirtualService routes, and whose protocol Istio cannot tell from its `appProtocol` or name.

    Why: Istio guesses from the first bytes. Routes for HTTP or TCP may then not apply, and a protocol in which the
    server speaks first hangs.
    Fix: set `appProtocol` (http, http2, grpc, grpc-web, https, tls, tcp, mongo, mysql, redis), or start the port's name
    with one of these: `http-web`.
    Source: Istio (`kube.ConvertProtocol`), `istioctl analyze` IST0118.
    """
    for service in scene.of("Service") if scene.index.mesh else ():
        unclear = [(number, port) for number, port in enumerate(ports_of(service)) if protocol_of(port) is None]
        led_to = destinations_to(scene, service) if unclear else ()
        routed = {(each.value.get("port") or {}).get("number") for each in led_to}
        for number, port in unclear:
            if not routed.isdisjoint((port.get("port"), None)):  # a destination without a port means the only one
                named = port.get("appProtocol") or port.get("name")
                what = f"{named!r} gives no protocol" if named else "neither appProtocol nor name gives a protocol"
                message = f"{what} that Istio knows: set appProtocol (http, grpc, tcp, ...), or name the port http-..."
                yield Finding("port-name-protocol", message, f"/spec/ports/{number}", service)


def route_destinations(scene: Scene) -> Iterator[Finding]:
    """A destination whose Service, port or subset does not exist.

    A host that means a Service of the VirtualService's own namespace is looked up in the render and its resources, and
    that of a plain VirtualService in all apps of the environment; other hosts are not checked. A subset is looked up in
    the DestinationRule of the same host. A mirror whose Service is not in the render is a warning. A route that
    delegates to a VirtualService of this tree which has hosts is an error too, also among the environment's
    `resources`.

    Why: Istio answers such requests with 503. It delegates only to a VirtualService without hosts, and leaves any other
    route with a `delegate` out.
    Fix: correct the name, or declare a Service that is not rendered here as external (`Service/name`). A Service with
    several ports needs a port at the destination. Instead of a route that delegates to an app's VirtualService, add its
    hosts and gateways to `istio` of the app.
    Source: Istio (`delegate virtual service not found`), `istioctl analyze` IST0101 and IST0112.
    """
    yield from _delegates(scene)
    for manifest in scene.of("VirtualService"):
        namespace = manifest.namespace
        hosts: dict[str, _Host] = {}
        for pointer, destination in destinations_of(manifest):
            name = destination.get("host", "")
            if name in ("", "*"):
                continue
            host = hosts.get(name)
            if host is None:
                host = hosts[name] = _host(scene, name, namespace)
            mirror = is_mirror(pointer)  # of another app, most likely: its Service is not in this render
            if host.missing and manifest.written and not mirror:
                continue  # another app may have it: all apps are looked at together
            for inner, message in _destination_problems(host, destination):
                severity: Severity = "warning" if mirror and host.missing else "error"
                yield Finding("route-destinations", message, pointer + inner, manifest, severity)


def _delegates(scene: Scene) -> Iterator[Finding]:
    """Routes that delegate to a VirtualService with hosts, where one of the two is the app's."""
    own = scene.of("VirtualService")
    asked = [each for manifest in own for each in _delegates_of(manifest)]
    others = scene.resource_kinds.once(_delegating)
    asked += [each for manifest in own for each in others.get((manifest.namespace, manifest.name), ())]
    for manifest, pointer, namespace, name in asked:
        other = scene.find("VirtualService", namespace, name)
        if other is not None and spec_of(other).get("hosts"):
            message = (
                f"VirtualService {name} has hosts, and Istio delegates only to one without: it leaves this route out. "
                "Add these hosts and gateways to that VirtualService (`istio` of the app), or give the route a "
                "destination"
            )
            yield Finding("route-destinations", message, pointer, manifest)


_Delegate = tuple[Manifest, str, str, str]  # the VirtualService, the pointer, and the other's namespace and name


def _delegates_of(manifest: Manifest) -> Iterator[_Delegate]:
    """The routes of a VirtualService that delegate to another one."""
    for number, route in enumerate(spec_of(manifest).get("http") or ()):
        delegate = route.get("delegate") or {}
        if delegate.get("name"):
            namespace = delegate.get("namespace") or manifest.namespace
            yield manifest, f"/spec/http/{number}/delegate", namespace, delegate["name"]


def _delegating(kinds: ByKind) -> dict[tuple[str, str], list[_Delegate]]:
    """The routes of resources that delegate, by namespace and name of the other VirtualService."""
    return grouped((each[2:], each) for manifest in kinds.get("VirtualService", ()) for each in _delegates_of(manifest))


class _Host(NamedTuple):
    """What is known of a destination's host: its Service where it has one here, its ports, the subsets of its rules."""

    name: str
    missing: str | None  # the Service that ought to be here and is not
    service: str | None
    ports: list[int]
    subsets: list[str] | None  # None without a DestinationRule


def _host(scene: Scene, host: str, namespace: str) -> _Host:
    service, name = service_of(scene, host, namespace), service_name(host, namespace)
    expected = name is not None and name[1] == namespace and f"Service/{name[0]}" not in scene.external
    missing = name[0] if name is not None and expected and service is None else None
    ports = [port.get("port", 0) for port in ports_of(service)] if service else []
    rules = rules_for(scene, host, namespace)
    subsets = [subset.get("name", "") for rule in rules for subset in spec_of(rule).get("subsets") or ()]
    return _Host(host, missing, service.name if service else None, ports, subsets if rules else None)


def _destination_problems(host: _Host, destination: Object) -> Iterator[tuple[str, str]]:
    if host.missing is not None:
        cure = correct("host", "Service", host.missing)
        yield "/host", f"there is no Service {host.missing} for the host {host.name}: {cure}"
    elif host.service is not None:
        wanted = destination["port"].get("number") if "port" in destination else None
        if wanted is None:
            if len(host.ports) > 1:
                yield "", f"the Service {host.service} has {len(host.ports)} ports: the destination needs one of them"
        elif wanted not in host.ports:
            has = ", ".join(map(str, host.ports)) or "none"
            yield "/port", f"the Service {host.service} has no port {wanted} (it has {has})"
    subset = destination.get("subset")
    if subset and subset not in (host.subsets or ()) and (host.subsets is not None or host.service is not None):
        has = "it has no DestinationRule" if host.subsets is None else _subsets(host.subsets)
        yield "/subset", f"the host {host.name} has no subset {subset} ({has})"


def _subsets(names: list[str]) -> str:
    return f"its DestinationRule has {', '.join(names) or 'none'}"


def route_ports(scene: Scene) -> Iterator[Finding]:
    """A route whose section does not fit the protocol of the port that it matches, or whose port no host has.

    The rule looks at routes of the mesh, where the Service of a host is in the render.

    Why: Istio applies `http` routes to HTTP and gRPC ports only, `tls` routes to TLS, `tcp` routes to the rest. It
    ignores any other route without a message.
    Fix: move the route to the section of the port's protocol, or set the port's `appProtocol`.
    Source: Istio (`buildSidecarOutboundHTTPRouteConfig`, `buildSidecarOutboundTCPTLSFilterChainOpts`).
    """
    for manifest in scene.of("VirtualService"):
        spec = spec_of(manifest)
        if MESH not in gateways_of(spec):
            continue
        ports = _ports_of_hosts(scene, spec.get("hosts") or (), manifest.namespace)
        if not ports:
            continue
        for section, pointer, route in routes_of(manifest):
            for inner, number in _matched(pointer, route):
                if number not in ports:
                    has = ", ".join(str(port) for port in ports)
                    message = (
                        f"no host here has port {number} (there is {has}), so the route never applies: match "
                        "another port, or remove `port`"
                    )
                    yield Finding("route-ports", message, inner, manifest)
                elif not _fits(section, ports[number]):
                    message = (
                        f"port {number} speaks {ports[number]}: a route under {section} does not apply to it; move the "
                        f"route to {section_for(ports[number])}, or set `appProtocol` of the port"
                    )
                    yield Finding("route-ports", message, inner, manifest)


def _ports_of_hosts(scene: Scene, hosts: Sequence[str], namespace: str) -> dict[int, str | None]:
    """Numbers and protocols of the hosts' ports; empty when a host is a Service that is not in the scene."""
    found: dict[int, str | None] = {}
    for host in hosts:
        service = service_of(scene, host, namespace)
        if service is not None:
            found.update((port.get("port", 0), protocol_of(port)) for port in ports_of(service))
        elif service_name(host, namespace):
            return {}
    return found


def _matched(pointer: str, route: Object) -> Iterator[tuple[str, int]]:
    """The ports that matches of callers in the mesh name."""
    for number, match in enumerate(route.get("match") or ()):
        if "port" in match and gateways_of(match) == [MESH]:
            yield f"{pointer}/match/{number}/port", match["port"]


def _fits(section: str, protocol: str | None) -> bool:
    if protocol is None:
        return True
    if section == "http":
        return protocol in HTTP
    return protocol not in HTTP if section == "tcp" else protocol in TLS
