"""What an environment's policy allows in pods: the overlay's word, which no spec, patch or template gets around."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from renderer.rules.finding import Finding, Scene


def policy_images(scene: Scene) -> Iterator[Finding]:
    """The overlay's `policy.images` lists the image repositories that are allowed, `policy.digests` wants digests.

    Every container of what is rendered counts, whatever brought it: the spec, a patch, a template, a manifest that the
    app takes along.
    Source: `policy` of the overlay.
    Do: take an image that is allowed, by its digest (`tag: 1.4.2@sha256:...`), or have the policy changed.
    """
    allowed, digests = scene.policy.get("images"), scene.policy.get("digests")
    if allowed is None and not digests:
        return
    for pod in scene.index.pods:
        for at, container in pod.every:
            image = str(container.get("image", ""))
            repository = repository_of(image)
            if allowed is not None and not any(fnmatchcase(repository, pattern) for pattern in allowed):
                message = f"`{repository}` is not among the images that the overlay's policy allows"
                yield Finding("policy-images", message, f"{at}/image", pod.manifest)
            if digests and "@sha256:" not in image:
                message = f"the overlay's policy wants a digest: {image}@sha256:..."
                yield Finding("policy-images", message, f"{at}/image", pod.manifest)


def repository_of(image: str) -> str:
    """An image reference without its tag and digest."""
    name = image.partition("@")[0]
    host, slash, rest = name.rpartition("/")
    return f"{host}{slash}{rest.partition(':')[0]}"
