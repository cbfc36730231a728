"""The rule over Services of a release by which requests miss its pods, or the weights of its router."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from renderer.manifest import WORKLOADS, Manifest
from renderer.rules.finding import Finding, Scene
from renderer.rules.mesh import MESH, ServiceName, destinations_of, gateways_of, is_mirror, service_name, spec_of
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
    services = scene.of("Service")
    elsewhere = [each for each in services if spec_of(each).get("type") == "ExternalName"]
    headless = [
        each
        for each in services
        if spec_of(each).get("clusterIP") == "None" and spec_of(each).get("type") != "ExternalName"
    ]
    named = _rollouts_by_service(scene, _named) if elsewhere else {}
    for service in elsewhere:
        yield from _elsewhere(scene, service, named.get((service.name, service.namespace)))
    routed = _rollouts_by_service(scene, _routed) if headless and not scene.waypoint else {}
    for service in headless if routed else ():
        yield from _weightless(service, routed.get((service.name, service.namespace)))


def _elsewhere(scene: Scene, service: Manifest, rollout: Manifest | None) -> Iterator[Finding]:
    """An ExternalName that a Rollout names, or that selects the pods of a workload."""
    selected = (pod.manifest for pod in pods_behind(scene, service) if pod.kind in WORKLOADS)
    found = rollout or next(selected, None)
    if found is not None:
        host = spec_of(service).get("externalName")
        message = (
            f"an ExternalName has no pods, whatever its selector: requests go to {host}, and none reaches the pods of "
            f"{found.kind} {found.name}; remove the type and externalName"
        )
        yield Finding("service-endpoints", message, "/spec/type", service, "warning")


def _weightless(service: Manifest, rollout: Manifest | None) -> Iterator[Finding]:
    """A headless Service to which a VirtualService leads whose weights a Rollout writes."""
    if rollout is not None:
        message = (
            "the Service is headless: a sidecar sends a request to the pod that its client chose, whatever the weight "
            f"of {rollout.name}'s canary; remove clusterIP: None, or give peers a headless Service of their own"
        )
        yield Finding("service-endpoints", message, "/spec/clusterIP", service, "warning")


def _rollouts_by_service(
    scene: Scene, services_of: Callable[[Scene, Manifest], Iterable[ServiceName]]
) -> dict[ServiceName, Manifest]:
    """The first Rollout that has each of its Services."""
    found: dict[ServiceName, Manifest] = {}
    for rollout in scene.of("Rollout"):
        for name in services_of(scene, rollout):
            found.setdefault(name, rollout)
    return found


def _named(scene: Scene, rollout: Manifest) -> Iterator[ServiceName]:
    """The Services that a Rollout drives, or of its namespace to which the VirtualServices lead that it writes."""
    own = rollout.namespace
    yield from ((name, own) for _, name in driven_services(rollout))
    for manifest in _moved(scene, rollout):
        yield from (name for name in _destinations(manifest) if name[1] == own)


def _routed(scene: Scene, rollout: Manifest) -> Iterator[ServiceName]:
    """The Services to which callers in the mesh get by the VirtualServices that a Rollout writes."""
    for manifest in _moved(scene, rollout):
        if MESH in gateways_of(spec_of(manifest)):
            yield from _destinations(manifest)


def _moved(scene: Scene, rollout: Manifest) -> list[Manifest]:
    """The VirtualServices of this tree whose weights a Rollout writes."""
    found = [scene.find("VirtualService", namespace, name) for name, namespace in moved_by(rollout)]
    return [each for each in found if each is not None]


def _destinations(manifest: Manifest) -> Iterator[ServiceName]:
    """The Services to which a VirtualService leads, but not what it only mirrors to."""
    for pointer, destination in destinations_of(manifest):
        name = None if is_mirror(pointer) else service_name(destination.get("host", ""), manifest.namespace)
        if name is not None:
            yield name
