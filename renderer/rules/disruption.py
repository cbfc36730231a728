"""Rules over PodDisruptionBudgets."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Manifest, Object
from renderer.rules.autoscaling import scalers_of
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod, labels_by_role, selects
from renderer.rules.quantity import is_too_large, share
from renderer.rules.selectors import own_selecting, pods_near
from renderer.scaler import scaler_of


def pdb_form(scene: Scene) -> Iterator[Finding]:
    """A PodDisruptionBudget without exactly one of `minAvailable` and `maxUnavailable`, or with a value that is not a
    count or a percentage up to 100%.

    Why: The API server refuses both fields together. With neither field the budget limits nothing.
    Fix: keep one of them. A patch that switches from one to the other must set the first to null.
    Source: API server (`minAvailable and maxUnavailable cannot be both set`).
    """
    for pdb in scene.of("PodDisruptionBudget"):
        spec = pdb.data.get("spec") or {}
        given = [field for field in ("minAvailable", "maxUnavailable") if field in spec]
        if len(given) != 1:
            has = "both" if given else "neither"
            yield Finding("pdb-form", f"give one of minAvailable and maxUnavailable; there is {has}", "/spec", pdb)
        for field in given:
            pods = None if is_too_large(spec[field]) else share(spec[field], 100, up=True)
            if pods is None or pods < 0 or (isinstance(spec[field], str) and pods > 100):
                yield Finding(
                    "pdb-form",
                    f"{field} {spec[field]} is not a count or a percentage up to 100%",
                    f"/spec/{field}",
                    pdb,
                )


def pdb_selects_pods(scene: Scene) -> Iterator[Finding]:
    """A PodDisruptionBudget that selects the pods of no workload that is rendered with it.

    The rule looks only where a workload of the namespace is in the render. The labels that a Rollout gives the pods of
    each role count, such as `rollspec/role`.

    Why: It protects nothing: a node drain may stop all pods at once.
    Fix: use the selector of the workload.
    Source: polaris `missingPodDisruptionBudget`, kube-score `deployment-has-poddisruptionbudget`.
    """
    for pdb in scene.of("PodDisruptionBudget"):
        selector, namespace = (pdb.data.get("spec") or {}).get("selector"), pdb.namespace
        near = [pod for pod in scene.index.workloads if pod.namespace == namespace]
        if selector and near and not any(selects(selector, labels) for pod in near for labels in labels_by_role(pod)):
            message = f"the selector does not match the pods of {near[0].kind} {near[0].manifest.name}"
            yield Finding("pdb-selects-pods", message, "/spec/selector", pdb)


def pdb_once(scene: Scene) -> Iterator[Finding]:
    """Two PodDisruptionBudgets that select the same pods.

    Why: Kubernetes never evicts a pod that has two budgets, so draining its node fails.
    Fix: keep one, or give each a selector of its own.
    Source: API server (eviction: `does not support more than one PodDisruptionBudget`).
    """
    if len(scene.of("PodDisruptionBudget")) < 2:
        return
    for pod in scene.index.workloads:
        near = own_selecting(scene, "PodDisruptionBudget", pod.labels, within=[pod.namespace])
        found = [pdb for pdb in near if pdb.namespace == pod.namespace and _selects(pdb, pod)]
        for pdb in found[1:]:
            message = (
                f"PodDisruptionBudget {found[0].name} selects the pods of {pod.kind} {pod.manifest.name} already: "
                "remove one of the two"
            )
            yield Finding("pdb-once", message, "/spec/selector", pdb)


def _selects(pdb: Manifest, pod: Pod) -> bool:
    return selects((pdb.data.get("spec") or {}).get("selector"), pod.labels)


def pdb_satisfiable(scene: Scene) -> Iterator[Finding]:
    """A PodDisruptionBudget that never allows a pod to be evicted.

    The number of pods is `replicas`, or the `minReplicas` of an autoscaler. Where neither is known, only
    `maxUnavailable: 0` and `minAvailable: 100%` are reported.

    Why: A node drain, and with it a cluster upgrade, waits forever.
    Fix: use `maxUnavailable: 1`, which works for any number of pods, or run more pods.
    Source: kube-linter `pdb-max-unavailable` and `pdb-min-available`, Kubernetes (`disruptionsAllowed`; percentages are
    rounded up).
    """
    for pdb in scene.of("PodDisruptionBudget"):
        spec = pdb.data.get("spec") or {}
        message = _never(spec) or _never_of(scene, pdb)
        if message:
            field = "maxUnavailable" if "maxUnavailable" in spec else "minAvailable"
            yield Finding("pdb-satisfiable", message, f"/spec/{field}", pdb)


def _never(spec: Object) -> str | None:
    if spec.get("maxUnavailable") in (0, "0%"):
        return "with maxUnavailable 0 no pod can be evicted: nodes cannot be drained"
    if spec.get("minAvailable") == "100%":
        return "with minAvailable 100% no pod can be evicted: nodes cannot be drained"
    return None


def _never_of(scene: Scene, pdb: Manifest) -> str | None:
    spec = pdb.data.get("spec") or {}
    if "minAvailable" not in spec or "maxUnavailable" in spec:
        return None
    pods = _pods_of(scene, pdb)
    least = share(spec["minAvailable"], pods, up=True) if pods else None
    if not pods or least is None or least < pods:
        return None
    return f"with minAvailable {spec['minAvailable']} of {pods} pods no pod can be evicted: nodes cannot be drained"


def _pods_of(scene: Scene, pdb: Manifest) -> int | None:
    """The least number of pods that the budget's workload runs; None if nothing in the scene says it."""
    selector, namespace = (pdb.data.get("spec") or {}).get("selector"), pdb.namespace
    for pod in pods_near(scene.index.workloads, selector or {}, namespace):
        if pod.namespace == namespace and selects(selector, pod.labels):
            scalers = scalers_of(scene, pod)
            if scalers:
                return scaler_of(scalers[0].data).least
            replicas: int | None = pod.manifest.data["spec"].get("replicas")
            return replicas
    return None
