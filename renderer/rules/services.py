"""Rules over Services: what they select, their ports, and which fields go together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from renderer.manifest import ROLLOUT_HASH, Manifest, Object
from renderer.rules.addresses import A_RANGE, is_address, is_range
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod, labels_by_role
from renderer.rules.selectors import OF_A_VERSION
from renderer.rules.syntax import is_digits, is_dns_label, is_port_name, is_qualified_name

# Fields of a Service that only some types take.
_OUTSIDE = frozenset({"NodePort", "LoadBalancer"})
_ONLY: tuple[tuple[str, frozenset[str]], ...] = (
    ("externalTrafficPolicy", _OUTSIDE),
    ("healthCheckNodePort", frozenset({"LoadBalancer"})),
    ("loadBalancerIP", frozenset({"LoadBalancer"})),
    ("loadBalancerClass", frozenset({"LoadBalancer"})),
    ("loadBalancerSourceRanges", frozenset({"LoadBalancer"})),
    ("allocateLoadBalancerNodePorts", frozenset({"LoadBalancer"})),
    ("externalName", frozenset({"ExternalName"})),
)
# Labels of pods that differ between the versions of an app.
ROLE = "rollspec/role"
VERSION_LABELS = (*OF_A_VERSION, ROLE)


def pods_behind(scene: Scene, service: Manifest) -> list[Pod]:
    """The scene's own workloads whose pods a Service selects; the index remembers them, since many rules ask."""
    known = scene.index.behind
    if id(service) not in known:
        known[id(service)] = service, _pods_behind(scene, service)
    return known[id(service)][1]


def _pods_behind(scene: Scene, service: Manifest) -> list[Pod]:
    selector: dict[str, str] = (service.data.get("spec") or {}).get("selector") or {}
    wanted = {key: value for key, value in selector.items() if key != ROLLOUT_HASH}
    if not wanted:
        return []
    namespace, near = service.namespace, scene.index.pods.labelled(wanted)
    return [pod for pod in near if pod.namespace == namespace and wanted.items() <= pod.labels.items()]


def service_selects_pods(scene: Scene) -> Iterator[Finding]:
    """A Service whose selector matches the pods of no workload that is rendered with it.

    The rule looks only where a workload of the namespace is in the render. The labels that a Rollout gives the pods of
    each role count, such as `rollspec/role`.

    Why: It has no endpoints: every request fails.
    Fix: use labels of the pods in the selector. Declare a Service that selects pods from elsewhere as external
    (`Service/name`).
    Source: kube-score `service-targets-pod`, kube-linter `dangling-service`.
    """
    for service in scene.of("Service"):
        selector = (service.data.get("spec") or {}).get("selector")
        if not selector or pods_behind(scene, service) or f"Service/{service.name}" in scene.external:
            continue
        namespace = service.namespace
        near = [pod for pod in scene.index.workloads if pod.namespace == namespace]
        if near and not any(selector.items() <= labels.items() for pod in near for labels in labels_by_role(pod)):
            yield Finding("service-selects-pods", _why(selector, near[0]), "/spec/selector", service)


def _why(selector: dict[str, str], pod: Pod) -> str:
    key, value = next(item for item in selector.items() if pod.labels.get(item[0]) != item[1])
    pods = f"the pods of {pod.kind} {pod.manifest.name} have {_has(pod, key)}"
    return f"the Service needs {key}={value}, {pods}: make the two equal"


def _has(pod: Pod, key: str) -> str:
    return f"{key}={pod.labels[key]}" if key in pod.labels else "no such label"


def service_target_port(scene: Scene) -> Iterator[Finding]:
    """A `targetPort` that the selected pods do not have.

    Why: If no container port has that name, the Service's port has no endpoints (an error). A number that no container
    lists works only if the program listens there (a warning; none if the containers list no ports).
    Fix: use the name or number of a port of the containers.
    Source: Kubernetes (endpoint controller, `FindPort`), kube-linter `invalid-target-ports`.
    """
    for service in scene.of("Service"):
        ports = (service.data.get("spec") or {}).get("ports")
        if not ports:
            continue
        for pod in pods_behind(scene, service):
            names, numbers = _listened(pod)
            for number, port in enumerate(ports):
                target = port.get("targetPort", port.get("port"))
                protocol = port.get("protocol") or "TCP"
                named = isinstance(target, str) and not is_digits(target)
                if named and (target, protocol) not in names:
                    has = ", ".join(sorted(name for name, _ in names if name)) or "none with a name"
                    message = f"{pod.kind} {pod.manifest.name} has no {protocol} port named {target} (it has {has})"
                    yield _target(service, number, message, error=True)
                elif not named and numbers and (int(target or 0), protocol) not in numbers:
                    message = f"{pod.kind} {pod.manifest.name} lists no {protocol} port {target} in its containers"
                    yield _target(service, number, message, error=False)


def _listened(pod: Pod) -> tuple[set[tuple[Any, str]], set[tuple[Any, str]]]:
    """The names and the numbers of the ports that the containers list, each with its protocol."""
    there = [
        (port, port.get("protocol") or "TCP") for _, container in pod.every for port in container.get("ports") or ()
    ]
    return {(p.get("name"), protocol) for p, protocol in there}, {
        (p.get("containerPort"), protocol) for p, protocol in there
    }


def _target(service: Manifest, number: int, message: str, *, error: bool) -> Finding:
    pointer = f"/spec/ports/{number}/targetPort"
    return Finding("service-target-port", message, pointer, service, "error" if error else "warning")


def service_ports(scene: Scene) -> Iterator[Finding]:
    """Ports of a Service that the API server refuses.

    Why: The Service is not applied, so new pods get no traffic.
    Fix: name each port if there are several. Names are DNS labels and unique; number and protocol together are unique;
    numbers are 1 to 65535; a `targetPort` in quotes is a port name; `nodePort` needs type NodePort or LoadBalancer.
    Source: API server (`ValidateService`).
    """
    for service in scene.of("Service"):
        spec = service.data.get("spec") or {}
        ports = spec.get("ports") or ()
        for number, port in enumerate(ports):
            for message in _port_errors(port, spec, len(ports)):
                yield Finding("service-ports", message, f"/spec/ports/{number}", service)
        if len(ports) > 1:
            yield from _ports_once(service, ports)
        if not ports and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None":
            yield Finding("service-ports", "a Service needs at least one port", "/spec", service)


def _port_errors(port: Object, spec: Object, count: int) -> Iterator[str]:
    name, target = port.get("name"), port.get("targetPort")
    if not name:
        if count > 1:
            yield f"port {port.get('port')} needs a name: there are {count} ports"
    elif not is_dns_label(name):
        yield f"{name!r} is not a DNS label: a-z, 0-9 and -, alphanumeric at both ends, at most 63"
    if not 0 < port.get("port", 0) < 65536:
        yield f"port {port.get('port', 0)} is not between 1 and 65535"
    if isinstance(target, str) and not is_port_name(target):
        yield f"targetPort {target!r} is not a valid port name (at most 15 of a-z, 0-9, -); numbers have no quotes"
    if port.get("nodePort") and spec.get("type") not in _OUTSIDE:
        yield f"nodePort needs type NodePort or LoadBalancer, not {spec.get('type', 'ClusterIP')}"


def _ports_once(service: Manifest, ports: Sequence[Object]) -> Iterator[Finding]:
    seen: set[object] = set()
    for number, port in enumerate(ports):
        key, name = (port.get("port"), port.get("protocol") or "TCP"), port.get("name")
        if key in seen:
            message = f"two ports are {key[0]}/{key[1]}: remove one, or give it another number"
            yield Finding("service-ports", message, f"/spec/ports/{number}/port", service)
        if name and name in seen:
            yield Finding(
                "service-ports", f"two ports are named {name}: rename one", f"/spec/ports/{number}/name", service
            )
        seen.update((key, name))


def service_type(scene: Scene) -> Iterator[Finding]:
    """Fields of a Service that its type does not take.

    Why: The API server refuses the Service.
    Fix: remove the field, or change the type. A headless Service (`clusterIP: None`) is of type ClusterIP; ExternalName
    needs `externalName` and no cluster IP; `externalTrafficPolicy` needs NodePort or LoadBalancer; fields of load
    balancers need LoadBalancer; `healthCheckNodePort` needs `externalTrafficPolicy: Local`; `sessionAffinityConfig`
    needs `sessionAffinity: ClientIP`; two IP families need a dual-stack policy. `loadBalancerSourceRanges` are ranges
    such as `10.0.0.0/8`, `externalIPs` and `clusterIP` single addresses; the first of `clusterIPs` is `clusterIP`.
    Source: API server (`ValidateService`).
    """
    for service in scene.of("Service"):
        spec = service.data.get("spec") or {}
        if len(spec) > 2:  # more than ports and selector
            for pointer, message in _type_errors(spec):
                yield Finding("service-type", message, pointer, service)


def _type_errors(spec: Object) -> Iterator[tuple[str, str]]:
    kind = spec.get("type") or "ClusterIP"
    headless = spec.get("clusterIP") == "None"
    first = spec.get("clusterIP") or ""
    if first and not headless and not is_address(first):
        yield "/spec/clusterIP", f"{first!r} is not an IP address: leave clusterIP out, or write None for none"
    if spec.get("clusterIPs") and spec["clusterIPs"][0] != first:
        yield "/spec/clusterIPs", "the first of clusterIPs must be clusterIP: leave both out, and Kubernetes picks them"
    if headless and kind in _OUTSIDE:
        yield "/spec/clusterIP", f"a headless Service cannot be a {kind}"
    if kind == "ExternalName" and not spec.get("externalName"):
        yield "/spec/type", "type ExternalName needs externalName"
    if kind == "ExternalName" and spec.get("clusterIP"):
        yield "/spec/clusterIP", "type ExternalName takes no clusterIP"
    for field, kinds in _ONLY:
        if spec.get(field) not in (None, "", []) and kind not in kinds:
            yield f"/spec/{field}", f"{field} needs type {' or '.join(sorted(kinds))}, not {kind}"
    if spec.get("healthCheckNodePort") and spec.get("externalTrafficPolicy") != "Local":
        yield "/spec/healthCheckNodePort", "healthCheckNodePort needs externalTrafficPolicy Local"
    if spec.get("sessionAffinityConfig") and spec.get("sessionAffinity") != "ClientIP":
        yield "/spec/sessionAffinityConfig", "sessionAffinityConfig needs sessionAffinity ClientIP"
    for number, value in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        if not is_range(value.strip()):
            yield f"/spec/loadBalancerSourceRanges/{number}", f"{value!r} is not {A_RANGE}"
    for number, value in enumerate(spec.get("externalIPs") or ()):
        if not is_address(value):
            yield f"/spec/externalIPs/{number}", f"{value!r} is not an IP address"
    if len(spec.get("ipFamilies") or ()) > 1 and spec.get("ipFamilyPolicy") in (None, "SingleStack"):
        yield "/spec/ipFamilies", "two ipFamilies need ipFamilyPolicy PreferDualStack or RequireDualStack"


def app_protocol(scene: Scene) -> Iterator[Finding]:
    """An `appProtocol` that is not a valid protocol name.

    Why: The API server refuses the Service.
    Fix: write a registered name (`http`, `grpc`), or one with a prefix (`kubernetes.io/h2c`).
    Source: API server (`name part must consist of alphanumeric characters, ...`).
    """
    for service in scene.of("Service"):
        for number, port in enumerate((service.data.get("spec") or {}).get("ports") or ()):
            protocol = port.get("appProtocol")
            if protocol and not is_qualified_name(protocol):
                message = f"{protocol!r} is not a valid protocol name: http, grpc, kubernetes.io/h2c, ..."
                yield Finding("app-protocol", message, f"/spec/ports/{number}/appProtocol", service)
