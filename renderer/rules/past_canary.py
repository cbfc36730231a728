"""The rule over routes that lead to a Service with the pods of both versions, past the weights of a canary."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Manifest, Object
from renderer.plain import mapping
from renderer.rules.backends import KINDS, Backend, backends_of, hangs_on_gateway
from renderer.rules.finding import Finding, Scene, namespace_of
from renderer.rules.mesh import routes_of, service_of
from renderer.rules.rollout_routes import moved_by
from renderer.rules.rollouts import canary_of
from renderer.rules.services import VERSION_LABELS, pods_behind

_TO_SERVICE = ("service-upstream", "nativelb")  # annotations of ingress-nginx and Traefik
_KINDS = tuple(kind for kind in KINDS if kind != "UDPRoute")
_ROUTING = "/spec/strategy/canary/trafficRouting/istio"


def past_canary(scene: Scene) -> Iterator[Finding]:
    """A route to all pods of the app that the Rollout does not move, of a VirtualService, a Gateway or an Ingress.

    The route leads to a Service of both versions, and names no subset. A Service whose selector has a label that only
    one version has, such as `version`, does not count. Routes of the Gateway API whose parent is a Gateway and
    Ingresses count, but not an Ingress whose annotation `service-upstream` or `nativelb` sends requests to the Service
    instead of its pods. What is among the `resources` of the overlay counts too; what other apps and other
    repositories have is not looked at.

    Why: Istio does not apply one VirtualService to the requests that another, or a gateway, has routed. So the requests
    of this route reach the canary by its share of the pods, also where its weight is 0 %, and an abort does not end
    that at once.
    Fix: add its hosts and gateways to `istio` in the app spec, and remove the route. Or lead the route to the subset
    of the stable version, or to a Service of it (`strategy.stableService`), which gets no canary at all.
    Source: Istio (a destination without a subset is all endpoints of the Service).
    """
    for rollout in scene.of("Rollout"):
        canary = canary_of(rollout) or {}
        if not (canary.get("trafficRouting") or {}).get("istio"):
            continue
        moved = set(moved_by(rollout))
        for manifest in scene.all_of("VirtualService"):
            if (manifest.name, namespace_of(manifest)) not in moved:
                yield from _routes(scene, manifest, rollout, canary)
        for kind in _KINDS:
            for manifest in scene.all_of(kind):
                for backend in _backends(manifest):
                    service = scene.find("Service", backend.namespace, backend.name)
                    if service and _is_of_all(scene, service, rollout, canary):
                        yield _found(scene, manifest, backend.pointer, service, rollout, canary)


def _routes(scene: Scene, manifest: Manifest, rollout: Manifest, canary: Object) -> Iterator[Finding]:
    for _, pointer, route in routes_of(manifest):
        for number, weighted in enumerate(route.get("route") or ()):
            destination = weighted.get("destination") or {}
            service = service_of(scene, destination.get("host") or "", namespace_of(manifest))
            if service and not destination.get("subset") and _is_of_all(scene, service, rollout, canary):
                yield _found(scene, manifest, f"{pointer}/route/{number}/destination", service, rollout, canary)


def _is_of_all(scene: Scene, service: Manifest, rollout: Manifest, canary: Object) -> bool:
    """Whether the Service has the Rollout's pods of both versions."""
    versions = {canary.get("stableService"), canary.get("canaryService")}  # the controller selects one version for each
    if service.name in versions or _selects_one_version(service):
        return False
    return any(pod.manifest is rollout for pod in pods_behind(scene, service))


def _found(
    scene: Scene, manifest: Manifest, pointer: str, service: Manifest, rollout: Manifest, canary: Object
) -> Finding:
    is_own = any(each is manifest for each in scene.manifests)
    pointed = (pointer, manifest) if is_own else (_ROUTING, rollout)
    return Finding("past-canary", _message(manifest, service, canary), *pointed, "warning")


def _backends(manifest: Manifest) -> list[Backend]:
    """Where it sends requests; none where they go to the address of the Service, or where a mesh has the route."""
    if manifest.kind == "Ingress":
        annotations = mapping(mapping(manifest.data.get("metadata")).get("annotations"))
        if any(key.lower().endswith(_TO_SERVICE) and str(value) == "true" for key, value in annotations.items()):
            return []
    elif not hangs_on_gateway(manifest):
        return []
    return [backend for backend in backends_of(manifest) if not backend.is_mirror]


def _selects_one_version(service: Manifest) -> bool:
    selector = (service.data.get("spec") or {}).get("selector") or {}
    return any(label in selector for label in VERSION_LABELS)


def _message(manifest: Manifest, service: Manifest, canary: Object) -> str:
    stable = _stable(canary) if manifest.kind == "VirtualService" else _stable_service(canary)
    return (
        f"{manifest.kind} {manifest.name} leads to all pods of Service {service.name}, so its requests reach a canary "
        f"by its share of the pods, whatever its weight: add the hosts to `istio.hosts` instead, or lead it to {stable}"
    )


def _stable_service(canary: Object) -> str:
    name = canary.get("stableService")
    return f"Service {name}" if name else "a Service of the stable pods (`strategy.stableService`)"


def _stable(canary: Object) -> str:
    rule = canary["trafficRouting"]["istio"].get("destinationRule")
    if rule:
        return f"the subset `{rule.get('stableSubsetName')}`"
    return f"Service {canary.get('stableService')}"
