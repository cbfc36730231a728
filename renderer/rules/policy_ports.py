"""Rules over policies of the network and the mesh that name ports: of pods, which are not those of a Service."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from renderer.manifest import Manifest, Object
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Located, Pod, listed_ports, port_number, selects
from renderer.rules.mesh import ports_of, spec_of
from renderer.rules.selectors import may_select, own_services_with, pods_near, selector_of
from renderer.rules.services import pods_behind

_HIGHEST = 65535
_NETWORK = "NetworkPolicy"
_Named = tuple[str, int]  # a pointer, and the number of the port that is named there


def peer_authentication(scene: Scene) -> Iterator[Finding]:
    """A PeerAuthentication that Istio's webhook refuses: modes of ports without a selector, or no port.

    Why: The policy is not applied, and the pods accept what they accepted before.
    Fix: give it a `selector`; a policy of a whole namespace has one mode for all ports.
    Source: Istio (`ValidatePeerAuthentication`: `mesh/namespace peer authentication cannot have port level mTLS`).
    """
    for policy in scene.of("PeerAuthentication"):
        spec = spec_of(policy)
        ports = spec.get("portLevelMtls")
        if ports and not (spec.get("selector") or {}).get("matchLabels"):
            message = "portLevelMtls needs a selector with matchLabels: Istio's webhook refuses it without"
            yield Finding("peer-authentication", message, "/spec/portLevelMtls", policy)
        for name in ports or ():
            if not str(name).isdecimal() or not 1 <= int(name) <= _HIGHEST:
                message = f"{name} is not the number of a port (1 to {_HIGHEST})"
                yield Finding("peer-authentication", message, "/spec/portLevelMtls", policy)


def policy_ports(scene: Scene) -> Iterator[Finding]:
    """A policy that names the port of a Service, where it counts the ports of pods.

    The rule looks at a PeerAuthentication, an AuthorizationPolicy and a NetworkPolicy that select pods of this render,
    also at those among the environment's `resources`.
    A number that a container lists, or a policy that names the pods' port too, is not reported. A NetworkPolicy with
    the name of a Service's port, which no port of the pods has, is reported, too.

    Why: The Service passes requests on to its `targetPort`, and the policy sees that number. What it says of the
    Service's number applies to no request: a NetworkPolicy lets none through, and an AuthorizationPolicy allows none.
    Fix: name the number of the container's port.
    Source: Kubernetes documentation of NetworkPolicies; Istio documentation of `portLevelMtls` ("the port of the
    workload") and of AuthorizationPolicies.
    """
    labelled = [pod.labels for pod in scene.index.workloads]
    namespaces = {pod.namespace for pod in scene.index.workloads}
    for kind, (field, named) in _KINDS.items():
        for policy in may_select(scene, kind, *labelled, within=namespaces):
            spec = spec_of(policy)
            pods = [
                pod
                for pod in pods_near(scene.index.workloads, selector_of(policy), policy.namespace)
                if pod.namespace == policy.namespace and selects(spec.get(field), pod.labels)
            ]
            ports = [*named(spec)] if pods else []
            numbers = {number for _, number in ports}
            for pointer, number in ports:
                found = _passed_on(scene, pods, number, numbers)
                if found:
                    service, target = found
                    message = (
                        f"{number} is a port of Service {service}, and the policy sees the pods' port, {target}: it "
                        f"applies to no request; write {target}"
                    )
                    yield Finding("policy-ports", message, pointer, policy, "warning")
            if pods and kind == _NETWORK:
                yield from _by_name(scene, policy, pods)


def _by_name(scene: Scene, policy: Manifest, pods: Sequence[Pod]) -> Iterator[Finding]:
    """Names of a Service's ports in a NetworkPolicy, where no port of the pods has them."""
    for pointer, name in _network_names(spec_of(policy)):
        found = _of_service(scene, pods, name)
        if found:
            service, target = found
            message = (
                f"{name} is the name of a port of Service {service}, and a NetworkPolicy looks for one of the pods' "
                f"ports: this entry lets no request through; write {target}"
            )
            yield Finding("policy-ports", message, pointer, policy, "warning")


def _passed_on(scene: Scene, pods: Sequence[Pod], number: int, named: Collection[int]) -> tuple[str, int] | None:
    """The Service that has the port, and the pods' own port behind it, where the policy means the first one."""
    listed = {port.get("containerPort") for pod in pods for port in listed_ports(pod)}
    for service, port, target in _ports_to(scene, pods) if number not in listed else ():
        if port.get("port") == number and target not in (None, number) and target not in named:
            return service.name, int(target or 0)
    return None


def _of_service(scene: Scene, pods: Sequence[Pod], name: str) -> tuple[str, str] | None:
    """The Service whose port has the name, and the pods' own port behind it, where no port of a pod has that name."""
    listed = [port for pod in pods for port in listed_ports(pod)]
    if any(port.get("name") == name for port in listed):
        return None
    for service, port, target in _ports_to(scene, pods):
        if port.get("name") == name and target is not None:
            named = next(
                (each["name"] for each in listed if each.get("containerPort") == target and "name" in each), ""
            )
            return service.name, f"{named} or {target}" if named else str(target)
    return None


def _ports_to(scene: Scene, pods: Sequence[Pod]) -> Iterator[tuple[Manifest, Object, int | None]]:
    """The Services that lead to some of the pods, each with one of its ports and the pods' own port behind that."""
    for service in own_services_with(scene, *(pod.labels for pod in pods)):
        behind = [pod for pod in pods_behind(scene, service) if any(pod is each for each in pods)]
        for port in ports_of(service) if behind else ():
            yield service, port, port_number(behind[0], port.get("targetPort", port.get("port")))


def _network_names(spec: Object) -> Iterator[tuple[str, str]]:
    for pointer, port in _network_entries(spec):
        if isinstance(port.get("port"), str):
            yield pointer, port["port"]


def _network_ports(spec: Object) -> Iterator[_Named]:
    for pointer, port in _network_entries(spec):
        if isinstance(port.get("port"), int) and "endPort" not in port and port.get("protocol", "TCP") == "TCP":
            yield pointer, port["port"]


def _network_entries(spec: Object) -> Iterator[Located]:
    """The ports that a NetworkPolicy names for requests to its pods, each with the pointer to its `port`."""
    for index, rule in enumerate(spec.get("ingress") or ()):
        for item, port in enumerate(rule.get("ports") or ()):
            yield f"/spec/ingress/{index}/ports/{item}/port", port


def _peer_ports(spec: Object) -> Iterator[_Named]:
    for name in spec.get("portLevelMtls") or ():
        if str(name).isdecimal():
            yield f"/spec/portLevelMtls/{name}", int(name)


def _authorized_ports(spec: Object) -> Iterator[_Named]:
    for index, rule in enumerate(spec.get("rules") or ()):
        for inner, to in enumerate(rule.get("to") or ()):
            for item, port in enumerate((to.get("operation") or {}).get("ports") or ()):
                if str(port).isdecimal():
                    yield f"/spec/rules/{index}/to/{inner}/operation/ports/{item}", int(port)


_KINDS: dict[str, tuple[str, Callable[[Object], Iterator[_Named]]]] = {
    "PeerAuthentication": ("selector", _peer_ports),
    "AuthorizationPolicy": ("selector", _authorized_ports),
    _NETWORK: ("podSelector", _network_ports),
}
POLICIES = frozenset(_KINDS)
