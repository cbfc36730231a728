"""The rule over Services of a release by which requests miss its pods, or the weights of its router."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import WORKLOADS, Manifest, Object
from renderer.rules.finding import Finding, Scene, namespace_of
from renderer.rules.mesh import MESH, destinations_of, gateways_of, is_mirror, service_name, spec_of
from renderer.rules.rollout_routes import moved_by
from renderer.rules.rollouts import driven_services
from renderer.rules.services import pods_behind


def service_endpoints(scene: Scene) -> Iterator[Finding]:
    """A Service of a release that is of type ExternalName, or that is headless behind router `istio`.

    The rule looks at Services that a Rollout or its VirtualService names, and at those that select the pods of a
    Deployment or a Rollout of this render. A headless Service is reported if the VirtualService is for callers in the
    mesh, and nothing says that a waypoint routes their requests.

    Why: Kubernetes ignores the selector of an ExternalName: requests go to its host, and none reaches the pods. The
    sidecar of a caller has no endpoints of a headless Service: a request goes to the pod that the caller has chosen,
    whatever the weight, and an abort does not take the canary's requests away.
    Fix: remove `type: ExternalName`, or `clusterIP: None`. Give peers that look for each other a headless Service of
    their own.
    Source: Kubernetes (`ServiceSpec.externalName`), Istio (a cluster of type `ORIGINAL_DST`), measured
    (docs/engines.md).
    """
    for service in scene.of("Service"):
        spec = spec_of(service)
        if spec.get("type") == "ExternalName":
            yield from _elsewhere(scene, service, spec)
        elif spec.get("clusterIP") == "None" and not scene.waypoint:
            yield from _weightless(scene, service)


def _elsewhere(scene: Scene, service: Manifest, spec: Object) -> Iterator[Finding]:
    selected = [pod.manifest for pod in pods_behind(scene, service) if pod.kind in WORKLOADS]
    named = [rollout for rollout in scene.of("Rollout") if service.name in _named(scene, rollout)]
    found = next((each for each in (*named, *selected) if namespace_of(each) == namespace_of(service)), None)
    if found is not None:
        message = (
            f"an ExternalName has no pods, whatever its selector: requests go to {spec.get('externalName')}, and none "
            f"reaches the pods of {found.kind} {found.name}; remove the type and externalName"
        )
        yield Finding("service-endpoints", message, "/spec/type", service, "warning")


def _weightless(scene: Scene, service: Manifest) -> Iterator[Finding]:
    for rollout in scene.of("Rollout"):
        routed = [each for each in _moved(scene, rollout) if MESH in gateways_of(spec_of(each))]
        if any(service.name in _destinations(each, namespace_of(service)) for each in routed):
            message = (
                "the Service is headless: a sidecar sends a request to the pod that its client chose, whatever the "
                f"weight of {rollout.name}'s canary; remove clusterIP: None, or give peers a headless Service of their "
                "own"
            )
            yield Finding("service-endpoints", message, "/spec/clusterIP", service, "warning")
            break


def _moved(scene: Scene, rollout: Manifest) -> list[Manifest]:
    """The VirtualServices of this tree whose weights a Rollout writes."""
    found = [scene.find("VirtualService", namespace, name) for name, namespace in moved_by(rollout)]
    return [each for each in found if each is not None]


def _named(scene: Scene, rollout: Manifest) -> set[str]:
    """The Services that a Rollout drives, or to which the VirtualServices that it writes lead."""
    driven = {name for _, name in driven_services(rollout)}
    return driven.union(*(_destinations(each, namespace_of(rollout)) for each in _moved(scene, rollout)))


def _destinations(manifest: Manifest, namespace: str) -> set[str]:
    """The Services of the namespace to which a VirtualService leads, but not what it only mirrors to."""
    hosts = [(pointer, destination.get("host", "")) for pointer, destination in destinations_of(manifest)]
    names = [service_name(host, namespace_of(manifest)) for pointer, host in hosts if not is_mirror(pointer)]
    return {name for name, there in filter(None, names) if there == namespace}
