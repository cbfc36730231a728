"""Rules over where pods go: topology spread, affinity, tolerations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from renderer.manifest import ROLLOUT_HASH, Object
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod, selects
from renderer.rules.syntax import is_digits, is_qualified_name

_HASHES = {"Rollout": ("pod-template-hash", ROLLOUT_HASH)}
_NAME = "app.kubernetes.io/name"
_LABEL_KEYS = ("matchLabelKeys", "mismatchLabelKeys")
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def topology_spread(scene: Scene) -> Iterator[Finding]:
    """A topology spread constraint that the API server refuses, or that does nothing for these pods.

    Why: The API server refuses wrong numbers. A selector that does not match the pod's own labels spreads other pods,
    and without a selector no pods (warnings). Pods of a Rollout have the label `rollouts-pod-template-hash`, not
    `pod-template-hash`, so the latter in `matchLabelKeys` has no effect (a warning).
    Fix: use `maxSkew` and `minDomains` of at least 1, `minDomains` only with `DoNotSchedule`, and `matchLabelKeys`
    only with a `labelSelector` that does not contain the same keys.
    Source: API server (`validateTopologySpreadConstraints`), Argo Rollouts (its label for the hash).
    """
    for pod in scene.index.pods:
        for number, constraint in enumerate(pod.spec.get("topologySpreadConstraints") or ()):
            pointer = f"{pod.pointer}/spec/topologySpreadConstraints/{number}"
            errors = list(_spread_errors(constraint))
            for message in errors:
                yield Finding("topology-spread", message, pointer, pod.manifest)
            for message in _spread_warnings(constraint, pod) if not errors else ():
                yield Finding("topology-spread", message, pointer, pod.manifest, "warning")


def _spread_errors(constraint: Object) -> Iterator[str]:
    if constraint.get("maxSkew", 0) < 1:
        yield f"maxSkew must be at least 1, it is {constraint.get('maxSkew', 0)}"
    if not is_qualified_name(constraint.get("topologyKey", "")):
        yield f"topologyKey {constraint.get('topologyKey', '')!r} is not a valid label key"
    action = constraint.get("whenUnsatisfiable")
    if action not in ("DoNotSchedule", "ScheduleAnyway"):
        yield f"whenUnsatisfiable must be DoNotSchedule or ScheduleAnyway, not {action}"
    if "minDomains" in constraint and (constraint["minDomains"] < 1 or action != "DoNotSchedule"):
        yield "minDomains must be at least 1, and needs whenUnsatisfiable DoNotSchedule"
    keys = constraint.get("matchLabelKeys")
    if keys:
        selector = constraint.get("labelSelector")
        if not selector:
            yield "matchLabelKeys needs a labelSelector"
        else:
            for key in sorted(set(keys) & _selector_keys(selector)):
                yield f"{key} is in both matchLabelKeys and labelSelector"


def _selector_keys(selector: Object) -> set[str]:
    return {*(selector.get("matchLabels") or ()), *(e.get("key", "") for e in selector.get("matchExpressions") or ())}


def _spread_warnings(constraint: Object, pod: Pod) -> Iterator[str]:
    selector = constraint.get("labelSelector")
    if selector is None and not constraint.get("matchLabelKeys"):
        yield "without a labelSelector it counts no pods; `renderLevel: 2` gives it the selector of the app"
    if selector and not selects(selector, pod.labels):
        yield "the labelSelector does not match the pod's own labels: the pods are not spread"
    wrong, right = _HASHES.get(pod.kind, ("", ""))
    if wrong and wrong in (constraint.get("matchLabelKeys") or ()):
        yield f"pods of a {pod.kind} have the label {right}, not {wrong}"


def affinity(scene: Scene) -> Iterator[Finding]:
    """An affinity that the API server refuses, or a pod term that does nothing.

    Why: The pod template is not applied. A pod term without a `labelSelector` finds no pods: an anti-affinity then
    keeps no pods apart, and a required affinity lets no pod start (a warning). Pods of a Rollout have the label
    `rollouts-pod-template-hash`, not `pod-template-hash`, so the latter in `matchLabelKeys` has no effect (a warning).
    Fix: use weights from 1 to 100, and a `topologyKey` and a `labelSelector` in each pod term. The operators In and
    NotIn need values, Exists and DoesNotExist take none, Gt and Lt take one whole number.
    Source: API server (`validateAffinity`: `must be in the range 1-100`, `must be specified when operator is 'In'`),
    Kubernetes API ("if it's null, this PodAffinityTerm matches with no Pods"), Argo Rollouts (its label for the hash).
    """
    for pod in scene.index.pods:
        whole = pod.spec.get("affinity")
        if not whole:
            continue
        pointer = pod.pointer + "/spec/affinity/"
        for kind in ("podAffinity", "podAntiAffinity"):
            for inner, message in _weights(whole.get(kind) or {}):
                yield Finding("affinity", message, f"{pointer}{kind}/{inner}", pod.manifest)
            for inner, term in pod_terms(whole.get(kind) or {}):
                errors = list(_term_errors(term))
                for message in errors:
                    yield Finding("affinity", message, f"{pointer}{kind}/{inner}", pod.manifest)
                for message in _term_warnings(term, pod) if not errors else ():
                    yield Finding("affinity", message, f"{pointer}{kind}/{inner}", pod.manifest, "warning")
        for inner, message in _node_affinity(whole.get("nodeAffinity") or {}):
            yield Finding("affinity", message, f"{pointer}nodeAffinity/{inner}", pod.manifest)


def pod_terms(terms: Object) -> Iterator[tuple[str, Object]]:
    """The terms of an affinity between pods, each with its pointer."""
    for number, weighted in enumerate(terms.get(PREFERRED) or ()):
        yield f"{PREFERRED}/{number}/podAffinityTerm", weighted.get("podAffinityTerm") or {}
    for number, term in enumerate(terms.get(REQUIRED) or ()):
        yield f"{REQUIRED}/{number}", term


def _weights(terms: Object) -> Iterator[tuple[str, str]]:
    for number, weighted in enumerate(terms.get(PREFERRED) or ()):
        yield from _weight(f"{PREFERRED}/{number}", weighted)


def _term_errors(term: Object) -> Iterator[str]:
    if not is_qualified_name(term.get("topologyKey", "")):
        yield "the term needs a topologyKey, such as kubernetes.io/hostname"
    for field in _LABEL_KEYS:
        if term.get(field) and term.get("labelSelector") is None:
            yield f"{field} needs a labelSelector"


def _term_warnings(term: Object, pod: Pod) -> Iterator[str]:
    if term.get("labelSelector") is None:
        label = f"{_NAME}: {pod.labels[_NAME]}" if _NAME in pod.labels else "app: ..."
        yield f"without a labelSelector the term finds no pods: add one, such as {{matchLabels: {{{label}}}}}"
    wrong, right = _HASHES.get(pod.kind, ("", ""))
    for field in _LABEL_KEYS:
        if wrong and wrong in (term.get(field) or ()):
            yield f"pods of a {pod.kind} have the label {right}, not {wrong}"


def _weight(pointer: str, weighted: Object) -> Iterator[tuple[str, str]]:
    if not 1 <= weighted.get("weight", 0) <= 100:
        yield pointer + "/weight", f"weight {weighted.get('weight', 0)} is not between 1 and 100"


def _node_affinity(terms: Object) -> Iterator[tuple[str, str]]:
    for number, weighted in enumerate(terms.get(PREFERRED) or ()):
        yield from _weight(f"{PREFERRED}/{number}", weighted)
        yield from _node_term(f"{PREFERRED}/{number}/preference", weighted.get("preference") or {})
    required = terms.get(REQUIRED)
    if required is not None and not required.get("nodeSelectorTerms"):
        yield REQUIRED, "nodeSelectorTerms must have at least one term"
    for number, term in enumerate((required or {}).get("nodeSelectorTerms") or ()):
        yield from _node_term(f"{REQUIRED}/nodeSelectorTerms/{number}", term)


def _node_term(pointer: str, term: Object) -> Iterator[tuple[str, str]]:
    for number, expression in enumerate(term.get("matchExpressions") or ()):
        problem = expression_error(expression.get("operator"), expression.get("values") or ())
        if problem:
            yield f"{pointer}/matchExpressions/{number}", problem


def expression_error(operator: str | None, values: Iterable[str]) -> str | None:
    """Why Kubernetes refuses an expression of a selector; None for one that it takes."""
    values = list(values)
    if operator in ("In", "NotIn") and not values:
        return f"operator {operator} needs values"
    if operator in ("Exists", "DoesNotExist") and values:
        return f"operator {operator} takes no values"
    if operator in ("Gt", "Lt") and not (len(values) == 1 and is_digits(values[0].removeprefix("-"))):
        return f"operator {operator} needs one value, a whole number"
    return None


def tolerations(scene: Scene) -> Iterator[Finding]:
    """A toleration that the API server refuses.

    Why: The pod template is not applied.
    Fix: give `Exists` no value; a toleration without a key needs `Exists`; `tolerationSeconds` needs the effect
    `NoExecute`.
    Source: API server (`ValidateTolerations`).
    """
    for pod in scene.index.pods:
        for number, toleration in enumerate(pod.spec.get("tolerations") or ()):
            for message in _toleration(toleration):
                yield Finding("tolerations", message, f"{pod.pointer}/spec/tolerations/{number}", pod.manifest)


def _toleration(toleration: Object) -> Iterator[str]:
    operator = toleration.get("operator") or "Equal"
    if operator == "Exists" and toleration.get("value"):
        yield "operator Exists takes no value"
    if operator != "Exists" and not toleration.get("key"):
        yield "a toleration without a key needs operator Exists"
    if "tolerationSeconds" in toleration and toleration.get("effect") != "NoExecute":
        yield "tolerationSeconds needs effect NoExecute"
