"""Which policies, monitors and Services select the pods of an app, also among many resources of its environment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from renderer.manifest import ROLLOUT_HASH, Manifest, Object
from renderer.plain import mapping
from renderer.rules.finding import Scene
from renderer.rules.index import ByKind, grouped, is_selector
from renderer.rules.mesh import spec_of

LABELS, EXPRESSIONS = "matchLabels", "matchExpressions"
_SELECTOR = ("selector",)
_OF_WORKLOAD = ("workloadSelector", "labels")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "NetworkPolicy": ("podSelector",),
    "PodDisruptionBudget": _SELECTOR,
    "AuthorizationPolicy": _SELECTOR,
    "PeerAuthentication": _SELECTOR,
    "RequestAuthentication": _SELECTOR,
    "Telemetry": _SELECTOR,
    "WasmPlugin": _SELECTOR,
    "PodMonitor": _SELECTOR,
    "ServiceMonitor": _SELECTOR,
    "EnvoyFilter": _OF_WORKLOAD,
    "Sidecar": _OF_WORKLOAD,
}
OF_A_VERSION = ("version", "pod-template-hash", ROLLOUT_HASH)  # labels that a release gives other values
_Label = tuple[str, str]
_EVERYWHERE: _Label = ("", "")  # for a selector without labels


def selector_of(policy: Manifest) -> Object:
    """The label selector of a manifest of one of these kinds; empty where it has none, or one that cannot be read."""
    value: Any = policy.data.get("spec")
    for field in FIELDS[policy.kind]:
        value = mapping(value).get(field)
    selector = {LABELS: mapping(value)} if FIELDS[policy.kind] == _OF_WORKLOAD else mapping(value)
    return selector if is_selector(selector) else {}


def pointer_of(policy: Manifest) -> str:
    """Where its selector is."""
    return "/spec/" + "/".join(FIELDS[policy.kind])


def may_select(scene: Scene, kind: str, *labelled: Mapping[str, str]) -> list[Manifest]:
    """The scene's own manifests of a kind, and those resources of its environment that may select one of these.

    `labelled` are the labels of each. An environment can have thousands of such resources: each is found by the rarest
    label that it asks for, whatever the version.
    """
    if not labelled:
        return []
    if kind not in scene.resource_kinds:
        return scene.of(kind)
    found = scene.resource_kinds.once(_policies_by_label)
    return [*scene.of(kind), *(each for label in _labels(*labelled) for each in found.get((kind, label), ()))]


def services_with(scene: Scene, labels: Mapping[str, str]) -> list[Manifest]:
    """The scene's own Services, and those resources of its environment that may select pods with these labels.

    A Service that asks only for labels of a version is left out.
    """
    found = scene.resource_kinds.once(_services_by_label)
    return [*scene.of("Service"), *(each for label in _labels(labels) for each in found.get(label, ()))]


def _labels(*labelled: Mapping[str, str]) -> Iterable[_Label]:
    return dict.fromkeys((_EVERYWHERE, *(label for labels in labelled for label in labels.items())))


def _policies_by_label(kinds: ByKind) -> dict[tuple[str, _Label], list[Manifest]]:
    return {
        (kind, label): policies
        for kind in FIELDS
        for label, policies in _by_rarest_label(kinds.get(kind, ()), selector_of).items()
    }


def _services_by_label(kinds: ByKind) -> dict[_Label, list[Manifest]]:
    found = _by_rarest_label(kinds.get("Service", ()), lambda service: {LABELS: spec_of(service).get("selector")})
    found.pop(_EVERYWHERE, None)  # a Service without a selector selects nothing
    return found


def _by_rarest_label(
    manifests: Iterable[Manifest], selector: Callable[[Manifest], Object]
) -> dict[_Label, list[Manifest]]:
    """Manifests by the label of their selector that the fewest others ask for."""
    asked = [(manifest, [*_fixed(selector(manifest))]) for manifest in manifests]
    times = Counter(label for _, labels in asked for label in labels)
    return grouped(
        (min(labels, key=lambda label: (times[label], label), default=_EVERYWHERE), manifest)
        for manifest, labels in asked
    )


def _fixed(selector: Object) -> Iterable[_Label]:
    """The labels that a selector asks for, but not those that each version has of its own."""
    return ((key, value) for key, value in (selector.get(LABELS) or {}).items() if key not in OF_A_VERSION)
