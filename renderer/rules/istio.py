"""Rules over VirtualServices as a whole: hosts, gateways, routes, weights, and where they lead to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from renderer.manifest import Manifest, Object
from renderer.problem import Severity
from renderer.rules.finding import Finding, Scene, namespace_of
from renderer.rules.fleet import clashes_within
from renderer.rules.mesh import (
    HTTP,
    TLS,
    destinations_of,
    ports_of,
    protocol_of,
    routes_of,
    rules_for,
    service_name,
    service_of,
    spec_of,
)
from renderer.rules.syntax import is_dns_label, is_subdomain


def port_name_protocol(scene: Scene) -> Iterator[Finding]:
    """A Service port in a mesh whose protocol Istio cannot tell from its `appProtocol` or name.

    Istio then guesses from the first bytes: routes for HTTP or for TCP may not apply, and a protocol in which the
    server speaks first hangs. Looked at only where a VirtualService or DestinationRule is in the render.
    Source: Istio (`kube.ConvertProtocol`), `istioctl analyze` IST0118.
    Do: give the port an `appProtocol` (http, http2, grpc, grpc-web, https, tls, tcp, mongo, mysql, redis), or a name
    that starts with one: `http-web`.
    """
    if not scene.index.mesh:
        return
    for service in scene.of("Service"):
        for number, port in enumerate(ports_of(service)):
            if protocol_of(port) is None:
                named = port.get("appProtocol") or port.get("name")
                what = f"{named!r} gives no protocol" if named else "neither appProtocol nor name gives a protocol"
                message = f"{what} that Istio knows: set appProtocol (http, grpc, tcp, ...), or name the port http-..."
                yield Finding("port-name-protocol", message, f"/spec/ports/{number}", service)


def route_weights(scene: Scene) -> Iterator[Finding]:
    """Weights of a route that do not add up to 100.

    Argo Rollouts writes weights of 100 in all, and people read them as percentages. Istio refuses only a sum of 0 and
    takes the rest as ratios. Where no destination has a weight, there must be a single destination.
    Source: a rule of ours; Istio's webhook (`total destination weight = 0`).
    Do: make them add up; a VirtualService of a canary keeps 100 and 0 in Git.
    """
    for manifest in scene.of("VirtualService"):
        for _, at, route in routes_of(manifest):
            destinations = route.get("route") or ()
            weights = [destination.get("weight") for destination in destinations]
            given = [weight for weight in weights if weight is not None]
            total = sum(given)
            if total == 100 or (not given and len(weights) <= 1):
                continue
            least = min(given, default=0)
            message = f"the weights add up to {total}, not 100" if least >= 0 else f"weight {least} is below 0"
            yield Finding("route-weights", message, at + "/route", manifest)


def virtual_service_routes(scene: Scene) -> Iterator[Finding]:
    """A VirtualService or route that Istio's webhook refuses as a whole.

    There is at least one of http, tls and tcp, and hosts (unless it is delegated to). An HTTP route has exactly one
    of `route`, `redirect`, `directResponse` and `delegate`; fault, rewrite and mirrors do not go with redirect or
    directResponse. TLS and TCP routes have a `route`, TLS routes a match with `sniHosts`. Every destination has a
    host, not `*`.
    Source: Istio `pkg/config/validation` (`ValidateVirtualService`).
    Do: correct the route.
    """
    for manifest in scene.of("VirtualService"):
        spec = spec_of(manifest)
        if not (spec.get("http") or spec.get("tls") or spec.get("tcp")):
            yield _routes(manifest, "/spec", "there is no route: give http, tls or tcp")
        if not spec.get("hosts") and (spec.get("gateways") or spec.get("tls") or spec.get("tcp")):
            yield _routes(manifest, "/spec", "without hosts (a delegate) it takes http routes alone, and no gateways")
        for section, at, route in routes_of(manifest):
            for message in _http_errors(route) if section == "http" else _stream_errors(section, route):
                yield _routes(manifest, at, message)
        for at, destination in destinations_of(manifest):
            if destination.get("host", "") in ("", "*"):
                yield _routes(manifest, at, "a destination wants a host, not *")
            if destination.get("subset") and not is_dns_label(destination["subset"]):
                yield _routes(manifest, at + "/subset", f"{destination['subset']!r} is no DNS label")


def _routes(manifest: Manifest, at: str, message: str) -> Finding:
    return Finding("virtual-service-routes", message, at, manifest)


_ACTIONS = ("route", "redirect", "directResponse", "delegate")
_ROUTE_ONLY = ("fault", "rewrite", "mirror", "mirrors")


def _http_errors(route: Object) -> Iterator[str]:
    has = [action for action in _ACTIONS if route.get(action)]
    if len(has) != 1:
        yield f"an HTTP route wants exactly one of {', '.join(_ACTIONS)}; this one has {' and '.join(has) or 'none'}"
    elif has[0] in ("redirect", "directResponse"):
        for field in _ROUTE_ONLY:
            if field in route:
                yield f"{field} does not go with {has[0]}"
    if "mirror" in route and "mirrors" in route:
        yield "mirror and mirrors exclude each other"


def _stream_errors(section: str, route: Object) -> Iterator[str]:
    if not route.get("route"):
        yield f"a {section.upper()} route wants a route"
    if section == "tls":
        matches = route.get("match") or ()
        if not matches or not all(match.get("sniHosts") for match in matches):
            yield "a TLS route wants a match with sniHosts"


def virtual_service_hosts(scene: Scene) -> Iterator[Finding]:
    """A host or gateway of a VirtualService that Istio's webhook refuses.

    A host is a DNS name, with a wildcard only as its first label, `*` not in the mesh, none of them twice or inside
    another one; an IP address is allowed. A gateway is `mesh`, a name, or `namespace/name`.
    Source: Istio `pkg/config/validation` (`ValidateWildcardDomain`, `validateGatewayNames`, `duplicate hosts`).
    Do: correct the name.
    """
    for manifest in scene.of("VirtualService"):
        spec = spec_of(manifest)
        hosts, gateways = spec.get("hosts") or [], spec.get("gateways") or ["mesh"]
        for number, host in enumerate(hosts):
            problem = _host_error(host, "mesh" in gateways) or _covered(host, hosts[:number])
            if problem:
                yield Finding("virtual-service-hosts", problem, f"/spec/hosts/{number}", manifest)
        for number, gateway in enumerate(gateways):
            namespace, slash, name = gateway.rpartition("/")
            if not is_subdomain(name) or (slash and not is_dns_label(namespace) and namespace != "."):
                message = f"{gateway!r} is no gateway: write mesh, a name, or namespace/name"
                yield Finding("virtual-service-hosts", message, f"/spec/gateways/{number}", manifest)


def _host_error(host: str, in_mesh: bool) -> str | None:
    if host == "*":
        return (
            "the host * cannot be bound to the mesh: name the hosts, or gateways other than mesh" if in_mesh else None
        )
    name = host.removeprefix("*.").lower()
    if is_subdomain(name) or ":" in host:
        return None
    return f"{host!r} is no host: a DNS name, with * only as its whole first label"


def _covered(host: str, before: list[str]) -> str | None:
    for other in before:
        if host == other:
            return f"the host {host} is there twice"
        for wild, name in ((host, other), (other, host)):
            if wild.startswith("*") and name.endswith(wild[1:]):
                return f"the hosts {other} and {host} overlap"
    return None


def route_destinations(scene: Scene) -> Iterator[Finding]:
    """A destination whose Service, port or subset does not exist; a warning where a mirror's Service does not.

    A host that means a Service of the VirtualService's own namespace is looked up in the render and its resources;
    hosts elsewhere are taken as they are. A Service with several ports wants a port at the destination. A subset is
    looked up in the DestinationRule of the same host.
    Source: Istio (such a route answers 503), `istioctl analyze` IST0101 and IST0112.
    Do: correct the name, or declare a Service that is not rendered here as external (`Service/name`).
    """
    for manifest in scene.of("VirtualService"):
        namespace = namespace_of(manifest)
        hosts: dict[str, _Host] = {}
        for at, destination in destinations_of(manifest):
            name = destination.get("host", "")
            if name in ("", "*"):
                continue
            host = hosts.get(name)
            if host is None:
                host = hosts[name] = _host(scene, name, namespace)
            mirror = "/mirror" in at  # of another app, most likely: its Service is not in this render
            for where, message in _destination_problems(host, destination):
                severity: Severity = "warning" if mirror and host.missing else "error"
                yield Finding("route-destinations", message, at + where, manifest, severity)


@dataclass(slots=True)
class _Host:
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
        yield "/host", f"there is no Service {host.missing} for the host {host.name}"
    elif host.service is not None:
        wanted = destination["port"].get("number") if "port" in destination else None
        if wanted is None:
            if len(host.ports) > 1:
                yield "", f"the Service {host.service} has {len(host.ports)} ports: the destination wants one of them"
        elif wanted not in host.ports:
            has = ", ".join(map(str, host.ports)) or "none"
            yield "/port", f"the Service {host.service} has no port {wanted} (it has {has})"
    subset = destination.get("subset")
    if subset and subset not in (host.subsets or ()) and (host.subsets is not None or host.service is not None):
        has = "it has no DestinationRule" if host.subsets is None else _subsets(host.subsets)
        yield "/subset", f"the host {host.name} has no subset {subset} ({has})"


def _subsets(names: list[str]) -> str:
    return f"its DestinationRule has {', '.join(names) or 'none'}"


def export_to(scene: Scene) -> Iterator[Finding]:
    """An `exportTo` that Istio's webhook refuses: a namespace twice, `*` beside others, or a name that is no namespace.

    Source: Istio `pkg/config/validation` (`validateExportTo`).
    Do: write `.` (its own namespace), `*` (all), or the namespaces.
    """
    for kind in ("VirtualService", "DestinationRule"):
        for manifest in scene.of(kind):
            spaces = spec_of(manifest).get("exportTo")
            if not spaces:
                continue
            own = [namespace_of(manifest) if space == "." else space for space in spaces]
            for number, space in enumerate(spaces):
                problem = None
                if own[number] in own[:number]:
                    problem = f"{space} is the same namespace as one before"
                elif space == "*" and len(spaces) > 1:
                    problem = "* is every namespace: nothing goes beside it"
                elif space not in (".", "*", "~") and not is_dns_label(space):
                    problem = f"{space!r} is no namespace"
                if problem:
                    yield Finding("export-to", problem, f"/spec/exportTo/{number}", manifest)


def route_ports(scene: Scene) -> Iterator[Finding]:
    """A route whose section does not fit the protocol of the port that it matches, or whose port the host lacks.

    Istio applies http routes to HTTP and gRPC ports alone, tls routes to TLS, tcp routes to the rest; another is
    passed over in silence. Looked at for routes of the mesh, where the Service of a host is in the render.
    Source: Istio (`buildSidecarOutboundHTTPRouteConfig`, `buildSidecarOutboundTCPTLSFilterChainOpts`).
    Do: move the route to the section of the port's protocol, or set the port's `appProtocol`.
    """
    for manifest in scene.of("VirtualService"):
        spec = spec_of(manifest)
        gateways = spec.get("gateways")
        if gateways is not None and "mesh" not in gateways:
            continue
        ports = _ports_of_hosts(scene, spec.get("hosts") or (), namespace_of(manifest))
        if not ports:
            continue
        for section, at, route in routes_of(manifest):
            for where, number in _matched(at, route, gateways):
                if number not in ports:
                    has = ", ".join(str(port) for port in ports)
                    yield Finding("route-ports", f"no host here has port {number} (there is {has})", where, manifest)
                elif not _fits(section, ports[number]):
                    message = f"port {number} speaks {ports[number]}: a route under {section} does not apply to it"
                    yield Finding("route-ports", message, where, manifest)


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


def _matched(at: str, route: Object, gateways: list[str] | None) -> Iterator[tuple[str, int]]:
    for number, match in enumerate(route.get("match") or ()):
        bound = match.get("gateways", gateways)
        if "port" in match and (bound is None or bound == ["mesh"] or "gateways" not in match):
            yield f"{at}/match/{number}/port", match["port"]


def _fits(section: str, protocol: str | None) -> bool:
    if protocol is None:
        return True
    if section == "http":
        return protocol in HTTP
    return protocol not in HTTP if section == "tcp" else protocol in TLS


def route_order(scene: Scene) -> Iterator[Finding]:
    """Warning: an HTTP route that is never reached, because one before it takes everything or the same requests.

    Only the last route may be without a match.
    Source: Istio's webhook (`only the last rule can have no matches`, `virtualService rule #n not used`).
    Do: move the more specific route up, or take it out.
    """
    for manifest in scene.of("VirtualService"):
        routes = spec_of(manifest).get("http") or ()
        if len(routes) < 2:
            continue
        seen: list[Object] = []
        for number, route in enumerate(routes):
            matches = route.get("match") or []
            if number and matches and all(match in seen for match in matches):
                yield _order(manifest, number, "routes before this one take all that it matches")
            if not matches and number < len(routes) - 1:
                message = "this route has no match and takes every request: the routes after it are never reached"
                yield _order(manifest, number, message)
                break
            seen += matches


def _order(manifest: Manifest, number: int, message: str) -> Finding:
    return Finding("route-order", message, f"/spec/http/{number}", manifest, "warning")


def host_once(scene: Scene) -> Iterator[Finding]:
    """One host twice: two VirtualServices route it in the mesh, or take the same requests of it at one gateway.

    In the mesh Istio uses the older one and passes over the other. At a gateway their routes are merged in no fixed
    order, so hosts may be shared only where the matches differ. Holds across the apps of an environment too.
    Source: `istioctl analyze` IST0109, Istio documentation (`multiple VirtualServices for a host`).
    Do: give each app a host of its own, or matches that do not meet.
    """
    if len(scene.of("VirtualService")) > 1:
        yield from clashes_within(scene, "VirtualService", "host-once")


def gateway_hosts(scene: Scene) -> Iterator[Finding]:
    """A VirtualService bound to a Gateway of the render that does not have its host.

    No request for the host would reach its routes. Gateways that are not rendered here live in the cluster and are
    not looked at.
    Source: `istioctl analyze` IST0132.
    Do: add the host to the Gateway's server, or correct it here. A Gateway's host may be limited to a namespace
    (`ns/host`).
    """
    for manifest in scene.of("VirtualService"):
        spec, own = spec_of(manifest), namespace_of(manifest)
        for gateway in spec.get("gateways") or ():
            if gateway == "mesh":
                continue
            namespace, _, name = gateway.rpartition("/")
            found = scene.find("Gateway", namespace.replace(".", own) or own, name)
            served = _served(found, own) if found else None
            for number, host in enumerate(spec.get("hosts") or ()) if served is not None else ():
                if service_name(host, own) is None and not any(_meets(host, other) for other in served or ()):
                    message = (
                        f"the Gateway {gateway} does not serve the host {host} (it serves {', '.join(served or ())})"
                    )
                    yield Finding("gateway-hosts", message, f"/spec/hosts/{number}", manifest)


def _served(gateway: Manifest, namespace: str) -> list[str]:
    found = []
    for server in spec_of(gateway).get("servers") or ():
        for entry in server.get("hosts") or ():
            where, _, host = entry.rpartition("/")
            if where in ("", "*", namespace) or (where == "." and namespace == namespace_of(gateway)):
                found.append(host)
    return found


def _meets(host: str, served: str) -> bool:
    if served.startswith("*"):
        return host.endswith(served[1:])
    return host == served or (host.startswith("*") and served.endswith(host[1:]))
