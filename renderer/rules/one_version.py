"""The rule over selectors of policies that find the pods of one version alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from renderer.manifest import WORKLOADS, Manifest, Object
from renderer.plain import mapping
from renderer.rules.contradictions import tag_of
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod, labels_by_role, selects
from renderer.rules.selectors import EXPRESSIONS, FIELDS, LABELS, OF_A_VERSION, may_select, pointer_of, selector_of
from renderer.rules.services import ROLE
from renderer.spec import version_label

KINDS = frozenset(FIELDS) - {"ServiceMonitor"}  # the labels of a Service have no version


def selects_one_version(scene: Scene) -> Iterator[Finding]:
    """A policy whose selector asks for the version of the pods, or for a hash of their template.

    The rule looks at NetworkPolicies, PodDisruptionBudgets, PodMonitors and Istio's policies that would otherwise
    select the pods of a Deployment or a Rollout of this render; those among the environment's `resources` count too. A
    policy is not reported if another one of its kind selects the same pods whatever their version. The label `version`
    counts in a Rollout, and in a Deployment if it is the tag of an image: then a release changes it.

    Why: The label has another value in each release. The policy does not apply to the pods of a canary, a preview or
    the next version: they run without it, and nothing says so.
    Fix: remove the label from the selector. If it is meant for canaries alone, or for what is stable, ask for the label
    `rollspec/role`, which the pods of a Rollout have. Or add another policy for all versions.
    Source: Kubernetes (label selectors), Istio (`WorkloadSelector`); the label `version` is that of the release state.
    """
    told: set[int] = set()
    kinds = [kind for kind in FIELDS if kind in KINDS and (kind in scene.index.kinds or kind in scene.resource_kinds)]
    for pod in scene.index.workloads:
        for kind in kinds if pod.kind in WORKLOADS else ():
            found = may_select(scene, kind, pod.labels, within=[pod.namespace])
            near = [each for each in found if each.namespace in ("", pod.namespace)]
            for policy in near:
                asked = _asked(selector_of(policy))
                if asked and id(policy) not in told and _is_pinned(policy, pod, asked):
                    if any(_has_all_versions(other, pod) for other in near):
                        continue
                    told.add(id(policy))
                    message = (
                        f"the selector asks for {_text(asked)}, which the pods of the next version of {pod.kind} "
                        f"{pod.manifest.name} do not have: {kind} {policy.name} does not apply to them; remove "
                        f"{' and '.join(asked)} from the selector{_or_role(pod)}"
                    )
                    yield Finding("selects-one-version", message, pointer_of(policy), policy, "warning")


def _asked(selector: Object) -> dict[str, str]:
    """The labels of a version that a selector asks for, with the values that it takes."""
    found = {key: str(value) for key, value in (selector.get(LABELS) or {}).items() if key in OF_A_VERSION}
    for each in selector.get(EXPRESSIONS) or ():
        if each.get("operator") == "In" and each["key"] in OF_A_VERSION:
            found[each["key"]] = " or ".join(map(str, each.get("values") or ()))
    return found


def _is_pinned(policy: Manifest, pod: Pod, asked: Mapping[str, str]) -> bool:
    """Whether the policy would select the pods in each version, if it did not ask for labels that a release changes."""
    selector = selector_of(policy)
    without = {
        LABELS: {key: value for key, value in (selector.get(LABELS) or {}).items() if key not in asked},
        EXPRESSIONS: [each for each in selector.get(EXPRESSIONS) or () if each.get("key") not in asked],
    }
    return selects(without, pod.labels) and all(_changes(pod, key) for key in asked)


def _has_all_versions(policy: Manifest, pod: Pod) -> bool:
    selector = selector_of(policy)
    return not _asked(selector) and selects(selector, pod.labels)


def _changes(pod: Pod, key: str) -> bool:
    """Whether a release gives the label another value; a workload that selects its pods by the label keeps it."""
    own = mapping(mapping(pod.manifest.data.get("spec")).get("selector")).get(LABELS) or {}
    if key in own:
        return False
    if key != "version":
        return True
    tags = (tag_of(str(container.get("image", ""))) for _, container in pod.containers)
    given = pod.labels.get(key)
    return given is not None and (pod.kind == "Rollout" or any(given == version_label(tag) for tag in tags if tag))


def _or_role(pod: Pod) -> str:
    """What to ask for instead, where a policy is meant for one role: the controller labels the pods of each."""
    has_role = any(ROLE in labels for labels in labels_by_role(pod))
    return f", or ask for {ROLE} if one role is meant" if has_role else ""


def _text(asked: Mapping[str, str]) -> str:
    return " and ".join(f"{key} {value}" for key, value in asked.items())
