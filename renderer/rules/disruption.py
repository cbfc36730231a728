"""Rules over PodDisruptionBudgets."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Manifest, Object
from renderer.rules.autoscaling import target_of
from renderer.rules.finding import Finding, Scene, namespace_of
from renderer.rules.index import Pod, selects
from renderer.rules.quantity import share


def pdb_form(scene: Scene) -> Iterator[Finding]:
    """A PodDisruptionBudget without exactly one of `minAvailable` and `maxUnavailable`, or a percentage beyond 100.

    Source: API server (`minAvailable and maxUnavailable cannot be both set`). With neither it forbids nothing.
    Do: keep one; a patch that changes which one is used needs the other set to null.
    """
    for pdb in scene.of("PodDisruptionBudget"):
        spec = pdb.data.get("spec") or {}
        given = [field for field in ("minAvailable", "maxUnavailable") if field in spec]
        if len(given) != 1:
            has = "both" if given else "neither"
            yield Finding("pdb-form", f"give one of minAvailable and maxUnavailable; there is {has}", "/spec", pdb)
        for field in given:
            pods = share(spec[field], 100, up=True)
            if pods is None or pods < 0 or (isinstance(spec[field], str) and pods > 100):
                yield Finding(
                    "pdb-form", f"{field} {spec[field]} is no count and no percentage up to 100%", f"/spec/{field}", pdb
                )


def pdb_selects_pods(scene: Scene) -> Iterator[Finding]:
    """A PodDisruptionBudget that selects the pods of no workload that is rendered with it.

    It protects nothing. Looked at only where a workload of the namespace is in the render.
    Source: polaris `missingPodDisruptionBudget`, kube-score `deployment-has-poddisruptionbudget`.
    Do: give it the selector of the workload.
    """
    for pdb in scene.of("PodDisruptionBudget"):
        selector, namespace = (pdb.data.get("spec") or {}).get("selector"), namespace_of(pdb)
        near = [pod for pod in scene.index.workloads if pod.namespace == namespace]
        if selector and near and not any(selects(selector, pod.labels) for pod in near):
            message = f"the selector does not match the pods of {near[0].kind} {near[0].manifest.name}"
            yield Finding("pdb-selects-pods", message, "/spec/selector", pdb)


def pdb_once(scene: Scene) -> Iterator[Finding]:
    """Two PodDisruptionBudgets that select the same pods.

    A pod with two budgets cannot be evicted at all: draining its node fails.
    Source: API server (eviction: `does not support more than one PodDisruptionBudget`).
    Do: keep one, or give each a selector of its own.
    """
    budgets = scene.of("PodDisruptionBudget")
    if len(budgets) < 2:
        return
    for pod in scene.index.workloads:
        found = [pdb for pdb in budgets if namespace_of(pdb) == pod.namespace and _selects(pdb, pod)]
        for pdb in found[1:]:
            message = f"PodDisruptionBudget {found[0].name} selects the pods of {pod.kind} {pod.manifest.name} already"
            yield Finding("pdb-once", message, "/spec/selector", pdb)


def _selects(pdb: Manifest, pod: Pod) -> bool:
    return selects((pdb.data.get("spec") or {}).get("selector"), pod.labels)


def pdb_satisfiable(scene: Scene) -> Iterator[Finding]:
    """A PodDisruptionBudget that never lets a pod go: `maxUnavailable: 0`, or `minAvailable` of all pods.

    Draining a node then waits for ever. The number of pods is `replicas`, or an autoscaler's `minReplicas`; where
    neither is known (KEDA, say) only what can never hold is found.
    Source: kube-linter `pdb-max-unavailable` and `pdb-min-available`, Kubernetes (`disruptionsAllowed`; percentages
    are rounded up).
    Do: use `maxUnavailable: 1`, which holds for any number of pods, or run more of them.
    """
    for pdb in scene.of("PodDisruptionBudget"):
        spec = pdb.data.get("spec") or {}
        message = _never(spec) or _never_of(spec, _pods_of(scene, pdb))
        if message:
            field = "maxUnavailable" if "maxUnavailable" in spec else "minAvailable"
            yield Finding("pdb-satisfiable", message, f"/spec/{field}", pdb)


def _never(spec: Object) -> str | None:
    if spec.get("maxUnavailable") in (0, "0%"):
        return "maxUnavailable 0 never lets a pod go: a node could not be drained"
    if spec.get("minAvailable") == "100%":
        return "minAvailable 100% never lets a pod go: a node could not be drained"
    return None


def _never_of(spec: Object, pods: int | None) -> str | None:
    if not pods or "minAvailable" not in spec or "maxUnavailable" in spec:
        return None
    least = share(spec["minAvailable"], pods, up=True)
    if least is None or least < pods:
        return None
    return f"minAvailable {spec['minAvailable']} of {pods} pods never lets one go: a node could not be drained"


def _pods_of(scene: Scene, pdb: Manifest) -> int | None:
    """The least number of pods that the budget's workload runs; None when nobody here knows."""
    selector, namespace = (pdb.data.get("spec") or {}).get("selector"), namespace_of(pdb)
    for pod in scene.index.workloads:
        if pod.namespace == namespace and selects(selector, pod.labels):
            for hpa in scene.of("HorizontalPodAutoscaler"):
                if target_of(scene, hpa) is pod:
                    low: int = (hpa.data.get("spec") or {}).get("minReplicas", 1)
                    return low
            replicas: int | None = pod.manifest.data["spec"].get("replicas")
            return replicas
    return None
