"""Which policies, monitors and Services select pods with some labels, also among many resources of an environment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from renderer.manifest import ROLLOUT_HASH, Manifest, Object
from renderer.plain import mapping
from renderer.rules.finding import Scene, labels_of
from renderer.rules.index import FEW, ByKind, ByLabel, Pod, Pods, by_label, grouped, is_selector, with_rarest
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
_EVERYWHERE: _Label = ("", "")  # for a selector that asks for no label
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


def may_select(scene: Scene, kind: str, *labelled: Mapping[str, str], within: Collection[str] = ()) -> list[Manifest]:
    """The scene's own manifests of a kind, and those resources of its environment, that may select one of these.

    `labelled` are the labels of each, `within` the namespaces that they are in; none where other namespaces count too.
    An environment can have thousands of such resources: each is found by the rarest label that it asks for, whatever
    the version, and one that asks for none by its namespace.
    """
    own = own_selecting(scene, kind, *labelled, within=within)
    if not labelled or kind not in scene.resource_kinds:
        return own
    return [*own, *_selecting(scene.resource_kinds, kind, _labels(*labelled), within)]


def own_selecting(
    scene: Scene, kind: str, *labelled: Mapping[str, str], within: Collection[str] = ()
) -> list[Manifest]:
    """The scene's own manifests of a kind that may select one of these: all of them, where they are few."""
    own = scene.of(kind)
    if not labelled:
        return []
    return own if len(own) <= FEW else _selecting(scene.index.kinds, kind, _labels(*labelled), within)


def pods_near(pods: Pods, selector: Object, namespace: str) -> Sequence[Pod]:
    """The pods that a selector may find in a namespace: all of them, where they are few."""
    found = [pods.with_one_of(labels) for labels in _fixed(selector)]
    return min(found, key=len) if found else pods.within(namespace)


def services_labelled(scene: Scene, labels: Mapping[str, str]) -> Sequence[Manifest]:
    """The scene's own Services that may have these labels: all of them, where they are few."""
    own = scene.of("Service")
    return own if len(own) <= FEW else with_rarest(labels, scene.index.kinds.once(_services_by_own_label))


def services_with(scene: Scene, labels: Mapping[str, str]) -> list[Manifest]:
    """The Services that may select pods with these labels: the scene's own, and resources of its environment.

    A resource that asks only for labels of a version is left out.
    """
    return [*own_services_with(scene, labels), *_services(scene.resource_kinds, _labels(labels))]


def own_services_with(scene: Scene, *labelled: Mapping[str, str]) -> list[Manifest]:
    """The scene's own Services that may select pods with one of these labels: all of them, where they are few."""
    own = scene.of("Service")
    return own if len(own) <= FEW else _services(scene.index.kinds, (_EVERYWHERE, *_labels(*labelled)))


def _selecting(kinds: ByKind, kind: str, labels: Iterable[_Label], within: Collection[str]) -> list[Manifest]:
    found = kinds.once(_policies_by_label)
    near = (each for label in labels for each in found.get((kind, label), ()))
    return _in_order((*near, *_of_all_pods(kinds, kind, within)))


def _of_all_pods(kinds: ByKind, kind: str, within: Collection[str]) -> Iterable[_Numbered]:
    """The policies that ask for no label."""
    if not within:
        return kinds.once(_policies_by_label).get((kind, _EVERYWHERE), ())
    found = kinds.once(_policies_by_namespace)
    return [each for namespace in {"", *within} for each in found.get((kind, namespace), ())]


def _services(kinds: ByKind, labels: Iterable[_Label]) -> list[Manifest]:
    found = kinds.once(_services_by_label)
    return _in_order(each for label in labels for each in found.get(label, ()))


def _in_order(found: Iterable[_Numbered]) -> list[Manifest]:
    return [manifest for _, manifest in sorted(dict(found).items(), key=lambda each: each[0])]


def _labels(*labelled: Mapping[str, str]) -> Iterable[_Label]:
    return dict.fromkeys(label for labels in labelled for label in labels.items())


def _policies_by_label(kinds: ByKind) -> dict[tuple[str, _Label], list[_Numbered]]:
    return {
        (kind, label): policies
        for kind in FIELDS
        for label, policies in _by_rarest_label(kinds.get(kind, ()), selector_of).items()
    }


def _policies_by_namespace(kinds: ByKind) -> dict[tuple[str, str], list[_Numbered]]:
    found = kinds.once(_policies_by_label)
    return grouped(((kind, each[1].namespace), each) for kind in FIELDS for each in found.get((kind, _EVERYWHERE), ()))


def _services_by_label(kinds: ByKind) -> dict[_Label, list[_Numbered]]:
    selecting = (service for service in kinds.get("Service", ()) if spec_of(service).get("selector"))
    return _by_rarest_label(selecting, lambda service: {LABELS: spec_of(service).get("selector")})


def _services_by_own_label(kinds: ByKind) -> ByLabel[Manifest]:
    return by_label((labels_of(service), service) for service in kinds.get("Service", ()))


def _by_rarest_label(
    manifests: Iterable[Manifest], selector: Callable[[Manifest], Object]
) -> dict[_Label, list[_Numbered]]:
    """Manifests by the labels of their selector, of which pods must have one, that the fewest others ask for."""
    asked = [(manifest, [*_fixed(selector(manifest))]) for manifest in manifests]
    times = Counter(label for _, several in asked for labels in several for label in labels)
    return grouped(
        (label, (number, manifest))
        for number, (manifest, several) in enumerate(asked)
        for label in min(
            several, key=lambda labels: (sum(times[label] for label in labels), labels), default=(_EVERYWHERE,)
        )
    )


def _fixed(selector: Object) -> Iterator[tuple[_Label, ...]]:
    """The labels that a selector asks for, each with its other values, but not those that each version has of its own.

    A selector that takes several values of a label finds pods that have one of them.
    """
    for key, value in (selector.get(LABELS) or {}).items():
        if key not in OF_A_VERSION:
            yield ((key, value),)
    for each in selector.get(EXPRESSIONS) or ():
        key = each.get("key", "")
        if each.get("operator") == "In" and key not in OF_A_VERSION:
            yield tuple(dict.fromkeys((key, value) for value in each.get("values") or () if isinstance(value, str)))
