"""What an overlay's policy asks of the objects of an app: their kinds, and what keeps its pods available."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache

from renderer.manifest import Manifest
from renderer.rules.autoscaling import scalers_of
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod, selects
from renderer.rules.selectors import may_select
from renderer.rules.templates_within import pods_within
from renderer.scaler import scaler_of
from renderer.schema.scope import Scope, scope

# What rollspec makes from specs: a policy need not name it.
_OWN = frozenset(
    (
        *("Deployment", "Rollout", "Service", "VirtualService", "DestinationRule", "HorizontalPodAutoscaler"),
        *("PodDisruptionBudget", "ConfigMap", "ServiceAccount", "AnalysisTemplate"),
    )
)
_NAMESPACED = "namespaced"
_EVICTED = frozenset(("Deployment", "Rollout", "StatefulSet"))


def policy_kinds(scene: Scene) -> Iterator[Finding]:
    """An app brings an object that `policy.kinds` of the overlay does not allow.

    `kinds` is a list. `namespaced` allows every namespaced kind in the app's own namespace. `ClusterRole` or
    `ServiceMonitor.monitoring.coreos.com` allows a kind, `istio-system/Gateway` a kind in another namespace, and `"*"`
    everything. The kinds that rollspec makes from specs are always allowed in the app's own namespace. Objects
    under `resources` of the overlay are not limited. Without `kinds`, a cluster-scoped object or one in another
    namespace is a warning.

    Why: Otherwise, anyone who can merge a spec could give an app rights in the whole cluster, or change the objects of
    another team.
    Fix: remove the object from `extraResources`, the template or the patch; or let the platform team bring it under
    `resources` of the overlay, or allow it in `policy.kinds`.
    Source: `policy.kinds` of the overlay.
    """
    allowed = scene.policy.get("kinds")
    for manifest in scene.manifests:
        kind = str(manifest.data.get("kind", ""))
        group, standing = _standing(manifest.api_version, kind)
        namespace = manifest.namespace
        is_outside = standing != "cluster" and scene.namespace and namespace not in ("", scene.namespace)
        outside = namespace if is_outside else ""
        if allowed is not None and not _is_allowed(allowed, kind, group, outside, standing):
            message = f"an app may not bring {kind} {manifest.name}{_detail(standing, outside)}"
            if standing == "unknown" and not outside and _NAMESPACED in allowed:
                message += f"; if its kind is namespaced, add `{kind}.{group}` to `kinds`"
            yield Finding("policy-kinds", message, "/kind", manifest, policy="kinds")
        elif allowed is None and (outside or standing == "cluster"):
            name = f"{outside}/{kind}" if outside else kind
            advice = f"say in `policy.kinds` of the overlay what apps may bring, such as [{_NAMESPACED}, {name}]"
            message = f"an app brings {kind} {manifest.name}{_detail(standing, outside)}: {advice}"
            yield Finding("policy-kinds", message, "/kind", manifest, "warning")


@lru_cache(maxsize=256)
def _standing(api_version: str, kind: str) -> tuple[str, Scope]:
    """The group of a kind, and its scope."""
    group = api_version.rpartition("/")[0]
    return group, scope(group, kind)


def _detail(standing: str, outside: str) -> str:
    if outside:
        return f" into the namespace {outside}, which is not the app's own"
    return {"cluster": ", which is cluster-scoped", "unknown": ", which may be cluster-scoped"}.get(standing, "")


def _is_allowed(allowed: list[str], kind: str, group: str, outside: str, standing: str) -> bool:
    names = [f"{kind}.{group}", kind] if group else [kind]
    if outside:
        names = [f"{outside}/{name}" for name in names]
    elif standing == "namespace" and (kind in _OWN or _NAMESPACED in allowed):
        return True
    return any(fnmatchcase(name, pattern) for name in names for pattern in allowed if pattern != _NAMESPACED)


def policy_requests(scene: Scene) -> Iterator[Finding]:
    """A container without requests for CPU and memory, where the overlay's policy requires them.

    A limit counts as a request, since Kubernetes copies it. Requests of the whole pod (`resources` of the pod) count
    for each of its containers.

    Why: Without requests the scheduler puts the pod on a node that may have no room for it, and a node that is short
    of memory stops such pods first.
    Fix: add `resources: {requests: {cpu: 100m, memory: 128Mi}}` to the container. `containerDefaults` of an overlay
    gives sidecars and init containers theirs.
    Source: `policy.requests` of the overlay; kube-score `container-resources`.
    """
    if scene.policy.get("requests") != "required":
        return
    for pod in pods_within(scene):
        of_pod = _requested(pod.spec)
        for pointer, container in pod.every:
            missing = [name for name in ("cpu", "memory") if name not in of_pod | _requested(container)]
            if missing:
                message = (
                    f"the container {container.get('name')} has no request for {' and '.join(missing)}; "
                    "add it to `resources.requests`"
                )
                yield Finding("policy-requests", message, f"{pointer}/resources", pod.manifest, policy="requests")


def _requested(holder: object) -> set[str]:
    """The resources that a container or a pod requests; of a limit, Kubernetes makes a request."""
    resources = holder.get("resources") if isinstance(holder, dict) else None
    if not isinstance(resources, dict):
        return set()
    given = [resources.get(key) for key in ("requests", "limits")]
    return {str(name) for each in given if isinstance(each, dict) for name in each}


def policy_budget(scene: Scene) -> Iterator[Finding]:
    """A workload of two or more pods without a PodDisruptionBudget, where the overlay's policy requires one.

    With an autoscaler its minimum counts. A workload of one pod needs no budget: with one, its node could not be
    drained.

    Why: Draining nodes, for an upgrade of the cluster, may stop all pods of the app at once.
    Fix: add `disruptionBudget: {maxUnavailable: 1, unhealthyPodEvictionPolicy: AlwaysAllow}` to the app.
    Source: `policy.disruptionBudget` of the overlay; kube-score `deployment-has-poddisruptionbudget`.
    """
    if scene.policy.get("disruptionBudget") != "required":
        return
    for pod in scene.index.workloads:
        if pod.kind not in _EVICTED or _least(scene, pod) <= 1:
            continue
        if any(
            _protects(budget, pod)
            for budget in may_select(scene, "PodDisruptionBudget", pod.labels, within=[pod.namespace])
        ):
            continue
        message = f"{_least(scene, pod)} pods and no PodDisruptionBudget: add `disruptionBudget: {{maxUnavailable: 1}}`"
        yield Finding("policy-budget", message, "/spec", pod.manifest, policy="disruptionBudget")


def _least(scene: Scene, pod: Pod) -> int:
    """The fewest pods that the workload is meant to have."""
    scalers = scalers_of(scene, pod)
    if scalers:
        return scaler_of(scalers[0].data).least
    replicas = (pod.manifest.data.get("spec") or {}).get("replicas", 1)
    return replicas if isinstance(replicas, int) else 1


def _protects(budget: Manifest, pod: Pod) -> bool:
    selector = (budget.data.get("spec") or {}).get("selector")
    return budget.namespace in ("", pod.namespace) and (selector == {} or selects(selector, pod.labels))
