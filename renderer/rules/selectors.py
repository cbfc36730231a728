"""Which policies select the pods of an app, also among many resources: each kind has its selector in another field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from renderer.manifest import ROLLOUT_HASH, Manifest, Object
from renderer.plain import mapping
from renderer.rules.finding import Scene
from renderer.rules.index import ByKind, is_selector

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
    found = scene.resource_kinds.once(_by_label)
    asked = dict.fromkeys((_EVERYWHERE, *(label for labels in labelled for label in labels.items())))
    return [*scene.of(kind), *(each for label in asked for each in found.get((kind, label), ()))]


def _by_label(kinds: ByKind) -> dict[tuple[str, _Label], list[Manifest]]:
    found: dict[tuple[str, _Label], list[Manifest]] = {}
    for kind in FIELDS:
        asked = [(policy, [*_fixed(selector_of(policy))]) for policy in kinds.get(kind, ())]
        times = Counter(label for _, labels in asked for label in labels)
        for policy, labels in asked:
            rarest = min(labels, key=lambda label: (times[label], label), default=_EVERYWHERE)
            found.setdefault((kind, rarest), []).append(policy)
    return found


def _fixed(selector: Object) -> Iterable[_Label]:
    """The labels that a selector asks for, but not those that each version has of its own."""
    return ((key, value) for key, value in (selector.get(LABELS) or {}).items() if key not in OF_A_VERSION)
