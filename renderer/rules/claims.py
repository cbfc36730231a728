"""What the manifests of an app claim: what it alone may have, and what it needs; `fleet` compares their keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from renderer.hooks import hooks_of, wave_of
from renderer.manifest import ROLLOUT_HASH, Manifest, Object
from renderer.plain import escape, mapping, mappings
from renderer.rules.backends import KINDS, OF_CONTROLLER, backends_of
from renderer.rules.index import Index, Pod, index
from renderer.rules.mesh import MESH, destinations_of, full_host, gateways_of, is_mirror, service_name
from renderer.rules.templates_within import pods_of
from renderer.rules.volume_claims import has_pods, holds_claims, is_of_one_pod
from renderer.scaler import scaler_of

# The `rule` of claims: the id of a rule, or the name of what the claims of others are compared with.
OVERLAP = "workloads-overlap"  # of a selector, by the namespace and the labels that it asks for
PODS = "pods"  # the labels of pods, which selectors are compared with
TAKES = "takes-requests"  # of a Service, without a VirtualService
DESTINATION = "route-destinations"  # the Service that a plain VirtualService leads to
BACKEND = "route-backends"  # the Service that an Ingress or a route of the Gateway API leads to
HELD = "claim-access"  # a PersistentVolumeClaim that a workload holds for good
MOUNTED, ONE_POD = "claim-mounted", "claim-of-one-pod"  # one that a job mounts, and that one pod alone may use
ROLLOUT, WAITS = "rollout-wave", "waits-for-wave"

# Parts of keys.
AT_GATEWAY = " at gateway "
IN_MESH = " in the mesh|"
SERVICE = "Service "

_EVERYTHING: tuple[Object, ...] = ({},)  # what a route without a match takes
GROUP_OF_ARGOCD = "argoproj.io"  # the group of Argo CD, and of Argo Rollouts
_SERVICE_NAME = "kubernetes.io/service-name"  # the label of an EndpointSlice
_IN_THE_SYNC = frozenset({"Sync", "PostSync"})
_FIRST_WAVE = -1  # what rollspec puts before a Rollout is in this wave or an earlier one
_TAKES_OVER = "scaledobject.keda.sh/transfer-hpa-ownership"


class Claim(NamedTuple):  # a tuple: a fleet has hundreds of thousands, and they pass between processes
    """One thing that an app has or needs: `rule` is the id of a rule or a name above; `fleet` says which keys clash."""

    rule: str
    key: str
    owner: str
    file: str
    pointer: str


def claims(
    manifests: Sequence[Manifest],
    owner: str = "",
    indexed: Index | None = None,
    namespace: str = "",
    *,
    in_one_sync: bool = True,
) -> tuple[Claim, ...]:
    """What an app's manifests in one environment claim: objects, hosts, pods, autoscaled targets, volumes, and so on.

    `indexed` is their index, where it is made already. `namespace` is where Argo CD puts objects that name none.
    `in_one_sync` says whether Argo CD applies several owners together: then the waves of their objects count, too.
    """
    found = indexed or index(manifests)
    made = [claim for manifest in manifests if (claim := _object(manifest, owner))]
    for kind, claimed in OF_KIND.items():
        if kind in found.kinds:
            made += [claim for manifest in found.kinds[kind] for claim in claimed(manifest, owner)]
    for kind in KINDS:
        for manifest in found.kinds.get(kind, ()):
            made += [*_of_mesh(manifest, owner, namespace), *_backends(manifest, owner, namespace)]
    made += [each for one in found.kinds.get("VirtualService", ()) for each in _destinations(one, owner, namespace)]
    made += _mounts(found, owner, namespace)
    return (*made, *_workloads(found, owner, namespace), *(_waves(found, owner) if in_one_sync else ()))


def routed_hosts(claimed: Iterable[Claim]) -> frozenset[str]:
    """The hosts of VirtualServices among the claims, other than those of Services."""
    hosts = {claim.key.partition(" ")[0] for claim in claimed if claim.rule == "host-once"}
    return frozenset(host for host in hosts if not service_key(host))


def service_key(host: str) -> str:
    """The key by which the Service of a host is claimed; empty for another host."""
    name, _, namespace = host.removesuffix(".svc").partition(".")
    return f"{SERVICE}{name} in {namespace}|" if host.endswith(".svc") and "*" not in host else ""


def _object(manifest: Manifest, owner: str) -> Claim | None:
    group, kind, namespace, name = manifest.identity
    if not name:
        return None
    return _of_object(f"{kind} {name}", namespace, group, owner, manifest.file)


def _of_object(named: str, namespace: str, group: str, owner: str, file: str) -> Claim:
    """The claim of an object, given by its kind and name."""
    suffix = f" in {namespace}" if namespace else ""
    return Claim("object-once", f"{named}{suffix}|{group}", owner, file, "/metadata/name")


def application_claim(name: str, namespace: str, owner: str, file: str) -> Claim:
    """The claim of an Application of this name."""
    return _of_object(f"Application {name}", namespace, GROUP_OF_ARGOCD, owner, file)


def _hosts(manifest: Manifest, owner: str) -> Iterator[Claim]:
    """The hosts of a VirtualService: in the mesh whole, at a gateway by what the routes match."""
    spec, namespace = manifest.data.get("spec") or {}, manifest.namespace
    gateways = gateways_of(spec)
    matches = _matches(spec) if gateways != [MESH] else []
    for number, host in enumerate(spec.get("hosts") or ()):
        full = full_host(host, namespace)
        for gateway in gateways:
            pointer = f"/spec/hosts/{number}"
            if gateway == MESH:
                yield Claim("host-once", f"{full}{IN_MESH}", owner, manifest.file, pointer)
                continue
            if MESH in gateways and full.endswith(".svc"):
                continue  # the mesh has claimed it
            name = gateway if "/" in gateway else f"{namespace}/{gateway}"
            for match in matches:
                yield Claim("host-once", f"{full}{AT_GATEWAY}{name}|{match}", owner, manifest.file, pointer)


def _matches(spec: Object) -> list[str]:
    found: dict[str, bool] = {}
    for section in ("http", "tls", "tcp"):
        for route in spec.get(section) or ():
            for match in route.get("match") or _EVERYTHING:
                found[f"{section} {json.dumps(match, sort_keys=True, default=str) if match else ''}"] = True
    return list(found)


def _destination_rule(manifest: Manifest, owner: str) -> Iterator[Claim]:
    spec, namespace = manifest.data.get("spec") or {}, manifest.namespace
    host = spec.get("host", "")
    if host and "workloadSelector" not in spec:
        yield Claim(
            "destination-rule-once", f"{full_host(host, namespace)}|{namespace}", owner, manifest.file, "/spec/host"
        )


def takes_over(manifest: Manifest) -> bool:
    """Whether KEDA takes over the HorizontalPodAutoscaler that the workload has."""
    return ((manifest.data.get("metadata") or {}).get("annotations") or {}).get(_TAKES_OVER) == "true"


def _scaled(manifest: Manifest, owner: str) -> Iterator[Claim]:
    found = scaler_of(manifest.data)
    if takes_over(manifest):
        return
    key = f"{found.kind} {found.name}|{manifest.namespace}"
    yield Claim("hpa-once", key, owner, manifest.file, "/spec/scaleTargetRef")


def _endpoints(manifest: Manifest, owner: str) -> Iterator[Claim]:
    """The Service to which Endpoints, or an EndpointSlice, give addresses."""
    labels = (manifest.data.get("metadata") or {}).get("labels") or {}
    is_slice = manifest.kind == "EndpointSlice"
    name = labels.get(_SERVICE_NAME) if is_slice else manifest.name
    if name:
        pointer = f"/metadata/labels/{escape(_SERVICE_NAME)}" if is_slice else "/metadata/name"
        key = f"{SERVICE}{name} in {manifest.namespace}|"
        yield Claim(TAKES, key, owner, manifest.file, pointer)


def _service_entry(manifest: Manifest, owner: str) -> Iterator[Claim]:
    """The Services whose hosts a ServiceEntry has, and the pods that an app's one selects, as a Service would."""
    spec = manifest.data.get("spec") or {}
    selector = (spec.get("workloadSelector") or {}).get("labels")
    if selector and not owner.startswith("_"):
        key = _labels(manifest.namespace, selector)
        yield Claim(OVERLAP, key, owner, manifest.file, "/spec/workloadSelector/labels")
    for number, host in enumerate(spec.get("hosts") or ()):
        if key := service_key(full_host(host, manifest.namespace)):
            yield Claim(TAKES, key, owner, manifest.file, f"/spec/hosts/{number}")


def _of_mesh(manifest: Manifest, owner: str, namespace: str) -> Iterator[Claim]:
    """The Services that a route of the Gateway API is for, in a mesh; no schema may have looked at it."""
    parents = mappings(mapping(manifest.data.get("spec")).get("parentRefs"))
    for number, parent in enumerate(parents):
        if parent.get("kind") == "Service" and parent.get("name"):
            inside = parent.get("namespace") or manifest.namespace or namespace
            key = f"{SERVICE}{parent['name']} in {inside}|"
            yield Claim(TAKES, key, owner, manifest.file, f"/spec/parentRefs/{number}")


def _backends(manifest: Manifest, owner: str, namespace: str) -> Iterator[Claim]:
    """The Services that an Ingress or a route of the Gateway API sends requests to, but not what it only mirrors to."""
    for backend in backends_of(manifest):
        if backend.name and not backend.is_mirror and backend.port != OF_CONTROLLER:
            key = f"{SERVICE}{backend.name} in {backend.namespace or namespace}|"
            yield Claim(BACKEND, key, owner, manifest.file, backend.pointer)


def _destinations(manifest: Manifest, owner: str, namespace: str) -> Iterator[Claim]:
    """The Services of its own namespace that a plain VirtualService leads to: another app may have them."""
    own = manifest.namespace or namespace
    is_judged = manifest.written is not None and not owner.startswith("_")  # `resources` lead where they like
    for pointer, destination in destinations_of(manifest) if is_judged else ():
        name = service_name(str(destination.get("host", "")), own)
        if name and name[0] not in ("", "*") and name[1] == own and not is_mirror(pointer):
            yield Claim(DESTINATION, f"{SERVICE}{name[0]} in {own}|", owner, manifest.file, f"{pointer}/host")


def _entry(manifest: Manifest, owner: str) -> Iterator[Claim]:
    """The labels by which Services find the machines of a WorkloadEntry or a WorkloadGroup, as if they were pods."""
    spec = manifest.data.get("spec") or {}
    of_group = (spec.get("metadata") or {}).get("labels") or {}
    labels, pointer = (
        (of_group, "/spec/metadata/labels")
        if manifest.kind == "WorkloadGroup"
        else (spec.get("labels"), "/spec/labels")
    )
    if labels:
        yield Claim(PODS, _labels(manifest.namespace, labels), owner, manifest.file, pointer)


# What manifests of these kinds claim besides their names.
OF_KIND: dict[str, Callable[[Manifest, str], Iterator[Claim]]] = {
    "VirtualService": _hosts,
    "DestinationRule": _destination_rule,
    "HorizontalPodAutoscaler": _scaled,
    "ScaledObject": _scaled,
    "Endpoints": _endpoints,
    "EndpointSlice": _endpoints,
    "ServiceEntry": _service_entry,
    **dict.fromkeys(("WorkloadEntry", "WorkloadGroup"), _entry),
}


def _workloads(found: Index, owner: str, namespace: str) -> list[Claim]:
    made = [
        Claim(
            PODS,
            _labels(pod.namespace or namespace, pod.labels),
            owner,
            pod.manifest.file,
            pod.pointer + "/metadata/labels",
        )
        for pod in pods_of(found)
    ]
    made += [
        Claim(OVERLAP, _labels(pod.namespace, selector), owner, pod.manifest.file, "/spec/selector")
        for pod in found.workloads
        if (selector := _selector(pod))
    ]
    return [*made, *_services(found, owner)]


def _mounts(found: Index, owner: str, namespace: str) -> Iterator[Claim]:
    """The PersistentVolumeClaims that pods mount, and those that one pod alone may use."""
    for pod in found.pods:
        for number, volume in enumerate(pod.spec.get("volumes") or () if has_pods(pod) else ()):
            name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            if name:
                rule = HELD if holds_claims(pod) else MOUNTED
                pointer = f"{pod.pointer}/spec/volumes/{number}/persistentVolumeClaim"
                yield Claim(rule, f"{pod.namespace or namespace}/{name}", owner, pod.manifest.file, pointer)
    for manifest in found.kinds.get("PersistentVolumeClaim", ()):
        if is_of_one_pod(manifest):
            key = f"{manifest.namespace or namespace}/{manifest.name}"
            yield Claim(ONE_POD, key, owner, manifest.file, "/spec/accessModes")


def _services(found: Index, owner: str) -> Iterator[Claim]:
    """Selectors of an app's Services that find more pods than the workload's own, as they have fewer of its labels."""
    for service in found.kinds.get("Service", ()) if not owner.startswith("_") else ():
        namespace, selector = service.namespace, (service.data.get("spec") or {}).get("selector") or {}
        if ROLLOUT_HASH in selector:
            selector = {key: value for key, value in selector.items() if key != ROLLOUT_HASH}
        near = [pod for pod in found.workloads if pod.namespace == namespace and selector.items() <= pod.labels.items()]
        if selector and near and not any(_selector(pod).items() <= selector.items() for pod in near):
            yield Claim(OVERLAP, _labels(namespace, selector), owner, service.file, "/spec/selector")


def _selector(pod: Pod) -> dict[str, str]:
    return (pod.manifest.data["spec"].get("selector") or {}).get("matchLabels") or {}


def _waves(found: Index, owner: str) -> Iterator[Claim]:
    """The waves of Rollouts, and of what could wait for one; nothing of other objects, which most are."""
    for rollout in found.kinds.get("Rollout", ()):
        key = f"{wave_of(rollout.data)}|{rollout.name}"
        yield Claim(ROLLOUT, key, owner, rollout.file, "/metadata/annotations")
    for manifest in found.annotated:
        if manifest.kind != "Rollout" and (hooks := hooks_of(manifest.data)) <= _IN_THE_SYNC:
            wave = "" if "PostSync" in hooks else str(wave_of(manifest.data))
            if wave == "" or int(wave) > _FIRST_WAVE:
                key = f"{wave}|{manifest.kind} {manifest.name}"
                yield Claim(WAITS, key, owner, manifest.file, "/metadata/annotations")


def _labels(namespace: str, labels: dict[str, str]) -> str:
    return "\n".join([namespace, *(f"{key}={value}" for key, value in sorted(labels.items()))])
