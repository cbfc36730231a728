"""What an environment's policy allows in pods: the overlay's word, which no spec, patch or template gets around."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from renderer.plain import escape
from renderer.rules.finding import Finding, Scene
from renderer.rules.images import repository_of

# `container` is how Argo Workflows names a single one.
_CONTAINERS = frozenset(("containers", "initContainers", "ephemeralContainers", "container"))


def policy_images(scene: Scene) -> Iterator[Finding]:
    """An image that the overlay's policy does not allow, or without the digest that it requires.

    The rule looks at every container and image volume of every rendered object, whether it comes from the spec, a
    patch, a template or an extra manifest; also in a job of an AnalysisTemplate.

    Why: The platform team decides which repositories may run in an environment, and whether a tag may be moved to
    another image.
    Fix: use an allowed image, with its digest (`tag: 1.4.2@sha256:...`), or ask for a change of the policy.
    Source: `policy.images` and `policy.digests` of the overlay.
    """
    allowed, digests = scene.policy.get("images"), scene.policy.get("digests")
    if allowed is None and not digests:
        return
    for manifest in scene.manifests:
        for pointer, image in _images(manifest.data, ""):
            repository = repository_of(image)
            if allowed is not None and not any(fnmatchcase(repository, pattern) for pattern in allowed):
                message = f"`{repository}` is not among the images that the overlay's policy allows"
                yield Finding("policy-images", message, pointer, manifest, policy="images")
            if digests and "@sha256:" not in image:
                message = f"the overlay's policy requires a digest: {image}@sha256:..."
                yield Finding("policy-images", message, pointer, manifest, tag_of=image, policy="digests")


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
