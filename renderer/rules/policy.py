"""What an environment's policy allows in pods: the overlay's word, which no spec, patch or template gets around."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from renderer.plain import escape
from renderer.rules.finding import Finding, Scene

# `container` is how Argo Workflows names a single one.
_CONTAINERS = frozenset(("containers", "initContainers", "ephemeralContainers", "container"))


def policy_images(scene: Scene) -> Iterator[Finding]:
    """The overlay's `policy.images` lists the image repositories that are allowed, `policy.digests` wants digests.

    Every container and image volume of what is rendered counts, whatever brought it: the spec, a patch, a template, a
    manifest that the app takes along; in objects of every kind, also in an AnalysisTemplate's job.
    Source: `policy` of the overlay.
    Do: take an image that is allowed, by its digest (`tag: 1.4.2@sha256:...`), or have the policy changed.
    """
    allowed, digests = scene.policy.get("images"), scene.policy.get("digests")
    if allowed is None and not digests:
        return
    for manifest in scene.manifests:
        for at, image in _images(manifest.data, ""):
            repository = repository_of(image)
            if allowed is not None and not any(fnmatchcase(repository, pattern) for pattern in allowed):
                message = f"`{repository}` is not among the images that the overlay's policy allows"
                yield Finding("policy-images", message, at, manifest)
            if digests and "@sha256:" not in image:
                message = f"the overlay's policy wants a digest: {image}@sha256:..."
                yield Finding("policy-images", message, at, manifest, tag_of=image)


def repository_of(image: str) -> str:
    """An image reference without its tag and digest."""
    name = image.partition("@")[0]
    host, slash, rest = name.rpartition("/")
    return f"{host}{slash}{rest.partition(':')[0]}"


def _images(value: Any, at: str, key: str = "") -> Iterator[tuple[str, str]]:
    """Each image reference in `value`, with its pointer; `key` is the field that holds it, or the list it is in."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _images(item, f"{at}/{number}", key)
    elif isinstance(value, dict):
        image = value.get("image")
        if key in _CONTAINERS and isinstance(image, str):
            yield f"{at}/image", image
        elif key == "volumes" and isinstance(image, dict) and isinstance(image.get("reference"), str):
            yield f"{at}/image/reference", image["reference"]
        for name, inside in value.items():
            if isinstance(inside, dict | list):
                yield from _images(inside, f"{at}/{escape(str(name))}", str(name))
