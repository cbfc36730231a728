"""Rules over what a Rollout moves in Istio: routes of VirtualServices, subsets of DestinationRules."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Manifest, Object
from renderer.rules.finding import Finding, Scene, correct
from renderer.rules.index import Located
from renderer.rules.mesh import spec_of
from renderer.rules.rollouts import ISTIO, canary_of, istio_of, routing_of


def rollout_virtual_service(scene: Scene) -> Iterator[Finding]:
    """A Rollout whose VirtualService, or a route in it, does not exist or does not lead to both versions.

    If the Rollout names no route, the VirtualService must have exactly one of that section. TLS routes are found by
    port and exactly the same SNI hosts, TCP routes by port.

    Why: Argo Rollouts sets the Rollout to InvalidSpec and does nothing: no version is released or aborted.
    Fix: name the routes as the VirtualService does. Each route needs the stable and the canary subset (or Service) as
    destinations; keep the destinations that rollspec renders.
    Source: Argo Rollouts (`ValidateVirtualService`: `HTTP Route 'x' is not found in the defined Virtual Service.`).
    """
    for rollout in scene.of("Rollout"):
        istio = routing_of(rollout).get("istio")
        if istio is None:
            continue
        if bool(istio.get("virtualService")) == bool(istio.get("virtualServices")):
            message = "the router istio needs exactly one of virtualService and virtualServices"
            yield Finding("rollout-virtual-service", message, ISTIO, rollout)
            continue
        for pointer, ref in _virtual_services(rollout):
            for inner, message in _virtual_service_problems(scene, rollout, ref):
                yield Finding("rollout-virtual-service", message, pointer + inner, rollout)


def _virtual_service_problems(scene: Scene, rollout: Manifest, ref: Object) -> Iterator[tuple[str, str]]:
    name, namespace = reference(ref.get("name") or "")
    found = scene.find("VirtualService", namespace or rollout.namespace, name)
    if found is not None:
        yield from _route_problems(rollout, ref, spec_of(found))
    elif not namespace and f"VirtualService/{name}" not in scene.external:
        yield "/name", f"there is no VirtualService {name}: {correct('name', 'VirtualService', name)}"


def _virtual_services(rollout: Manifest) -> list[Located]:
    """Where a Rollout names the VirtualServices whose weights it writes."""
    istio = istio_of(rollout)
    one, several = istio.get("virtualService"), istio.get("virtualServices") or ()
    listed = [(f"{ISTIO}/virtualServices/{number}", ref) for number, ref in enumerate(several)]
    return [(f"{ISTIO}/virtualService", one), *listed] if one else listed


def moved_by(rollout: Manifest) -> list[tuple[str, str]]:
    """Name and namespace of each VirtualService whose weights a Rollout writes."""
    named = [reference(ref.get("name") or "") for _, ref in _virtual_services(rollout) if ref]
    return [(name, namespace or rollout.namespace) for name, namespace in named if name]


def reference(name: str) -> tuple[str, str]:
    """Name and namespace of `name` or `name.namespace`; the last part is the namespace."""
    first, dot, last = name.removesuffix(".cluster.local").rpartition(".")
    return (first, last) if dot else (last, "")


_SECTIONS = (("http", "routes"), ("tls", "tlsRoutes"), ("tcp", "tcpRoutes"))


def _route_problems(rollout: Manifest, ref: Object, spec: Object) -> Iterator[tuple[str, str]]:
    managed = {route.get("name") for route in routing_of(rollout).get("managedRoutes") or ()}
    for section, field in _SECTIONS:
        if not spec.get(section) and not ref.get(field):
            continue
        routes = [route for route in spec.get(section) or () if route.get("name") not in managed or section != "http"]
        named = ref.get(field) or ()
        if not named:
            if len(routes) > 1:
                yield "", f"the VirtualService has {len(routes)} {section} routes: name those to move in {field}"
            elif routes and (message := _lacks(rollout, routes[0])):
                yield "", f"the {section} route {message}"
        by_name: dict[object, list[Object]] = {}
        for route in routes if section == "http" else ():
            by_name.setdefault(route.get("name"), []).append(route)
        for number, wanted in enumerate(named):
            is_name = section == "http"
            found = by_name.get(wanted, []) if is_name else [each for each in routes if _is(section, each, wanted)]
            if not found:
                yield f"/{field}/{number}", f"the VirtualService has no {section} route {_spoken(wanted)}"
            for route in found[:1] if section == "http" else found:
                if message := _lacks(rollout, route):
                    yield f"/{field}/{number}", f"the {section} route {_spoken(wanted)} {message}"


def _is(section: str, route: Object, wanted: Object) -> bool:
    matches = route.get("match") or ()
    if {match.get("port", 0) for match in matches} != {wanted.get("port", 0)}:
        return False
    hosts = {host for match in matches for host in match.get("sniHosts") or ()}
    return section == "tcp" or hosts == set(wanted.get("sniHosts") or ())


def _spoken(wanted: object) -> str:
    if not isinstance(wanted, dict):
        return str(wanted)
    hosts = wanted.get("sniHosts")
    return f"for port {wanted.get('port')}" + (f" and the SNI hosts {', '.join(hosts)}" if hosts else "")


def _lacks(rollout: Manifest, route: Object) -> str | None:
    """What a route that the controller moves lacks; None when it leads to both versions."""
    canary = canary_of(rollout) or {}
    rule = istio_of(rollout).get("destinationRule")
    destinations = [weighted.get("destination") or {} for weighted in route.get("route") or ()]
    if rule:
        there = {destination.get("subset") for destination in destinations}
        wanted, what = [rule.get("stableSubsetName"), rule.get("canarySubsetName")], "subset"
    else:
        there = {destination.get("host", "").partition(".")[0] for destination in destinations}
        pong = canary.get("pingPong") or {}
        wanted = [
            canary.get("stableService") or pong.get("pingService"),
            canary.get("canaryService") or pong.get("pongService"),
        ]
        what = "Service"
    missing = [str(name) for name in wanted if name not in there]
    return f"does not lead to the {what} {' and '.join(missing)}" if missing else None


def rollout_destination_rule(scene: Scene) -> Iterator[Finding]:
    """A Rollout's DestinationRule that does not exist, lacks the stable or canary subset, or has other subsets.

    Why: Without both subsets no traffic can be split. The controller deletes every other subset, and requests that use
    it fail.
    Fix: keep exactly the two subsets that the Rollout names.
    Source: Argo Rollouts (`updateDestinationRule`), measured: other subsets are removed.
    """
    for rollout in scene.of("Rollout"):
        rule = istio_of(rollout).get("destinationRule")
        if not rule:
            continue
        pointer, name = f"{ISTIO}/destinationRule", rule.get("name", "")
        wanted = [rule.get("stableSubsetName"), rule.get("canarySubsetName")]
        found = scene.find("DestinationRule", rollout.namespace, name)
        if found is None:
            if f"DestinationRule/{name}" not in scene.external:
                message = f"there is no DestinationRule {name}: {correct('name', 'DestinationRule', name)}"
                yield _rule(rollout, pointer + "/name", message)
            continue
        subsets = [subset.get("name") for subset in spec_of(found).get("subsets") or ()]
        if wanted[0] == wanted[1]:
            yield _rule(rollout, pointer, f"the stable and the canary subset are both {wanted[0]}")
        for subset in wanted:
            if subset not in subsets:
                yield _rule(rollout, pointer, f"the DestinationRule {name} has no subset {subset}")
        for number, subset in enumerate(subsets):
            if subset not in wanted:
                message = f"Rollout {rollout.name} drives this: the controller deletes the subset {subset}"
                yield _rule(found, f"/spec/subsets/{number}", message)


def _rule(manifest: Manifest, pointer: str, message: str) -> Finding:
    return Finding("rollout-destination-rule", message, pointer, manifest)
