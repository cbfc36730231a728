"""Rule over what a PersistentVolumeClaim needs, wherever one is written."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Manifest, Object
from renderer.plain import mapping, mappings
from renderer.rules.finding import Finding, Scene


def claim_form(scene: Scene) -> Iterator[Finding]:
    """A PersistentVolumeClaim without `accessModes` or storage, or one that mixes ReadWriteOncePod with others.

    The rule looks at claims, at the `ephemeral` volumes of pods, and at the `volumeClaimTemplates` of a StatefulSet.

    Why: The API server refuses the claim, or the pods that would get one.
    Fix: give `accessModes: [ReadWriteOnce]` and `resources: {requests: {storage: 1Gi}}`.
    Source: API server (`at least 1 access mode is required`, `resources[storage]: Required value`).
    """
    for manifest, pointer, spec in _claim_specs(scene):
        modes = spec.get("accessModes") or ()
        if not modes:
            message = "a volume claim needs accessModes, such as [ReadWriteOnce]"
            yield Finding("claim-form", message, pointer, manifest)
        if len(modes) > 1 and "ReadWriteOncePod" in modes:
            message = "ReadWriteOncePod cannot be combined with other access modes: keep one"
            yield Finding("claim-form", message, f"{pointer}/accessModes", manifest)
        if mapping(mapping(spec.get("resources")).get("requests")).get("storage") is None:
            message = "a volume claim says how much storage it needs: add resources: {requests: {storage: 1Gi}}"
            yield Finding("claim-form", message, pointer, manifest)


def _claim_specs(scene: Scene) -> Iterator[tuple[Manifest, str, Object]]:
    for claim in scene.of("PersistentVolumeClaim"):
        yield claim, "/spec", mapping(claim.data.get("spec"))
    for manifest in scene.of("StatefulSet"):
        for number, template in enumerate(mappings(mapping(manifest.data.get("spec")).get("volumeClaimTemplates"))):
            yield manifest, f"/spec/volumeClaimTemplates/{number}/spec", mapping(template.get("spec"))
    for pod in scene.index.pods:
        for number, volume in enumerate(pod.spec.get("volumes") or ()):
            if "ephemeral" in volume:
                template = mapping(mapping(volume["ephemeral"]).get("volumeClaimTemplate"))
                pointer = f"{pod.pointer}/spec/volumes/{number}/ephemeral/volumeClaimTemplate/spec"
                yield pod.manifest, pointer, mapping(template.get("spec"))
