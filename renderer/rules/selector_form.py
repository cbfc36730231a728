"""Rule over the expressions of label selectors, wherever a manifest has one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from renderer.manifest import Object
from renderer.plain import mapping, mappings
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import SELECTING, Pod
from renderer.rules.scheduling import expression_error, pod_terms

_SELECTOR = ("selector",)
_KINDS = {
    **dict.fromkeys(sorted(SELECTING), _SELECTOR),
    "NetworkPolicy": ("podSelector",),
    "PersistentVolumeClaim": _SELECTOR,
    "PodDisruptionBudget": _SELECTOR,
    "PodMonitor": _SELECTOR,
    "ServiceMonitor": _SELECTOR,
}
_PEERS = (("ingress", "from"), ("egress", "to"))
_OF_PEER = ("podSelector", "namespaceSelector")
_OF_TERM = ("labelSelector", "namespaceSelector")


def selector_form(scene: Scene) -> Iterator[Finding]:
    """A label selector with an expression that has no values, or too many.

    The rule looks at the selectors of workloads, disruption budgets, network policies, volume claims and monitors, and
    at those of a pod's affinity and topology spread.

    Why: The API server refuses the object; the Prometheus operator takes no notice of such a monitor.
    Fix: the operators In and NotIn need `values`, Exists and DoesNotExist take none.
    Source: API server (`must be specified when operator is 'In' or 'NotIn'`, `may not be specified when operator is
    'Exists' or 'DoesNotExist'`).
    """
    for kind, fields in _KINDS.items():
        for manifest in scene.of(kind):
            spec = mapping(manifest.data.get("spec"))
            found = [(f"/spec/{field}", spec.get(field)) for field in fields]
            for pointer, message in _problems([*found, *(_of_peers(spec) if kind == "NetworkPolicy" else ())]):
                yield Finding("selector-form", message, pointer, manifest)
    for pod in scene.index.pods:
        if "affinity" in pod.spec or "topologySpreadConstraints" in pod.spec:
            for pointer, message in _problems([*_of_pod(pod)]):
                yield Finding("selector-form", message, f"{pod.pointer}/spec/{pointer}", pod.manifest)


def _of_peers(spec: Object) -> Iterator[tuple[str, Any]]:
    for side, peers in _PEERS:
        for number, rule in enumerate(mappings(spec.get(side))):
            for index, peer in enumerate(mappings(rule.get(peers))):
                for field in _OF_PEER:
                    yield f"/spec/{side}/{number}/{peers}/{index}/{field}", peer.get(field)


def _of_pod(pod: Pod) -> Iterator[tuple[str, Any]]:
    whole = pod.spec.get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        for inner, term in pod_terms(whole.get(kind) or {}):
            for field in _OF_TERM:
                yield f"affinity/{kind}/{inner}/{field}", term.get(field)
    for number, constraint in enumerate(pod.spec.get("topologySpreadConstraints") or ()):
        yield f"topologySpreadConstraints/{number}/labelSelector", constraint.get("labelSelector")


def _problems(selectors: list[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    for pointer, selector in selectors:
        if not isinstance(selector, dict) or "matchExpressions" not in selector:
            continue
        for number, expression in enumerate(mappings(selector["matchExpressions"])):
            values = expression.get("values") or ()
            problem = expression_error(expression.get("operator"), values) if isinstance(values, list | tuple) else None
            if problem:
                yield f"{pointer}/matchExpressions/{number}", problem
