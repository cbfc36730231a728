"""The rule over fields that the project's Kubernetes version knows but has switched off."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod

Version = tuple[int, int]
# The version from which on a field works without a feature gate; schemas know it earlier.
_POD: tuple[tuple[str, Version], ...] = (("resources", (1, 34)), ("hostnameOverride", (1, 35)))
_CONTAINER: tuple[tuple[str, Version], ...] = (("restartPolicyRules", (1, 35)),)
_IMAGE_VOLUME: Version = (1, 35)
_ENV_FILE: Version = (1, 35)
_TOLERANCE: Version = (1, 35)
_LAST = max(_IMAGE_VOLUME, _ENV_FILE, _TOLERANCE, *(since for _, since in (*_POD, *_CONTAINER)))


def kubernetes_version(scene: Scene) -> Iterator[Finding]:
    """A field that the project's Kubernetes version ignores, because its feature is off by default there.

    Why: The schema of the version has the field, but the API server drops it without a message: pod-level `resources`
    before 1.34; `hostnameOverride`, `restartPolicyRules`, image volumes, `fileKeyRef` and an autoscaler's `tolerance`
    before 1.35.
    Fix: wait for that version (`versions.kubernetes` in rollspec.yaml), or ignore the warning if the cluster has the
    feature gate on.
    Source: Kubernetes `pkg/features/kube_features.go`.
    """
    if scene.kubernetes >= _LAST:
        return
    for pod in scene.index.pods:
        for pointer, field, since in _too_new(pod):
            if scene.kubernetes < since:
                yield Finding("kubernetes-version", _message(field, since, scene), pointer, pod.manifest, "warning")
    for manifest in scene.of("HorizontalPodAutoscaler"):
        behavior = (manifest.data.get("spec") or {}).get("behavior") or {}
        for side, policy in behavior.items():
            if "tolerance" in (policy or {}) and scene.kubernetes < _TOLERANCE:
                pointer = f"/spec/behavior/{side}/tolerance"
                yield Finding(
                    "kubernetes-version", _message("tolerance", _TOLERANCE, scene), pointer, manifest, "warning"
                )


def _message(field: str, since: Version, scene: Scene) -> str:
    there, here = (".".join(map(str, version)) for version in (since, scene.kubernetes))
    return f"{field} works from Kubernetes {there} on; {here} drops it, unless its feature gate is on"


def _too_new(pod: Pod) -> Iterator[tuple[str, str, Version]]:
    for field, since in _POD:
        if field in pod.spec:
            yield f"{pod.pointer}/spec/{field}", field, since
    for number, volume in enumerate(pod.spec.get("volumes") or ()):
        if "image" in volume:
            yield f"{pod.pointer}/spec/volumes/{number}/image", "an image volume", _IMAGE_VOLUME
    for pointer, container in pod.every:
        for field, since in _CONTAINER:
            if field in container:
                yield f"{pointer}/{field}", field, since
        for number, entry in enumerate(container.get("env") or ()):
            if "valueFrom" in entry and "fileKeyRef" in (entry["valueFrom"] or {}):
                yield f"{pointer}/env/{number}/valueFrom/fileKeyRef", "fileKeyRef", _ENV_FILE
