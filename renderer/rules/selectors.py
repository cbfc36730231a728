"""Which policies, monitors and Services select pods with some labels, also among many resources of an environment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from renderer.manifest import ROLLOUT_HASH, Manifest, Object
from renderer.plain import mapping
from renderer.rules.finding import Scene, labels_of
from renderer.rules.index import FEW, ByKind, ByLabel, by_label, grouped, is_selector, with_rarest
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
_Numbered = tuple[int, Manifest]  # a manifest, and its place among those of its kind


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
    """The scene's own manifests of a kind, and those resources of its environment, that may select one of these.

    `labelled` are the labels of each. An environment can have thousands of such resources: each is found by the rarest
    label that it asks for, whatever the version.
    """
    own = own_selecting(scene, kind, *labelled)
    if not labelled or kind not in scene.resource_kinds:
        return own
    return [*own, *_selecting(scene.resource_kinds, kind, _labels(*labelled))]


def own_selecting(scene: Scene, kind: str, *labelled: Mapping[str, str]) -> list[Manifest]:
    """The scene's own manifests of a kind that may select one of these: all of them, where they are few."""
    own = scene.of(kind)
    if not labelled:
        return []
    return own if len(own) <= FEW else _selecting(scene.index.kinds, kind, _labels(*labelled))


def services_labelled(scene: Scene, labels: Mapping[str, str]) -> Sequence[Manifest]:
    """The scene's own Services that may have these labels: all of them, where they are few."""
    own = scene.of("Service")
    return own if len(own) <= FEW else with_rarest(labels, scene.index.kinds.once(_services_by_own_label))


def services_with(scene: Scene, labels: Mapping[str, str]) -> list[Manifest]:
    """The Services that may select pods with these labels: the scene's own, and resources of its environment.

    A resource that asks only for labels of a version is left out.
    """
    of_labels = [label for label in _labels(labels) if label != _EVERYWHERE]
    return [*own_services_with(scene, labels), *_services(scene.resource_kinds, of_labels)]


def own_services_with(scene: Scene, *labelled: Mapping[str, str]) -> list[Manifest]:
    """The scene's own Services that may select pods with one of these labels: all of them, where they are few."""
    own = scene.of("Service")
    return own if len(own) <= FEW else _services(scene.index.kinds, _labels(*labelled))


def _selecting(kinds: ByKind, kind: str, labels: Iterable[_Label]) -> list[Manifest]:
    found = kinds.once(_policies_by_label)
    return _in_order(each for label in labels for each in found.get((kind, label), ()))


def _services(kinds: ByKind, labels: Iterable[_Label]) -> list[Manifest]:
    found = kinds.once(_services_by_label)
    return _in_order(each for label in labels for each in found.get(label, ()))


def _in_order(found: Iterable[_Numbered]) -> list[Manifest]:
    return [manifest for _, manifest in sorted(found, key=lambda each: each[0])]


def _labels(*labelled: Mapping[str, str]) -> Iterable[_Label]:
    return dict.fromkeys((_EVERYWHERE, *(label for labels in labelled for label in labels.items())))


def _policies_by_label(kinds: ByKind) -> dict[tuple[str, _Label], list[_Numbered]]:
    return {
        (kind, label): policies
        for kind in FIELDS
        for label, policies in _by_rarest_label(kinds.get(kind, ()), selector_of).items()
    }


def _services_by_label(kinds: ByKind) -> dict[_Label, list[_Numbered]]:
    selecting = (service for service in kinds.get("Service", ()) if spec_of(service).get("selector"))
    return _by_rarest_label(selecting, lambda service: {LABELS: spec_of(service).get("selector")})


def _services_by_own_label(kinds: ByKind) -> ByLabel[Manifest]:
    return by_label((labels_of(service), service) for service in kinds.get("Service", ()))


def _by_rarest_label(
    manifests: Iterable[Manifest], selector: Callable[[Manifest], Object]
) -> dict[_Label, list[_Numbered]]:
    """Manifests by the label of their selector that the fewest others ask for."""
    asked = [(manifest, [*_fixed(selector(manifest))]) for manifest in manifests]
    times = Counter(label for _, labels in asked for label in labels)
    return grouped(
        (min(labels, key=lambda label: (times[label], label), default=_EVERYWHERE), (number, manifest))
        for number, (manifest, labels) in enumerate(asked)
    )


def _fixed(selector: Object) -> Iterable[_Label]:
    """The labels that a selector asks for, but not those that each version has of its own."""
    return ((key, value) for key, value in (selector.get(LABELS) or {}).items() if key not in OF_A_VERSION)
