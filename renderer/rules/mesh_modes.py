"""Rules over what the mesh does with the pods of a release: ambient mode, mTLS, affinity of clients."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Manifest, Object
from renderer.rules.finding import Finding, Scene, labels_of
from renderer.rules.index import ByKind, Pod, port_number, selects
from renderer.rules.listeners import GATEWAY
from renderer.rules.mesh import MESH, full_host, gateways_of, ports_of, rules_for, service_of, spec_of
from renderer.rules.rollouts import canary_of
from renderer.rules.selectors import may_select
from renderer.rules.services import pods_behind

WAYPOINT = "istio.io/use-waypoint"
_WAYPOINT_NAMESPACE = "istio.io/use-waypoint-namespace"
_WAYPOINT_FOR = "istio.io/waypoint-for"
_NOT_FOR_SERVICES = ("workload", "none")
_MODE = "istio.io/dataplane-mode"
_TLS = "/tls/mode"
_INJECTED = "sidecar.istio.io/inject"
_REFUSED_BY = {"DISABLE": "STRICT", "ISTIO_MUTUAL": "DISABLE"}  # what clients send -> the mode that refuses it


def ambient_waypoint(scene: Scene) -> Iterator[Finding]:
    """A Service with routes of Istio and pods in ambient mode, without a waypoint as far as this tree shows.

    Also one whose waypoint is in this tree, and is for the requests to pods alone (`istio.io/waypoint-for`).

    Why: In ambient mode only a waypoint applies HTTP routes. Without one, weights, header matches and timeouts are
    ignored: a canary gets its share by the number of its pods.
    Fix: set `waypoint: NAME` in the overlay, which puts the label `istio.io/use-waypoint` on the app's Services; or
    `waypoint: namespace`, if the namespace has the label. A waypoint is for Services if it says nothing else.
    Source: Istio documentation of waypoints (`L7 features need a waypoint`, `istio.io/waypoint-for`).
    """
    if not any(_is_ambient(scene, pod) for pod in scene.index.pods):
        return
    for service in scene.of("Service"):
        namespace = service.namespace
        is_routed = full_host(service.name, namespace) in scene.index.kinds.once(_routed_hosts)
        if not is_routed or not any(_is_ambient(scene, pod) for pod in pods_behind(scene, service)):
            continue
        space = scene.find("Namespace", "", namespace)
        labels = {**(labels_of(space) if space else {}), **labels_of(service)}
        waypoint = labels.get(WAYPOINT, "none")
        if waypoint == "none" and not scene.waypoint:
            message = (
                "the pods are in ambient mode, and nothing here names a waypoint: Istio ignores weights, header "
                "matches and timeouts; set `waypoint: NAME` (or `namespace`, if that has the label) in the overlay"
            )
            yield Finding("ambient-waypoint", message, "/metadata/labels", service, "warning")
        gateway = scene.find(GATEWAY, labels.get(_WAYPOINT_NAMESPACE, namespace), waypoint)
        traffic = labels_of(gateway).get(_WAYPOINT_FOR) if gateway else None
        if traffic in _NOT_FOR_SERVICES:
            message = (
                f"requests to this Service do not pass its waypoint {waypoint}, which has the label {_WAYPOINT_FOR}: "
                f"{traffic}: Istio ignores weights, header matches and timeouts; give it {_WAYPOINT_FOR}: service"
            )
            yield Finding("ambient-waypoint", message, "/metadata/labels", service, "warning")


def _is_ambient(scene: Scene, pod: Pod) -> bool:
    space = scene.find("Namespace", "", pod.namespace)
    around = labels_of(space).get(_MODE) if space else None
    return pod.labels.get(_MODE, around) == "ambient"


def _routed_hosts(kinds: ByKind) -> frozenset[str]:
    """The full hosts whose requests from the mesh have HTTP routes."""
    return frozenset(
        full_host(host, manifest.namespace)
        for manifest in kinds.get("VirtualService", ())
        if spec_of(manifest).get("http") and MESH in gateways_of(spec_of(manifest))
        for host in spec_of(manifest).get("hosts") or ()
    )


def mtls_modes(scene: Scene) -> Iterator[Finding]:
    """A DestinationRule and a PeerAuthentication of one render whose TLS modes contradict each other.

    Why: The DestinationRule says what clients send, the PeerAuthentication what the pods accept. With DISABLE and
    STRICT, or ISTIO_MUTUAL and DISABLE, every request fails with 503. A port can have modes of its own on both sides.
    Fix: leave `tls` out of the DestinationRule (Istio then chooses by itself), or change the PeerAuthentication.
    Source: Istio documentation of PeerAuthentication and of `ClientTLSSettings.mode`.
    """
    for rule in scene.of("DestinationRule"):
        policy = spec_of(rule).get("trafficPolicy") or {}
        service = service_of(scene, spec_of(rule).get("host", ""), rule.namespace) if policy else None
        pods = [pod for pod in pods_behind(scene, service) if pod.labels.get(_INJECTED) != "false"] if service else []
        ports = ports_of(service) if service else []
        refused = (_refused(scene, policy, pod, port) for pod in pods for port in ports)
        for pointer, message in dict.fromkeys(filter(None, refused)):
            yield Finding("mtls-modes", message, f"/spec/trafficPolicy{pointer}", rule)


def _refused(scene: Scene, policy: Object, pod: Pod, port: Object) -> tuple[str, str] | None:
    """Pointer and message where clients send to a port what the pods do not accept there."""
    pointer, sent = _sent(policy, port.get("port"))
    if sent not in _REFUSED_BY:
        return None
    accepted, is_of_port = _accepted(scene, pod, port_number(pod, port.get("targetPort", port.get("port"))))
    if accepted != _REFUSED_BY[sent]:
        return None
    there = f" to port {port.get('port')}" if is_of_port or pointer != _TLS else ""
    return pointer, f"clients send {sent}{there}, and the pods accept {accepted} (PeerAuthentication): requests fail"


def _sent(policy: Object, number: object) -> tuple[str, str]:
    """Where the policy says what clients send to a port, and what; settings of a port inherit nothing."""
    for index, each in enumerate(policy.get("portLevelSettings") or ()):
        if (each.get("port") or {}).get("number") == number:
            return f"/portLevelSettings/{index}{_TLS}", (each.get("tls") or {}).get("mode", "")
    return _TLS, (policy.get("tls") or {}).get("mode", "")


def _accepted(scene: Scene, pod: Pod, number: object) -> tuple[str | None, bool]:
    """The mode of a port of a pod, and whether a policy gives it to this port alone.

    A policy that selects the pod counts before that of its namespace, which has no modes of ports.
    """
    peers = may_select(scene, "PeerAuthentication", pod.labels, within=[pod.namespace])
    near = [peer for peer in peers if peer.namespace in ("", pod.namespace)]
    own = [peer for peer in near if selects(spec_of(peer).get("selector"), pod.labels)]
    whole = [peer for peer in near if not spec_of(peer).get("selector")]
    for peer in own:
        by_port = {str(key): value for key, value in (spec_of(peer).get("portLevelMtls") or {}).items()}
        mode = (by_port.get(str(number)) or {}).get("mode")
        if mode not in (None, "UNSET"):
            return mode, True
    for peer in (*own, *whole):
        mode = (spec_of(peer).get("mtls") or {}).get("mode")
        if mode not in (None, "UNSET"):
            return mode, False
    return None, False


def client_affinity(scene: Scene) -> Iterator[Finding]:
    """A canary by replicas behind a Service with `sessionAffinity: ClientIP`, or with Istio's `consistentHash`.

    Why: Each client stays on its pod (for 3 hours by default). The canary gets a share of the clients, not of the
    requests. A proxy or NAT makes one client of many users, and a client that has a pod already stays on the stable
    version. With `consistentHash` in a DestinationRule it is a share of the headers, cookies or addresses that are
    hashed (a note: the hash may be meant).
    Fix: remove `sessionAffinity`, or use router istio, which does not use the affinity of the Service, and which splits
    requests before it hashes them.
    Source: Kubernetes documentation of `sessionAffinity`, Istio's reference of `ConsistentHashLB`.
    """
    for service in scene.of("Service"):
        pods = [pod for pod in pods_behind(scene, service) if pod.kind == "Rollout" and _is_by_replicas(pod.manifest)]
        if not pods:
            continue
        if spec_of(service).get("sessionAffinity") == "ClientIP":
            message = (
                "with sessionAffinity ClientIP a canary by replicas gets a share of clients, not of requests; "
                "remove sessionAffinity, or use router istio"
            )
            yield Finding("client-affinity", message, "/spec/sessionAffinity", service, "warning")
        for rule in rules_for(scene, service.name, service.namespace):
            pointer = _hashed(rule)
            if pointer is not None:
                message = (
                    "with consistentHash a canary by replicas gets a share of what is hashed, not of requests: each "
                    "client stays with a pod, and so with a version; if an exact share matters, use router istio"
                )
                yield Finding("client-affinity", message, pointer, rule, "note")


def _is_by_replicas(rollout: Manifest) -> bool:
    canary = canary_of(rollout)
    return canary is not None and "trafficRouting" not in canary


def _hashed(rule: Manifest) -> str | None:
    """The pointer of the first consistent hash of a DestinationRule."""
    policy = spec_of(rule).get("trafficPolicy") or {}
    levels = [(f"/portLevelSettings/{index}", each) for index, each in enumerate(policy.get("portLevelSettings") or ())]
    for pointer, each in (("", policy), *levels):
        if "consistentHash" in (each.get("loadBalancer") or {}):
            return f"/spec/trafficPolicy{pointer}/loadBalancer/consistentHash"
    return None
