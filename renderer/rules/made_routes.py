"""Rules over the routes that Argo Rollouts adds to a VirtualService during a release, and over mirrored requests."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Manifest, Object
from renderer.problem import Severity
from renderer.release import PINNED
from renderer.rules.finding import Finding, Scene
from renderer.rules.mesh import MESH, full_host, spec_of
from renderer.rules.rollouts import ROUTING, canary_of, istio_of, routing_of

_FIELDS = ("rewrite", "timeout", "retries", "corsPolicy", "headers", "fault", "mirror", "mirrors")


def pinned_routes(scene: Scene) -> Iterator[Finding]:
    """A route for pinned requests (`canaryHeaders`, `setHeaderRoute`), or for mirrored ones (`setMirrorRoute`), that
    does not do what the app's own route does.

    Why: During a release Argo Rollouts makes this route from the step's match alone. It takes requests of every path
    and port, and has none of the fields of the app's route. All of these requests reach the port of the first route
    that the Rollout names. A missing `rewrite` changes the path that the app sees (a warning); other differences are a
    note.
    Fix: send such requests only to that port and those paths, and do not rely on the other fields for them; or
    remove `canaryHeaders` (`setHeaderRoute`, `setMirrorRoute`).
    Source: Argo Rollouts (`createHeaderRoute`, `createMirrorRoute`), measured.
    """
    for rollout in scene.of("Rollout"):
        for kind, pointer in _made(rollout).items():
            routes = _driven_routes(scene, rollout)
            lost = _lost(routes)
            if lost:
                severity: Severity = "warning" if any("rewrite" in route for route in routes) else "note"
                message = f"the controller's route for {kind} requests {', and '.join(lost)}"
                yield Finding("pinned-routes", message, pointer, rollout, severity)


def _made(rollout: Manifest) -> dict[str, str]:
    """The kinds of requests for which the controller makes a route, `pinned` and `mirrored`: where the Rollout says so.

    Compiled steps make the route for pinned requests only during a release; `managedRoutes` names it always.
    """
    found: dict[str, str] = {}
    routing = routing_of(rollout)
    if "istio" not in routing:
        return found
    for number, step in enumerate((canary_of(rollout) or {}).get("steps") or ()):
        for kind, field in (("pinned", "setHeaderRoute"), ("mirrored", "setMirrorRoute")):
            if (step.get(field) or {}).get("match"):
                found.setdefault(kind, f"/spec/strategy/canary/steps/{number}/{field}")
    names = [route.get("name") for route in routing.get("managedRoutes") or ()]
    return found if "pinned" in found or PINNED not in names else {"pinned": f"{ROUTING}/managedRoutes", **found}


def _driven_routes(scene: Scene, rollout: Manifest) -> list[Object]:
    """The HTTP routes of the VirtualService that the Rollout moves, in the order in which it names them."""
    named = istio_of(rollout).get("virtualService") or {}
    found = scene.find("VirtualService", rollout.namespace, named.get("name", ""))
    routes: dict[object, Object] = {r.get("name"): r for r in (spec_of(found).get("http") or () if found else ())}
    wanted = named.get("routes") or [*routes]
    return [routes[name] for name in wanted if name in routes]


def _lost(routes: list[Object]) -> list[str]:
    """What the app's routes do and the controller's does not, in words."""
    ports = list(dict.fromkeys(port for route in routes for port in _ports(route)))
    said = []
    if len(ports) > 1:
        others = " and ".join(map(str, ports[1:]))
        said.append(f"sends those of port {others} to port {ports[0]}")
    matches = [
        match.keys() - {"port", "gateways"}
        for route in routes
        for match in route.get("match") or ()
        if match.get("gateways") != [MESH]  # the route of the Service's own host
    ]
    if any(matches):
        said.append(f"does not look at {', '.join(sorted(set().union(*matches)))}")
    fields = [field for field in _FIELDS if any(field in route for route in routes)]
    if fields:
        said.append(f"has no {', '.join(fields)}")
    return said


def _ports(route: Object) -> Iterator[int]:
    for weighted in route.get("route") or ():
        number = ((weighted.get("destination") or {}).get("port") or {}).get("number")
        if number:
            yield number


def mirror_own_canary(scene: Scene) -> Iterator[Finding]:
    """A route that mirrors its requests to the pods that already get them: to the app's own canary, or its own host.

    Why: While nothing is in flight, the canary subset has the stable pods. The stable version then handles every
    mirrored request twice, writes included. The same happens if the mirror names the route's own host without a
    subset, or with a subset of the route. A mirror of 0 percent gets no request, and is not reported.
    Fix: mirror during a release only, with a step: `{setMirrorRoute: {name: mirror, percentage: 10, match: [...]}}` in
    `strategy.steps`; or mirror to another Service.
    Source: Argo Rollouts (without a canary both subsets have the stable hash), measured; Istio (HTTPRoute.mirror).
    """
    canaries = {subset for rollout in scene.of("Rollout") if (subset := _canary_subset(rollout))}
    for manifest, pointer, route in scene.index.routes:
        own: dict[str, set[str | None]] = {}
        for inner, mirror in _mirrors(route):
            own = own or _own_subsets(route, manifest.namespace)
            subset, subsets = mirror.get("subset"), own.get(_host(mirror, manifest.namespace))
            if subsets is None:
                continue
            if subset in canaries:
                what = (
                    f"the subset {subset} has the stable pods between releases: they handle each request twice; "
                    "mirror to other pods"
                )
            elif subset is None or subset in subsets:
                what = (
                    "the route sends its requests to these pods too: they handle each request twice; "
                    "mirror to other pods"
                )
            else:
                continue
            yield Finding("mirror-own-canary", what, pointer + inner, manifest)


def _canary_subset(rollout: Manifest) -> str | None:
    subset: str | None = (istio_of(rollout).get("destinationRule") or {}).get("canarySubsetName")
    return subset


def _own_subsets(route: Object, namespace: str) -> dict[str, set[str | None]]:
    """The subsets that a route sends requests to, by host."""
    found: dict[str, set[str | None]] = {}
    for weighted in route.get("route") or ():
        destination = weighted.get("destination") or {}
        found.setdefault(_host(destination, namespace), set()).add(destination.get("subset"))
    return found


def _host(destination: Object, namespace: str) -> str:
    return full_host(destination.get("host", ""), namespace)


def _mirrors(route: Object) -> Iterator[tuple[str, Object]]:
    """The mirrors of a route with their pointers; one of 0 percent gets no request (`MirrorPercent` of Istio)."""
    if route.get("mirror") and _is_used(route.get("mirrorPercentage")):
        yield "/mirror", route["mirror"]
    for number, mirror in enumerate(route.get("mirrors") or ()):
        if _is_used(mirror.get("percentage")):
            yield f"/mirrors/{number}/destination", mirror.get("destination") or {}


def _is_used(percentage: Object | None) -> bool:
    """Whether a mirror gets requests: without a percentage it gets all of them, with an empty one none."""
    return percentage is None or percentage.get("value", 0) > 0
