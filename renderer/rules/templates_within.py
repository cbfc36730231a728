"""Pods of every object that makes some: also of kinds that no rule knows, such as a ScaledJob or an operator's own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from renderer.manifest import ANALYSIS_TEMPLATES, Manifest
from renderer.plain import escape
from renderer.rules.finding import Scene
from renderer.rules.index import WITH_PODS, Index, Pod, located_pod
from renderer.rules.workflows import is_workflow, unseen_of_workflow, workflow_pods
from renderer.schema.scope import scope

_OTHERS = frozenset(("ReplicationController", "PodTemplate", "Experiment"))


def pods_within(scene: Scene) -> list[Pod]:
    """The pods that the scene's manifests make."""
    return pods_of(scene.index)


def pods_of(found: Index) -> list[Pod]:
    """The pods of every indexed manifest; the index remembers them, since several rules ask."""
    if found.within is None:
        found.within = [*found.pods, *_of_other_kinds(found)]
    return found.within


def _of_other_kinds(found: Index) -> Iterator[Pod]:
    for kind, manifests in found.kinds.items():
        if kind not in WITH_PODS and kind not in ANALYSIS_TEMPLATES:
            for manifest in manifests:
                if is_workflow(manifest):
                    yield from workflow_pods(manifest)
                elif _may_make_pods(kind, manifest.api_version):
                    yield from templates_within(manifest)


def unseen(scene: Scene) -> Iterator[tuple[Manifest, str, str]]:
    """What may make pods, or change them, and is not among `pods_within`: the manifest, a pointer, and what it is."""
    for kind, manifests in scene.index.kinds.items():
        for manifest in manifests if kind not in WITH_PODS and kind not in ANALYSIS_TEMPLATES else ():
            if is_workflow(manifest):
                for pointer, name in unseen_of_workflow(manifest):
                    yield manifest, pointer, f"{name} of the {kind}"
            elif _may_make_pods(kind, manifest.api_version) and not any(templates_within(manifest)):
                images = [*_images(manifest.data, "")]
                yield from ((manifest, pointer, f"the pods that the {kind} may make") for pointer in images[:1])


def _images(value: Any, pointer: str) -> Iterator[str]:
    """The pointers of the texts that fields called `image` hold."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        here = f"{pointer}/{escape(str(key))}"
        if key == "image" and isinstance(item, str) and item:
            yield here
        yield from _images(item, here)


@lru_cache(maxsize=256)
def _may_make_pods(kind: str, api_version: str) -> bool:
    """Kinds that rollspec has a schema of make none, apart from those that it knows by name."""
    group, _, _ = api_version.rpartition("/")
    return kind in _OTHERS or scope(group, kind) == "unknown"


def templates_within(manifest: Manifest) -> Iterator[Pod]:
    """Everything in the manifest that looks like a pod template: a mapping whose `spec` has a list of `containers`."""
    return _within(manifest, manifest.data, "")


def _within(manifest: Manifest, value: Any, pointer: str) -> Iterator[Pod]:
    if isinstance(value, list):
        for number, item in enumerate(value):
            if isinstance(item, dict | list):
                yield from _within(manifest, item, f"{pointer}/{number}")
    elif isinstance(value, dict):
        spec = value.get("spec")
        if isinstance(spec, dict) and _is_list_of_mappings(spec.get("containers")):
            yield located_pod(manifest, manifest.kind, pointer, _without_odd(value))
        for key, item in value.items():
            if isinstance(item, dict | list):
                yield from _within(manifest, item, f"{pointer}/{escape(str(key))}")


def _is_list_of_mappings(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _without_odd(template: dict[str, Any]) -> dict[str, Any]:
    """The template without fields of another type than a pod's: no schema has looked at it."""
    spec = dict(template["spec"])
    for key in ("initContainers", "volumes"):
        if not _is_list_of_mappings(spec.get(key)):
            spec.pop(key, None)
    for key in ("securityContext", "os"):
        if not isinstance(spec.get(key), dict):
            spec.pop(key, None)
    about = template.get("metadata")
    metadata = {
        key: value
        for key, value in (about if isinstance(about, dict) else {}).items()
        if key in ("labels", "annotations") and isinstance(value, dict)
    }
    return {"metadata": metadata, "spec": spec}
