"""The rule over routes that lead to a Service with the pods of both versions, past the weights of a canary."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Manifest
from renderer.plain import mapping
from renderer.rules.backends import backends_to, hangs_on_gateway
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod
from renderer.rules.mesh import destinations_to, is_mirror
from renderer.rules.rollout_routes import moved_by
from renderer.rules.rollouts import ISTIO, canary_of, istio_of
from renderer.rules.selectors import services_with
from renderer.rules.services import VERSION_LABELS, pods_behind

_TO_SERVICE = ("service-upstream", "nativelb")  # annotations of ingress-nginx and Traefik


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
    for pod in scene.index.workloads:
        if pod.kind != "Rollout" or not istio_of(pod.manifest):
            continue
        for service in services_with(scene, pod.labels):
            if _is_of_all(scene, service, pod):
                for manifest, pointer in _routes_to(scene, service, pod.manifest):
                    yield _found(scene, manifest, pointer, service, pod.manifest)


def _routes_to(scene: Scene, service: Manifest, rollout: Manifest) -> Iterator[tuple[Manifest, str]]:
    """The routes to a Service that name no subset and that the Rollout does not move, each with its pointer."""
    moved = set(moved_by(rollout))
    for manifest, pointer, destination in destinations_to(scene, service):
        is_moved = (manifest.name, manifest.namespace) in moved
        if not is_moved and not is_mirror(pointer) and not destination.get("subset"):
            yield manifest, pointer
    for kinds in (scene.index.kinds, scene.resource_kinds):
        for manifest, backend in backends_to(kinds, service):
            if not backend.is_mirror and _goes_to_pods(manifest):
                yield manifest, backend.pointer


def _is_of_all(scene: Scene, service: Manifest, pod: Pod) -> bool:
    """Whether the Service has the Rollout's pods of both versions."""
    canary = canary_of(pod.manifest) or {}
    versions = {canary.get("stableService"), canary.get("canaryService")}  # the controller selects one version for each
    if service.name in versions or _selects_one_version(service):
        return False
    return any(each is pod for each in pods_behind(scene, service))


def _found(scene: Scene, manifest: Manifest, pointer: str, service: Manifest, rollout: Manifest) -> Finding:
    is_own = any(each is manifest for each in scene.manifests)
    pointed = (pointer, manifest) if is_own else (ISTIO, rollout)
    return Finding("past-canary", _message(manifest, service, rollout), *pointed, "warning")


def _goes_to_pods(manifest: Manifest) -> bool:
    """Whether an Ingress or a route sends requests past the mesh to the pods, not to the address of the Service."""
    if manifest.kind == "Ingress":
        annotations = mapping(mapping(manifest.data.get("metadata")).get("annotations"))
        return not any(key.lower().endswith(_TO_SERVICE) and str(value) == "true" for key, value in annotations.items())
    return manifest.kind != "UDPRoute" and hangs_on_gateway(manifest)


def _selects_one_version(service: Manifest) -> bool:
    selector = (service.data.get("spec") or {}).get("selector") or {}
    return any(label in selector for label in VERSION_LABELS)


def _message(manifest: Manifest, service: Manifest, rollout: Manifest) -> str:
    stable = _stable_route(rollout) if manifest.kind == "VirtualService" else _stable_service(rollout)
    return (
        f"{manifest.kind} {manifest.name} leads to all pods of Service {service.name}, so its requests reach a canary "
        f"by its share of the pods, whatever its weight: add the hosts to `istio.hosts` instead, or lead it to {stable}"
    )


def _stable_service(rollout: Manifest) -> str:
    name = (canary_of(rollout) or {}).get("stableService")
    return f"Service {name}" if name else "a Service of the stable pods (`strategy.stableService`)"


def _stable_route(rollout: Manifest) -> str:
    rule = istio_of(rollout).get("destinationRule")
    if rule:
        return f"the subset `{rule.get('stableSubsetName')}`"
    return f"Service {(canary_of(rollout) or {}).get('stableService')}"
