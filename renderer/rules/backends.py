"""Where Ingresses and routes of the Gateway API send requests: their backends, and the rule over the ports of these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from renderer.manifest import Manifest, Object
from renderer.plain import mapping, mappings
from renderer.problem import Severity
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import ByKind, grouped, listed_ports
from renderer.rules.mesh import ServiceName, ports_of, spec_of
from renderer.rules.services import pods_behind

ROUTES = ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute")  # of the Gateway API
_INGRESS = "Ingress"
KINDS = (_INGRESS, *ROUTES)
OF_CONTROLLER = "use-annotation"  # the port of a backend that the AWS load balancer's annotations describe


class Backend(NamedTuple):
    """A Service to which a manifest sends requests; `port` is a number, a name, or None where it names none."""

    pointer: str
    name: str
    namespace: str
    port: Any
    is_mirror: bool = False


def route_backends(scene: Scene) -> Iterator[Finding]:
    """A backend of an Ingress, or of a route of the Gateway API, whose Service or port does not exist.

    A port is looked up in the Services of this render and of the environment's `resources`. ingress-nginx
    also takes a port by its `targetPort`, so that is a warning in an Ingress. A Service that nothing in the environment
    has, in a namespace where its apps have others, is a warning too. It is shown when all apps of the environment are
    checked. A Service whose name starts with that of a custom resource is not reported: an operator may make it.

    Why: No pod gets the requests of this backend: the client gets an error, such as a 503 (500 from a route of the
    Gateway API).
    Fix: name a port of the Service, by its `port` or its `name`. Declare a Service that is not rendered here as
    external (`Service/name`).
    Source: Kubernetes (`ServiceBackendPort`), Gateway API (`BackendObjectReference.port`, reason `BackendNotFound`).
    """
    own = [(each, backend) for kind in KINDS for each in scene.of(kind) for backend in backends_of(each)]
    for manifest, backend in (*own, *_of_resources(scene)):
        service = scene.find("Service", backend.namespace, backend.name)
        for severity, message in _port_problem(scene, manifest, service, backend) if service else ():
            yield Finding("route-backends", message, f"{backend.pointer}/port", manifest, severity)


def _of_resources(scene: Scene) -> list[tuple[Manifest, Backend]]:
    """The backends of the environment's resources that are Services of the scene's own."""
    return [each for service in scene.of("Service") for each in backends_to(scene.resource_kinds, service)]


def backends_to(kinds: ByKind, service: Manifest) -> list[tuple[Manifest, Backend]]:
    """The backends of these manifests that are a Service.

    An object of an unknown kind that names no namespace gets one from Argo CD.
    """
    found = kinds.once(_by_service)
    names = dict.fromkeys(((service.name, service.namespace), (service.name, "")))
    return [each for name in names for each in found.get(name, ())]


def _by_service(kinds: ByKind) -> dict[ServiceName, list[tuple[Manifest, Backend]]]:
    return grouped(
        ((backend.name, backend.namespace), (manifest, backend))
        for kind in KINDS
        for manifest in kinds.get(kind, ())
        for backend in backends_of(manifest)
    )


def _port_problem(
    scene: Scene, manifest: Manifest, service: Manifest, backend: Backend
) -> Iterator[tuple[Severity, str]]:
    ports = ports_of(service)
    if not ports or spec_of(service).get("type") == "ExternalName" or backend.port in (None, "", OF_CONTROLLER):
        return
    is_ingress = manifest.kind == _INGRESS
    wanted = str(backend.port)
    if any(wanted in (str(port.get("port")), port.get("name") if is_ingress else None) for port in ports):
        return
    has = ", ".join(_shown(port) for port in ports)
    message = f"the Service {service.name} has no port {backend.port} (it has {has})"
    numbers = {
        str(listed.get("name")): listed.get("containerPort")
        for pod in pods_behind(scene, service)
        for listed in listed_ports(pod)
    }
    targets = {str(port.get("targetPort", port.get("port"))): port for port in reversed(ports)}
    behind = {str(numbers.get(target, target)): port for target, port in targets.items()}
    if wanted in behind:
        message = f"{message}: {wanted} is the pods' port; write {behind[wanted].get('port')}"
    yield ("warning" if is_ingress and wanted in targets else "error"), message


def _shown(port: Object) -> str:
    return f"{port.get('port')} {port['name']}" if port.get("name") else str(port.get("port"))


def backends_of(manifest: Manifest) -> Iterator[Backend]:
    """The Services that a manifest of one of KINDS sends requests to; no schema may have looked at it."""
    return _of_ingress(manifest) if manifest.kind == _INGRESS else _of_route(manifest)


def _of_ingress(ingress: Manifest) -> Iterator[Backend]:
    spec, namespace = mapping(ingress.data.get("spec")), ingress.namespace
    found = [("/spec/defaultBackend", spec.get("defaultBackend"))]
    for number, rule in enumerate(mappings(spec.get("rules"))):
        for index, path in enumerate(mappings(mapping(rule.get("http")).get("paths"))):
            found.append((f"/spec/rules/{number}/http/paths/{index}/backend", path.get("backend")))
    for pointer, backend in found:
        service = mapping(mapping(backend).get("service"))
        port = mapping(service.get("port"))
        if service:
            named = port.get("number", port.get("name"))
            yield Backend(f"{pointer}/service", str(service.get("name") or ""), namespace, named)


def _of_route(route: Manifest) -> Iterator[Backend]:
    for number, rule in enumerate(mappings(mapping(route.data.get("spec")).get("rules"))):
        for index, ref in enumerate(mappings(rule.get("backendRefs"))):
            yield from _referenced(route, f"/spec/rules/{number}/backendRefs/{index}", ref)
        for index, each in enumerate(mappings(rule.get("filters"))):
            mirror = mapping(mapping(each.get("requestMirror")).get("backendRef"))
            pointer = f"/spec/rules/{number}/filters/{index}/requestMirror/backendRef"
            for backend in _referenced(route, pointer, mirror) if mirror else ():
                yield backend._replace(is_mirror=True)


def _referenced(route: Manifest, pointer: str, ref: Object) -> Iterator[Backend]:
    if ref.get("kind", "Service") == "Service" and ref.get("group", "") in ("", "core"):
        namespace = str(ref.get("namespace") or route.namespace)
        yield Backend(pointer, str(ref.get("name") or ""), namespace, ref.get("port"))


def hangs_on_gateway(route: Manifest) -> bool:
    """Whether a route of the Gateway API has a Gateway as a parent; otherwise it is one of the mesh."""
    parents = mappings(mapping(route.data.get("spec")).get("parentRefs"))
    return any(parent.get("kind", "Gateway") == "Gateway" for parent in parents)
