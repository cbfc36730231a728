"""Rules over VirtualServices as a whole: hosts, gateways, the form and order of routes, weights."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import ISTIO_ROUTING, Manifest, Object
from renderer.rules.finding import Finding, Scene
from renderer.rules.fleet import clashes_within
from renderer.rules.mesh import MESH, destinations_of, gateways_of, routes_of, service_name, spec_of
from renderer.rules.syntax import is_dns_label, is_subdomain, is_wildcard_domain


def route_weights(scene: Scene) -> Iterator[Finding]:
    """Weights of a route that do not add up to 100.

    Why: Argo Rollouts writes weights that add up to 100, and people read them as percentages. Istio treats them as
    ratios and refuses only a sum of 0, so another sum gives a share other than the spec asks for.
    Fix: make them add up to 100. A VirtualService of a canary keeps 100 and 0 in Git. A single destination needs no
    weight.
    Source: a rule of rollspec; Istio's webhook (`total destination weight = 0`).
    """
    for manifest in scene.of("VirtualService"):
        for _, pointer, route in routes_of(manifest):
            destinations = route.get("route") or ()
            weights = [destination.get("weight") for destination in destinations]
            given = [weight for weight in weights if weight is not None]
            total = sum(given)
            if total == 100 or (not given and len(weights) <= 1):
                continue
            least = min(given, default=0)
            message = f"the weights add up to {total}, not 100" if least >= 0 else f"weight {least} is below 0"
            yield Finding("route-weights", message, pointer + "/route", manifest)


def virtual_service_routes(scene: Scene) -> Iterator[Finding]:
    """A VirtualService, or one of its routes, that Istio's webhook refuses.

    Why: The VirtualService is not applied.
    Fix: give at least one of `http`, `tls` and `tcp`, and hosts (unless another VirtualService delegates to this one).
    An HTTP route has exactly one of `route`, `redirect`, `directResponse` and `delegate`; `fault`, `rewrite` and
    mirrors cannot be combined with `redirect` or `directResponse`. TLS and TCP routes need a `route`, TLS routes also a
    match with `sniHosts`. Every destination needs a host other than `*`.
    Source: Istio `pkg/config/validation` (`ValidateVirtualService`).
    """
    for manifest in scene.of("VirtualService"):
        spec = spec_of(manifest)
        if not (spec.get("http") or spec.get("tls") or spec.get("tcp")):
            yield _routes(manifest, "/spec", "there is no route: give http, tls or tcp")
        if not spec.get("hosts") and (spec.get("gateways") or spec.get("tls") or spec.get("tcp")):
            yield _routes(manifest, "/spec", "without hosts (a delegate) it can have only http routes, and no gateways")
        for section, pointer, route in routes_of(manifest):
            for message in _http_errors(route) if section == "http" else _stream_errors(section, route):
                yield _routes(manifest, pointer, message)
        for pointer, destination in destinations_of(manifest):
            if destination.get("host", "") in ("", "*"):
                yield _routes(manifest, pointer, "a destination needs a host, not *")
            if destination.get("subset") and not is_dns_label(destination["subset"]):
                yield _routes(manifest, pointer + "/subset", f"{destination['subset']!r} is not a DNS label")


def _routes(manifest: Manifest, pointer: str, message: str) -> Finding:
    return Finding("virtual-service-routes", message, pointer, manifest)


_ACTIONS = ("route", "redirect", "directResponse", "delegate")
_ROUTE_ONLY = ("fault", "rewrite", "mirror", "mirrors")


def _http_errors(route: Object) -> Iterator[str]:
    has = [action for action in _ACTIONS if route.get(action)]
    if len(has) != 1:
        yield f"an HTTP route needs exactly one of {', '.join(_ACTIONS)}; this one has {' and '.join(has) or 'none'}"
    elif has[0] in ("redirect", "directResponse"):
        for field in _ROUTE_ONLY:
            if field in route:
                yield f"{field} cannot be used with {has[0]}"
    if "mirror" in route and "mirrors" in route:
        yield "mirror and mirrors cannot be used together"


def _stream_errors(section: str, route: Object) -> Iterator[str]:
    if not route.get("route"):
        yield f"a {section.upper()} route needs a route"
    if section == "tls":
        matches = route.get("match") or ()
        if not matches or not all(match.get("sniHosts") for match in matches):
            yield "a TLS route needs a match with sniHosts"


def virtual_service_hosts(scene: Scene) -> Iterator[Finding]:
    """A host or gateway of a VirtualService that Istio's webhook refuses.

    Why: The VirtualService is not applied.
    Fix: use each host once; a host is a DNS name (or an IP address), with `*` only at its beginning, and not `*` alone
    in the mesh. No host may cover another. A gateway is `mesh`, a name, or `namespace/name`.
    Source: Istio `pkg/config/validation` (`ValidateWildcardDomain`, `validateGatewayNames`, `duplicate hosts`).
    """
    for manifest in scene.of("VirtualService"):
        spec = spec_of(manifest)
        hosts, gateways = spec.get("hosts") or [], gateways_of(spec)
        covered = _covered(hosts)
        for number, host in enumerate(hosts):
            problem = _host_error(host, MESH in gateways) or covered.get(number)
            if problem:
                yield Finding("virtual-service-hosts", problem, f"/spec/hosts/{number}", manifest)
        for number, gateway in enumerate(gateways):
            namespace, slash, name = gateway.rpartition("/")
            if not is_subdomain(name) or (slash and not is_dns_label(namespace) and namespace != "."):
                message = f"{gateway!r} is not a valid gateway: write mesh, a name, or namespace/name"
                yield Finding("virtual-service-hosts", message, f"/spec/gateways/{number}", manifest)


def _host_error(host: str, in_mesh: bool) -> str | None:
    if host == "*":
        return (
            "the host * cannot be bound to the mesh: name the hosts, or gateways other than mesh" if in_mesh else None
        )
    if is_wildcard_domain(host) or ":" in host:
        return None
    return f"{host!r} is not a valid host: use a DNS name, with * only at its beginning"


def _covered(hosts: list[str]) -> dict[int, str]:
    """By index of a host, the message about the first earlier host that is equal, covers it or is covered by it."""
    found: dict[int, str] = {}
    first: dict[str, int] = {}  # an ending from a dot on, or the empty one -> the first host with this ending
    wild: dict[str, int] = {}  # what follows the * -> the first such host
    exact: dict[str, int] = {}
    for number, host in enumerate(hosts):
        ends = [host[pointer:] for pointer, letter in enumerate(host) if letter == "."] + [""]
        inside = [first[host[1:]]] if host.startswith("*") and host[1:] in first else []
        others = [*inside, *(wild[end] for end in ends if end in wild), *([exact[host]] if host in exact else [])]
        if others:
            other = hosts[min(others)]
            twice, overlap = f"the host {host} is listed twice", f"the hosts {other} and {host} overlap"
            found[number] = twice if other == host else overlap
        for end in ends:
            first.setdefault(end, number)
        if host.startswith("*"):
            wild.setdefault(host[1:], number)
        exact.setdefault(host, number)
    return found


def export_to(scene: Scene) -> Iterator[Finding]:
    """An `exportTo` that Istio's webhook refuses.

    Why: The object is not applied.
    Fix: write `.` (its own namespace), `*` (all namespaces, alone), or a list of namespaces without duplicates.
    Source: Istio `pkg/config/validation` (`validateExportTo`).
    """
    for kind in ISTIO_ROUTING:
        for manifest in scene.of(kind):
            for pointer, message in refused_spaces(manifest):
                yield Finding("export-to", message, f"/spec/{pointer}", manifest)


def refused_spaces(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """The items of an `exportTo` that Istio refuses, and why."""
    spaces = spec_of(manifest).get("exportTo") or ()
    own = [manifest.namespace if space == "." else space for space in spaces]
    for number, space in enumerate(spaces):
        problem = _refused_space(space, own[number] in own[:number], len(spaces) == 1)
        if problem:
            yield f"exportTo/{number}", problem


def _refused_space(space: str, is_repeated: bool, is_alone: bool) -> str | None:
    """Why Istio refuses an item of `exportTo`."""
    if is_repeated:
        return f"{space} is the same namespace as one before"
    if space == "*" and not is_alone:
        return "* means every namespace: it must be alone"
    if space not in (".", "*", "~") and not is_dns_label(space):
        return f"{space!r} is not a valid namespace"
    return None


def route_order(scene: Scene) -> Iterator[Finding]:
    """An HTTP route that is never reached.

    Why: Istio takes the first route that matches. A route without a match takes every request, so only the last route
    may be without one.
    Fix: move the more specific route up, or remove it.
    Source: Istio's webhook (`only the last rule can have no matches`, `virtualService rule #n not used`).
    """
    for manifest in scene.of("VirtualService"):
        routes = spec_of(manifest).get("http") or ()
        if len(routes) < 2:
            continue
        seen: list[Object] = []
        for number, route in enumerate(routes):
            matches = route.get("match") or []
            if number and matches and all(match in seen for match in matches):
                yield _order(manifest, number, "earlier routes take all requests that it matches")
            if not matches and number < len(routes) - 1:
                message = "this route has no match and takes every request: the routes after it are never reached"
                yield _order(manifest, number, message)
                break
            seen += matches


def _order(manifest: Manifest, number: int, message: str) -> Finding:
    return Finding("route-order", message, f"/spec/http/{number}", manifest, "warning")


def host_once(scene: Scene) -> Iterator[Finding]:
    """Two VirtualServices that route the same host in the mesh, or take the same requests of it at one gateway.

    The rule also compares the apps of an environment with each other, and at a gateway the environments that have the
    same `cluster`. An app may not route the Service of another app in the mesh, nor give it addresses by Endpoints, an
    EndpointSlice, a ServiceEntry for its host, or a route of the Gateway API with the Service as its parent. If it
    must, put that object under `resources` of the overlay.

    Why: In the mesh Istio uses the older VirtualService and ignores the other. At a gateway it merges their routes in
    no fixed order.
    Fix: give each app its own host, or matches that do not overlap.
    Source: `istioctl analyze` IST0109, Istio documentation (`multiple VirtualServices for a host`).
    """
    if len(scene.of("VirtualService")) > 1:
        yield from clashes_within(scene, ("VirtualService",), "host-once")


def gateway_hosts(scene: Scene) -> Iterator[Finding]:
    """A VirtualService bound to a Gateway of this render that does not serve its host.

    Gateways that are not rendered here are in the cluster and are not checked.

    Why: No request for the host reaches its routes.
    Fix: add the host to a server of the Gateway, or correct it here. A Gateway may limit a host to a namespace
    (`ns/host`).
    Source: `istioctl analyze` IST0132.
    """
    for manifest in scene.of("VirtualService"):
        spec, own = spec_of(manifest), manifest.namespace
        for gateway in gateways_of(spec):
            if gateway == MESH:
                continue
            namespace, _, name = gateway.rpartition("/")
            found = scene.find("Gateway", namespace.replace(".", own) or own, name)
            if found is None:
                continue
            served = _served(found, own)
            for number, host in enumerate(spec.get("hosts") or ()):
                if service_name(host, own) is None and not any(_meets(host, other) for other in served):
                    serves = ", ".join(served) or "none for this namespace"
                    message = (
                        f"the Gateway {gateway} does not serve the host {host} (it serves {serves}), so no request "
                        "reaches these routes: add the host to a server of the Gateway, or correct it here"
                    )
                    yield Finding("gateway-hosts", message, f"/spec/hosts/{number}", manifest)


def _served(gateway: Manifest, namespace: str) -> list[str]:
    found = []
    for server in spec_of(gateway).get("servers") or ():
        for entry in server.get("hosts") or ():
            inside, _, host = entry.rpartition("/")
            if inside in ("", "*", namespace) or (inside == "." and namespace == gateway.namespace):
                found.append(host)
    return found


def _meets(host: str, served: str) -> bool:
    if served.startswith("*"):
        return host.endswith(served[1:])
    return host == served or (host.startswith("*") and served.endswith(host[1:]))
