"""Rule over the devices that a pod claims, and the containers that use them."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.plain import mapping, mappings
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod

NEEDS = ("resources", "resourceClaims")  # the fields that it looks at
_SOURCES = ("resourceClaimName", "resourceClaimTemplateName")


def resource_claims(scene: Scene) -> Iterator[Finding]:
    """A container that uses a claim of devices which its pod does not have, or a claim that names no object or two.

    Why: The API server refuses the pod template, so a new version starts no pods.
    Fix: list the claim under the pod's `resourceClaims`, with one of `resourceClaimTemplateName` (a claim for each pod)
    and `resourceClaimName` (one that all pods share).
    Source: API server (`must be one of the names in pod.spec.resourceClaims`, `must specify one of: resourceClaimName,
    resourceClaimTemplateName`).
    """
    for pod in scene.index.pods:
        for pointer, message in _problems(pod):
            yield Finding("resource-claims", message, pointer, pod.manifest)


def _problems(pod: Pod) -> Iterator[tuple[str, str]]:
    names: dict[str, None] = {}
    for number, claim in enumerate(mappings(pod.spec.get("resourceClaims"))):
        pointer, name = f"{pod.pointer}/spec/resourceClaims/{number}", str(claim.get("name"))
        if name in names:
            yield f"{pointer}/name", f"two claims have the name {name}: give each its own"
        names[name] = None
        given = [field for field in _SOURCES if field in claim]
        if len(given) != 1:
            yield pointer, f"the claim {name} needs exactly one of {' and '.join(_SOURCES)}"
    for above, container in pod.every:
        used: dict[str, set[object]] = {}  # the requests of each claim; a use without one takes all of them
        for number, claim in enumerate(mappings(mapping(container.get("resources")).get("claims"))):
            pointer, name, request = f"{above}/resources/claims/{number}", str(claim.get("name")), claim.get("request")
            if name not in names:
                has = ", ".join(names) or "none"
                yield pointer, f"the pod has no claim {name} (it has {has}): add it to the pod's resourceClaims"
            known = used.setdefault(name, set())
            if known and (request in known or not request or None in known):
                yield pointer, f"the container uses the claim {name} twice: remove one, or name a request in each"
            known.add(request or None)
