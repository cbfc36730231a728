"""Rule over what a PersistentVolumeClaim needs, wherever one is written."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Manifest, Object
from renderer.plain import mapping, mappings
from renderer.rules.finding import Finding, Scene

_SOURCES = ("dataSource", "dataSourceRef")
_CLAIM = "PersistentVolumeClaim"
_SNAPSHOTS = "snapshot.storage.k8s.io"


def claim_form(scene: Scene) -> Iterator[Finding]:
    """A PersistentVolumeClaim without `accessModes` or storage, one that mixes ReadWriteOncePod with others, or one
    with a `dataSource` that Kubernetes takes no notice of.

    The rule looks at claims, at the `ephemeral` volumes of pods, and at the `volumeClaimTemplates` of a StatefulSet.

    Why: The API server refuses the claim, or the pods that would get one. It drops a `dataSource` of a VolumeSnapshot
    without `apiGroup`, without a word: the volume is empty.
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
        for field, message in _sources(spec):
            yield Finding("claim-form", message, f"{pointer}/{field}", manifest)


def _sources(spec: Object) -> Iterator[tuple[str, str]]:
    """What a claim is to be a copy of, where Kubernetes takes no notice of it, or refuses it."""
    for field in _SOURCES:
        source = mapping(spec.get(field))
        kind, group = source.get("kind"), source.get("apiGroup")
        if not source or (kind == _CLAIM and not group) or (kind != _CLAIM and group):
            continue
        if kind == _CLAIM:
            yield f"{field}/apiGroup", f"a {_CLAIM} has no apiGroup {group}: remove it, or the volume is empty"
        else:
            wanted = _SNAPSHOTS if kind == "VolumeSnapshot" else "the group of its API"
            yield field, f"without apiGroup nothing is copied from {kind} {source.get('name')}: add apiGroup: {wanted}"
    one, other = (spec.get(field) for field in _SOURCES)
    if one and other and one != other:
        yield _SOURCES[0], "dataSource and dataSourceRef are not the same: keep dataSourceRef"


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
