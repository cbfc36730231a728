"""How many pods of a workload run together, and the rules over what limits that: claims, quotas, nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from renderer.manifest import Manifest, Object
from renderer.rules.autoscaling import scalers_of
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod, selects
from renderer.rules.limit_ranges import has_external, limits_of, value_of
from renderer.rules.quantity import quantity, share
from renderer.rules.rollouts import blue_green_of, canary_of
from renderer.rules.scheduling import REQUIRED
from renderer.rules.volume_claims import has_pods, holds_claims, is_of_one_pod
from renderer.scaler import Scaler, scaler_of

HOSTNAME = "kubernetes.io/hostname"
_SHARED = frozenset({"ReadWriteMany", "ReadOnlyMany"})
_SUMS = {  # what a quota calls a sum -> the side and the name of the resource
    "cpu": ("requests", "cpu"),
    "memory": ("requests", "memory"),
    **{f"{side}.{name}": (side, name) for side in ("requests", "limits") for name in ("cpu", "memory")},
}
_COUNTS = ("pods", "count/pods")


class Together(NamedTuple):
    """The most pods of a workload at rest and during a release; `waits` says that a release needs those it adds."""

    rest: int
    release: int
    waits: bool


def together(scene: Scene, pod: Pod) -> Together | None:
    """How many pods run together; None if nothing in the scene says it."""
    spec = pod.manifest.data["spec"]
    most = [scaler.most for scaler in _scalers(scene, pod)]
    rest = max([*most, *([spec["replicas"]] if "replicas" in spec else [])], default=None)
    if rest is None or pod.kind not in ("Deployment", "Rollout", "StatefulSet"):
        return None
    if pod.kind == "StatefulSet" or rest == 0:
        return Together(rest, rest, False)
    strategy = spec.get("strategy") or {}
    if pod.kind == "Deployment":
        if strategy.get("type") == "Recreate":
            return Together(rest, rest, False)
        return _rolling(rest, strategy.get("rollingUpdate") or {})
    if blue_green_of(pod.manifest) is not None:
        return Together(rest, 2 * rest, True)
    canary = canary_of(pod.manifest) or {}
    if "trafficRouting" in canary:
        return Together(rest, rest + 1 if canary.get("dynamicStableScale") else 2 * rest, True)
    return _rolling(rest, canary)


def least(scene: Scene, pod: Pod) -> int:
    """How many pods the workload has at least: its autoscaler's minimum, or its `replicas`."""
    scalers = [scaler.least for scaler in _scalers(scene, pod)]
    return min(scalers) if scalers else int(pod.manifest.data["spec"].get("replicas", 0))


def _scalers(scene: Scene, pod: Pod) -> list[Scaler]:
    return [scaler_of(each.data) for each in scalers_of(scene, pod)]


def _rolling(rest: int, fields: Object) -> Together:
    surge = share(fields.get("maxSurge", "25%"), rest, up=True) or 0
    unavailable = share(fields.get("maxUnavailable", "25%"), rest, up=False) or 0
    return Together(rest, rest + surge, unavailable == 0)


def claim_access(scene: Scene) -> Iterator[Finding]:
    """A PersistentVolumeClaim that the pods of a workload cannot share, although they run together.

    Why: A release starts new pods before the old ones stop. With ReadWriteOncePod the new pod waits for the volume, and
    the old one for the new pod: the release never ends (an error). With ReadWriteOnce the same happens as soon as two
    pods land on different nodes (a warning). A second workload, or a job, waits for a ReadWriteOncePod volume as long
    as the first workload runs (an error), also where the two are of two apps of an environment.
    Fix: use one pod and strategy Recreate, or a claim with ReadWriteMany. With ReadWriteOnce you can also bind all pods
    to one node (`nodeSelector` with `kubernetes.io/hostname`, or a required pod affinity).
    Source: Kubernetes documentation of access modes; kubelet and scheduler (`Multi-Attach error`).
    """
    for pod in scene.index.workloads:
        for number, volume in enumerate(pod.spec.get("volumes") or ()):
            name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            claim = scene.find("PersistentVolumeClaim", pod.namespace, name) if name else None
            counts = together(scene, pod) if claim else None
            if claim is None or counts is None or counts.release < 2:
                continue
            modes = set((claim.data.get("spec") or {}).get("accessModes") or ())
            pointer = f"{pod.pointer}/spec/volumes/{number}/persistentVolumeClaim"
            pods, cure = _beside(scene, pod, counts)
            if modes == {"ReadWriteOncePod"}:
                message = (
                    f"the claim {name} is ReadWriteOncePod, and {pods}: the second waits for the volume forever; "
                    f"{cure}, or a claim with ReadWriteMany"
                )
                yield Finding("claim-access", message, pointer, pod.manifest)
            elif modes and not modes & _SHARED and not _on_one_node(pod):
                message = (
                    f"the claim {name} is ReadWriteOnce, and {pods}: one on another node waits for the volume; "
                    f"{cure}, one node, or a claim with ReadWriteMany"
                )
                yield Finding("claim-access", message, pointer, pod.manifest, "warning")
    yield from _waiting(scene)


def _beside(scene: Scene, pod: Pod, counts: Together) -> tuple[str, str]:
    """Which pods run together, and what to do about it, in words."""
    if counts.rest < 2:
        return f"{counts.release} pods run together during a release", "use strategy Recreate"
    if _scalers(scene, pod):
        fewest = least(scene, pod)
        pods = f"{fewest} to {counts.rest}" if 1 < fewest < counts.rest else f"up to {counts.rest}"
        return (
            f"its autoscaler runs {pods if fewest < counts.rest else fewest} pods together",
            "use one pod without an autoscaler and strategy Recreate",
        )
    return f"{counts.rest} pods always run together", "use one pod and strategy Recreate"


def _waiting(scene: Scene) -> Iterator[Finding]:
    """The pods of other workloads and jobs that mount a ReadWriteOncePod claim which a workload holds for good."""
    holders: dict[tuple[str, str], Pod] = {}
    for pod in sorted(filter(has_pods, scene.index.pods), key=lambda each: not holds_claims(each)):
        for number, volume in enumerate(pod.spec.get("volumes") or ()):
            name = str((volume.get("persistentVolumeClaim") or {}).get("claimName", ""))
            claim = scene.find("PersistentVolumeClaim", pod.namespace, name) if name else None
            if claim is None or not is_of_one_pod(claim):
                continue
            holder = holders.get((pod.namespace, name))
            if holder is not None and holder is not pod:
                message = (
                    f"the claim {name} is ReadWriteOncePod, and {holder.kind} {holder.manifest.name} holds it: these "
                    "pods wait for the volume forever; use a claim of their own, or one with ReadWriteMany"
                )
                pointer = f"{pod.pointer}/spec/volumes/{number}/persistentVolumeClaim"
                yield Finding("claim-access", message, pointer, pod.manifest)
            elif holds_claims(pod):
                holders[pod.namespace, name] = pod


def _on_one_node(pod: Pod) -> bool:
    """Whether all pods are bound to one node, or to the node of another pod of theirs."""
    if pod.spec.get("nodeName") or HOSTNAME in (pod.spec.get("nodeSelector") or {}):
        return True
    affinity = pod.spec.get("affinity") or {}
    node = (affinity.get("nodeAffinity") or {}).get(REQUIRED) or {}
    terms = node.get("nodeSelectorTerms") or []
    if len(terms) == 1 and any(
        each.get("key") == HOSTNAME and each.get("operator") == "In" and len(each.get("values") or ()) == 1
        for each in terms[0].get("matchExpressions") or ()
    ):
        return True
    near = (affinity.get("podAffinity") or {}).get(REQUIRED) or ()
    return any(term.get("topologyKey") == HOSTNAME and selects(term.get("labelSelector"), pod.labels) for term in near)


def quota(scene: Scene) -> Iterator[Finding]:
    """A ResourceQuota of this tree that the pods of a workload exceed: alone, or with all workloads of its environment.

    The sum counts the workloads of this tree in the quota's namespace: one of them at its maximum or in a release, the
    others with the fewest pods that they can have. For that, the quota must be among the `resources` of the overlay; a
    quota of one app's `extraResources` is compared with that app alone, and a note says so. A quota with scopes is not
    checked.

    Why: The API server refuses the pods above the quota. At rest the workload never has all its pods; in a release the
    new pods are missing, so the release hangs (a note if it continues with fewer pods, because `maxUnavailable` is not
    0). If a quota limits a resource, it also refuses pods that give no value for it (a warning, since a LimitRange
    outside of this tree may give one).
    Fix: raise the quota, lower the requests, the number of pods or `maxReplicas`, or give the containers the value. A
    LimitRange elsewhere is declared as external (`LimitRange/name`).
    Source: API server (`exceeded quota`, `must specify requests.cpu`).
    """
    for pod in scene.index.workloads:
        quotas = quotas_of(scene.all_within("ResourceQuota", pod.namespace))
        counts = together(scene, pod) if quotas else None
        if counts is not None:
            for found in quotas:
                yield from _over_quota(scene, pod, counts, found)


def _over_quota(scene: Scene, pod: Pod, counts: Together, found: Manifest) -> Iterator[Finding]:
    """What the quota limits, where the pods need more of it, or do not say how much they need."""
    for name, hard in ((found.data.get("spec") or {}).get("hard") or {}).items():
        allowed = quantity(hard)
        each = of_pod(scene, pod, name)
        if allowed is None or each == 0:
            continue
        if each is None:
            yield from _without_value(scene, pod, found, name)
        elif counts.rest * each > allowed:
            message = f"{_need(counts.rest, each, name)}, and ResourceQuota {found.name} allows {hard}"
            yield Finding("quota", message, "/spec", pod.manifest)
        elif counts.release * each > allowed:
            end = "the release hangs" if counts.waits else "it continues with fewer pods"
            message = (
                f"a release runs up to {_need(counts.release, each, name)}; ResourceQuota {found.name} allows "
                f"{hard}: {end}"
            )
            yield Finding("quota", message, "/spec", pod.manifest, "error" if counts.waits else "note")


def quotas_of(found: Iterable[Manifest]) -> list[Manifest]:
    """Those of these ResourceQuotas that count all pods of their namespace: those without scopes."""
    specs = [(manifest, manifest.data.get("spec") or {}) for manifest in found]
    return [manifest for manifest, spec in specs if not spec.get("scopes") and not spec.get("scopeSelector")]


def _need(pods: int, each: int, name: str) -> str:
    if name in _COUNTS:
        return f"{pods} pods"
    return f"{pods} pods with {name} {spoken(pods * each)} together"


def amount(nano: int, name: str) -> str:
    """An amount of what a quota limits: `4 pods`, `requests.cpu 1500m`."""
    return f"{nano // 10**9} pods" if name in _COUNTS else f"{name} {spoken(nano)}"


def spoken(nano: int) -> str:
    """A quantity as people write it: whole units, else thousandths; Mi and Gi for bytes."""
    units = nano / 10**9
    for size, suffix in ((1 << 30, "Gi"), (1 << 20, "Mi")):
        if units >= size:
            return f"{units / size:g}{suffix}"
    return f"{units:g}" if units == int(units) else f"{nano // 10**6}m"


def _without_value(scene: Scene, pod: Pod, found: Manifest, name: str) -> Iterator[Finding]:
    if not has_external(scene):
        message = f"ResourceQuota {found.name} limits {name}, and a container gives no value: its pods are refused"
        yield Finding("quota", message, f"{pod.pointer}/spec/containers", pod.manifest, "warning")


def of_pod(scene: Scene, pod: Pod, name: str) -> int | None:
    """How much a pod needs of what a quota limits; 0 if it is nothing of pods, None if a container gives no value."""
    if name in _COUNTS:
        return quantity(1)
    side, _, resource = name.partition(".")
    if name in _SUMS:
        return per_pod(pod, *_SUMS[name], limits_of(scene, pod.namespace))
    if side in ("requests", "limits") and resource != "storage":
        return per_pod(pod, side, resource, limits_of(scene, pod.namespace), missing=0)
    return 0


def per_pod(pod: Pod, side: str, resource: str, limits: list[Object], *, missing: int | None = None) -> int | None:
    """What the API server adds up of a pod for one resource; `missing` stands for a container's missing value."""
    whole = (pod.spec.get("resources") or {}).get(side) or {}
    if resource in whole:
        return quantity(whole[resource])
    sidecars = [each for _, each in pod.inits if each.get("restartPolicy") == "Always"]
    inits = [each for _, each in pod.inits if each.get("restartPolicy") != "Always"]
    running = [*sidecars, *(each for _, each in pod.containers)]
    values, first = (
        [missing if (value := value_of(each, side, resource, limits)) is None else value for each in some]
        for some in (running, inits)
    )
    if None in (*values, *first):
        return None
    return max([sum(value or 0 for value in values), *(value or 0 for value in first)])


def nodes(scene: Scene) -> Iterator[Finding]:
    """More pods that each need a node of their own than the overlay's `nodes` says that there are.

    Why: Two pods with the same `hostPort`, or with a required anti-affinity to each other, cannot run on one node. The
    pods that find no node stay Pending, so a release hangs.
    Fix: use fewer pods, no `hostPort`, a preferred anti-affinity, or a smaller `maxSurge`; or correct `nodes`.
    Source: Kubernetes scheduler (`didn't have free ports`, `didn't match pod anti-affinity rules`).
    """
    for pod in scene.index.workloads if scene.nodes else ():
        needed = nodes_needed(scene, pod)
        if needed and needed[0] > scene.nodes:
            message = f"a release needs {needed[0]} nodes ({needed[1]}), and the overlay says nodes: {scene.nodes}"
            yield Finding("nodes", message, f"{pod.pointer}/spec", pod.manifest, "warning")


def nodes_needed(scene: Scene, pod: Pod) -> tuple[int, str] | None:
    """How many nodes the pods need during a release, and why; None where they may share one."""
    counts, why = together(scene, pod), _apart(pod)
    if counts is None or why is None or counts.release < 2:
        return None
    return (counts.release if counts.waits else counts.rest), why


def _apart(pod: Pod) -> str | None:
    ports = [port["hostPort"] for _, each in pod.every for port in each.get("ports") or () if port.get("hostPort")]
    if ports:
        return f"hostPort {ports[0]}"
    terms = ((pod.spec.get("affinity") or {}).get("podAntiAffinity") or {}).get(REQUIRED) or ()
    if any(term.get("topologyKey") == HOSTNAME and selects(term.get("labelSelector"), pod.labels) for term in terms):
        return "a required anti-affinity of its pods"
    return None
