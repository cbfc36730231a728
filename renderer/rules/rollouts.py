"""Rules over Rollouts: the strategy, and the Services, VirtualServices and DestinationRules that it drives."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Manifest, Object
from renderer.rules.finding import Finding, Scene, namespace_of
from renderer.rules.mesh import spec_of
from renderer.rules.services import CONTROLLED, pods_behind

HISTORY = 10  # the default of revisionHistoryLimit
_ROUTERS_WITH_SERVICES = ("alb", "smi", "apisix", "ambassador", "nginx", "appMesh", "traefik")
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def canary_of(manifest: Manifest) -> Object | None:
    """`spec.strategy.canary` of a Rollout; None for another strategy."""
    strategy: Object = spec_of(manifest).get("strategy") or {}
    canary: Object | None = strategy.get("canary")
    return canary


def blue_green_of(manifest: Manifest) -> Object | None:
    """`spec.strategy.blueGreen` of a Rollout; None for another strategy."""
    strategy: Object = spec_of(manifest).get("strategy") or {}
    blue_green: Object | None = strategy.get("blueGreen")
    return blue_green


def rollout_strategy(scene: Scene) -> Iterator[Finding]:
    """A Rollout without exactly one of canary and blueGreen, or without exactly one of template and `workloadRef`.

    Source: Argo Rollouts (`Multiple Strategies can not be listed`, `template must be empty for workload reference
    rollout`); there is no webhook, so the Rollout would be applied and then be InvalidSpec.
    Do: keep one. A patch that changes the strategy needs the other set to null.
    """
    for rollout in scene.of("Rollout"):
        spec = spec_of(rollout)
        strategy = spec.get("strategy") or {}
        has = [kind for kind in ("blueGreen", "canary") if kind in strategy]
        if len(has) != 1:
            message = (
                f"a Rollout wants exactly one of canary and blueGreen; this one has {'both' if has else 'neither'}"
            )
            yield Finding("rollout-strategy", message, "/spec/strategy", rollout)
        if "workloadRef" in spec and spec.get("template"):
            yield Finding("rollout-strategy", "with a workloadRef there is no template", "/spec/template", rollout)
        if "workloadRef" not in spec and not spec.get("template"):
            yield Finding("rollout-strategy", "a Rollout wants a template, or a workloadRef", "/spec", rollout)


def _services(rollout: Manifest) -> Iterator[tuple[str, str]]:
    """Pointers and names of the Services that a Rollout drives."""
    blue_green, canary = blue_green_of(rollout), canary_of(rollout)
    if blue_green:
        for field in ("activeService", "previewService"):
            if blue_green.get(field):
                yield f"/spec/strategy/blueGreen/{field}", blue_green[field]
    if canary:
        for field in ("stableService", "canaryService"):
            if canary.get(field):
                yield f"/spec/strategy/canary/{field}", canary[field]
        for field, name in (canary.get("pingPong") or {}).items():
            yield f"/spec/strategy/canary/pingPong/{field}", name


def rollout_services(scene: Scene) -> Iterator[Finding]:
    """A Rollout whose Services do not exist, are missing, or are the same one twice.

    BlueGreen wants an active Service, and a preview Service that is another one. A canary's stable and canary Service
    differ; most routers want both, Istio with a DestinationRule wants neither. Ping-pong wants both its Services and
    router Istio or ALB.
    Source: Argo Rollouts (`ValidateRolloutStrategyBlueGreen`, `requireCanaryStableServices`, `service "x" not
    found`).
    Do: correct the names, or declare a Service that is not rendered here as external (`Service/name`).
    """
    for rollout in scene.of("Rollout"):
        namespace = namespace_of(rollout)
        names: dict[str, str] = {}
        for at, name in _services(rollout):
            if name in names:
                message = f"{at.rpartition('/')[2]} is {name}, like {names[name]}: they must differ"
                yield _service(rollout, at, message)
            elif not scene.known("Service", namespace, name):
                yield _service(rollout, at, f"there is no Service {name}")
            names[name] = at.rpartition("/")[2]
        for at, message in _missing(rollout):
            yield _service(rollout, at, message)


def _service(rollout: Manifest, at: str, message: str) -> Finding:
    return Finding("rollout-services", message, at, rollout)


def _missing(rollout: Manifest) -> Iterator[tuple[str, str]]:
    blue_green, canary = blue_green_of(rollout), canary_of(rollout) or {}
    if blue_green is not None and not blue_green.get("activeService"):
        yield "/spec/strategy/blueGreen", "a blueGreen strategy wants an activeService"
    routing = canary.get("trafficRouting") or {}
    pong = canary.get("pingPong")
    if pong is not None:
        for field in ("pingService", "pongService"):
            if not pong.get(field):
                yield "/spec/strategy/canary/pingPong", f"pingPong wants a {field}"
        if not routing.keys() & {"istio", "alb", "plugins"}:
            yield "/spec/strategy/canary/pingPong", "pingPong goes only with the routers istio and alb"
    by_hosts = "istio" in routing and "destinationRule" not in (routing["istio"] or {})
    if any(router in routing for router in _ROUTERS_WITH_SERVICES) or by_hosts:
        for field in ("stableService", "canaryService") if pong is None else ():
            if not canary.get(field):
                message = f"this router wants a {field} (Istio: or a destinationRule with subsets)"
                yield "/spec/strategy/canary", message


def rollout_service_labels(scene: Scene) -> Iterator[Finding]:
    """A Service that a Rollout drives and whose selector does not match the Rollout's pods.

    The hash that the controller adds to selectors is not looked at.
    Source: Argo Rollouts (`Service "x" has unmatch label "y" in rollout`).
    Do: make the Service's selector a part of the Rollout's pod labels.
    """
    for pod in scene.index.workloads:
        if pod.kind != "Rollout":
            continue
        for at, name in _services(pod.manifest):
            service = scene.find("Service", pod.namespace, name)
            if service is None:
                continue
            selector = spec_of(service).get("selector") or {}
            for key, value in selector.items():
                if pod.labels.get(key) == value or key == CONTROLLED:
                    continue
                if service in scene.resources or pods_behind(scene, service):  # else service-selects-pods says it
                    message = f"the Service {name} selects {key}={value}, which the pods of the Rollout do not have"
                    yield Finding("rollout-service-labels", message, at, pod.manifest)
                    break


def rollout_virtual_service(scene: Scene) -> Iterator[Finding]:
    """A Rollout's VirtualService, or a route in it, that does not exist or does not lead to both versions.

    Each route that the Rollout names has the stable and the canary subset (or Service) as destinations. Where it
    names none, the VirtualService has exactly one route of that section. TLS routes are found by port and exactly the
    same SNI hosts, TCP routes by port.
    Source: Argo Rollouts (`ValidateVirtualService`: `HTTP Route 'x' is not found in the defined Virtual Service.`).
    Do: name the routes as they are called in the VirtualService, or leave the route's destinations to the renderer.
    """
    for rollout in scene.of("Rollout"):
        routing = (canary_of(rollout) or {}).get("trafficRouting") or {}
        istio = routing.get("istio")
        if istio is None:
            continue
        one, several = istio.get("virtualService"), istio.get("virtualServices")
        base = "/spec/strategy/canary/trafficRouting/istio"
        if bool(one) == bool(several):
            message = "the router istio wants exactly one of virtualService and virtualServices"
            yield Finding("rollout-virtual-service", message, base, rollout)
            continue
        managed = {route.get("name") for route in routing.get("managedRoutes") or ()}
        refs = (
            [(base + "/virtualService", one)]
            if one
            else [(f"{base}/virtualServices/{n}", r) for n, r in enumerate(several)]
        )
        for at, ref in refs:
            name, _, namespace = (ref.get("name") or "").removesuffix(".cluster.local").partition(".")
            found = scene.find("VirtualService", namespace or namespace_of(rollout), name)
            if found is not None:
                for where, message in _route_problems(rollout, ref, spec_of(found), managed):
                    yield Finding("rollout-virtual-service", message, at + where, rollout)
            elif not namespace and f"VirtualService/{name}" not in scene.external:
                yield Finding("rollout-virtual-service", f"there is no VirtualService {name}", at + "/name", rollout)


_SECTIONS = (("http", "routes"), ("tls", "tlsRoutes"), ("tcp", "tcpRoutes"))


def _route_problems(
    rollout: Manifest, ref: Object, spec: Object, managed: set[str | None]
) -> Iterator[tuple[str, str]]:
    if not any(spec.get(section) for section, _ in _SECTIONS):
        yield "", f"the VirtualService {ref.get('name')} has no routes"
    for section, field in _SECTIONS:
        routes = [route for route in spec.get(section) or () if route.get("name") not in managed or section != "http"]
        named = ref.get(field) or ()
        if not named:
            if len(routes) > 1:
                yield "", f"the VirtualService has {len(routes)} {section} routes: name those to move in {field}"
            elif routes and (message := _lacks(rollout, routes[0])):
                yield "", f"the {section} route {message}"
        for number, wanted in enumerate(named):
            found = [route for route in routes if _is(section, route, wanted)]
            if not found:
                yield f"/{field}/{number}", f"the VirtualService has no {section} route {_spoken(wanted)}"
            for route in found[:1] if section == "http" else found:
                if message := _lacks(rollout, route):
                    yield f"/{field}/{number}", f"the {section} route {_spoken(wanted)} {message}"


def _is(section: str, route: Object, wanted: object) -> bool:
    if not isinstance(wanted, dict):
        return section == "http" and route.get("name") == wanted
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
    rule = canary["trafficRouting"]["istio"].get("destinationRule")
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
    """A Rollout's DestinationRule that does not exist, lacks the stable or canary subset, or has others.

    The controller deletes subsets that are neither of the two.
    Source: Argo Rollouts (`updateDestinationRule`), measured: other subsets are removed.
    Do: keep exactly the two subsets that the Rollout names.
    """
    for rollout in scene.of("Rollout"):
        routing = (canary_of(rollout) or {}).get("trafficRouting") or {}
        rule = (routing.get("istio") or {}).get("destinationRule")
        if not rule:
            continue
        at, name = "/spec/strategy/canary/trafficRouting/istio/destinationRule", rule.get("name", "")
        wanted = [rule.get("stableSubsetName"), rule.get("canarySubsetName")]
        found = scene.find("DestinationRule", namespace_of(rollout), name)
        if found is None:
            if f"DestinationRule/{name}" not in scene.external:
                yield _rule(rollout, at + "/name", f"there is no DestinationRule {name}")
            continue
        subsets = [subset.get("name") for subset in spec_of(found).get("subsets") or ()]
        if wanted[0] == wanted[1]:
            yield _rule(rollout, at, f"the stable and the canary subset are both {wanted[0]}")
        for subset in wanted:
            if subset not in subsets:
                yield _rule(rollout, at, f"the DestinationRule {name} has no subset {subset}")
        for number, subset in enumerate(subsets):
            if subset not in wanted:
                message = f"Rollout {rollout.name} drives this: the controller deletes the subset {subset}"
                yield _rule(found, f"/spec/subsets/{number}", message)


def _rule(manifest: Manifest, at: str, message: str) -> Finding:
    return Finding("rollout-destination-rule", message, at, manifest)


def rollout_scale_down(scene: Scene) -> Iterator[Finding]:
    """Scale-down settings of a Rollout that do not go with its strategy.

    A canary's `scaleDownDelaySeconds` and `dynamicStableScale` want a router, and exclude each other;
    `maxTrafficWeight` is for nginx and plugins. A blueGreen's `scaleDownDelayRevisionLimit` is at most
    `revisionHistoryLimit` (10 where not given).
    Source: Argo Rollouts (`ValidateRolloutStrategyCanary`, `ScaleDownLimitLargerThanRevisionLimit`).
    Do: take the field out, or correct it.
    """
    for rollout in scene.of("Rollout"):
        for where, message in _scale_down(spec_of(rollout)):
            yield Finding("rollout-scale-down", message, f"/spec/strategy/{where}", rollout)


def _scale_down(spec: Object) -> Iterator[tuple[str, str]]:
    strategy = spec.get("strategy") or {}
    canary, blue_green = strategy.get("canary") or {}, strategy.get("blueGreen") or {}
    routing = canary.get("trafficRouting")
    delay, dynamic = "scaleDownDelaySeconds" in canary, bool(canary.get("dynamicStableScale"))
    if routing is None:
        if delay:
            yield "canary/scaleDownDelaySeconds", "a canary without a router takes no scaleDownDelaySeconds"
        if dynamic:
            yield "canary/dynamicStableScale", "a canary without a router takes no dynamicStableScale"
    elif delay and dynamic:
        yield "canary/dynamicStableScale", "dynamicStableScale and scaleDownDelaySeconds exclude each other"
    if routing and "maxTrafficWeight" in routing and not routing.keys() & {"nginx", "plugins"}:
        yield "canary/trafficRouting/maxTrafficWeight", "maxTrafficWeight goes only with nginx and plugins"
    limit, history = blue_green.get("scaleDownDelayRevisionLimit", 0), spec.get("revisionHistoryLimit", HISTORY)
    if limit > history:
        message = f"scaleDownDelayRevisionLimit ({limit}) is more than revisionHistoryLimit ({history})"
        yield "blueGreen/scaleDownDelayRevisionLimit", message


def rollout_anti_affinity(scene: Scene) -> Iterator[Finding]:
    """A Rollout's `antiAffinity` that has not exactly one of preferred and required, or a weight beyond 1 to 100.

    Source: Argo Rollouts (`ValidateRolloutStrategyAntiAffinity`).
    Do: keep one of the two.
    """
    for rollout in scene.of("Rollout"):
        for kind, strategy in (("canary", canary_of(rollout)), ("blueGreen", blue_green_of(rollout))):
            rule = (strategy or {}).get("antiAffinity")
            if rule is None:
                continue
            at = f"/spec/strategy/{kind}/antiAffinity"
            if (_PREFERRED in rule) == (_REQUIRED in rule):
                message = f"antiAffinity wants exactly one of {_PREFERRED} and {_REQUIRED}"
                yield Finding("rollout-anti-affinity", message, at, rollout)
            elif _PREFERRED in rule and not 1 <= (rule[_PREFERRED] or {}).get("weight", 0) <= 100:
                yield Finding("rollout-anti-affinity", "weight is not between 1 and 100", f"{at}/{_PREFERRED}", rollout)
