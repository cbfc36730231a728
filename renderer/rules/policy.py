"""What an environment's policy allows in pods: the overlay's word, which no spec, patch or template gets around."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from renderer.manifest import Manifest
from renderer.plain import below, escape, lookup
from renderer.rules.finding import Finding, Scene
from renderer.rules.images import repository_of
from renderer.rules.templates_within import pods_within
from renderer.rules.workflows import is_workflow, unseen_of_workflow

# Argo Workflows has `container`, `script` and `sidecars`; Tekton has `steps`, `stepTemplate` and `sidecars`.
_CONTAINERS = frozenset(
    (
        *("containers", "initContainers", "ephemeralContainers", "container", "script", "sidecars"),
        *("steps", "stepTemplate"),
    )
)
_MESH_IMAGE = "sidecar.istio.io/proxyImage"  # the annotation of a pod that chooses the image of Istio's proxy


def policy_images(scene: Scene) -> Iterator[Finding]:
    """An image that the overlay's policy does not allow, or without the digest that it requires.

    The rule looks at every container and image volume of every rendered object, whether it comes from the spec, a
    patch, a template or an extra manifest; also in a job of an AnalysisTemplate, in a script or a sidecar of an Argo
    Workflow, and in the annotation `sidecar.istio.io/proxyImage` of a pod. A `podSpecPatch` that may set an image is a
    warning, since it is text.

    Why: The platform team decides which repositories may run in an environment, and whether a tag may be moved to
    another image.
    Fix: use an allowed image, with its digest (`tag: 1.4.2@sha256:...`), or ask for a change of the policy.
    Source: `policy.images` and `policy.digests` of the overlay.
    """
    allowed, digests = scene.policy.get("images"), bool(scene.policy.get("digests"))
    if allowed is None and not digests:
        return
    for manifest, pointer, image in (*_of_containers(scene), *_of_mesh(scene)):
        repository = repository_of(image)
        if allowed is not None and not any(fnmatchcase(repository, pattern) for pattern in allowed):
            message = f"`{repository}` is not among the images that the overlay's policy allows"
            yield Finding("policy-images", message, pointer, manifest, policy="images")
        if digests and "@sha256:" not in image:
            message = f"the overlay's policy requires a digest: {image}@sha256:..."
            yield Finding("policy-images", message, pointer, manifest, tag_of=image, policy="digests")
    for manifest, pointer in _patched_workflows(scene):
        message = "the images of podSpecPatch are not checked, since it is text: name the image in the template"
        reason = "images" if allowed is not None else "digests"
        yield Finding("policy-images", message, pointer, manifest, "warning", policy=reason)


def _of_containers(scene: Scene) -> Iterator[tuple[Manifest, str, str]]:
    for manifest in scene.manifests:
        yield from ((manifest, *found) for found in _images(manifest.data, ""))


def _of_mesh(scene: Scene) -> Iterator[tuple[Manifest, str, str]]:
    """The images of Istio's proxy that annotations of pods choose."""
    for pod in pods_within(scene):
        image = pod.annotations.get(_MESH_IMAGE)
        if isinstance(image, str):
            yield pod.manifest, below(f"{pod.pointer}/metadata/annotations", _MESH_IMAGE), image


def _patched_workflows(scene: Scene) -> Iterator[tuple[Manifest, str]]:
    """The texts of workflows that may set an image."""
    for manifest in filter(is_workflow, scene.manifests):
        for pointer, name in unseen_of_workflow(manifest):
            text = str(lookup(manifest.data, pointer))
            if name == "podSpecPatch" and ("image" in text or text.startswith("{{")):
                yield manifest, pointer


def _images(value: Any, pointer: str, key: str = "") -> Iterator[tuple[str, str]]:
    """Each image reference in `value`, with its pointer; `key` is the field that holds it, or the list it is in."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _images(item, f"{pointer}/{number}", key)
    elif isinstance(value, dict):
        image = value.get("image")
        if key in _CONTAINERS and isinstance(image, str):
            yield f"{pointer}/image", image
        elif key == "volumes" and isinstance(image, dict) and isinstance(image.get("reference"), str):
            yield f"{pointer}/image/reference", image["reference"]
        for name, inside in value.items():
            if isinstance(inside, dict | list):
                yield from _images(inside, f"{pointer}/{escape(str(name))}", str(name))
