"""Rules over Jobs that Argo CD applies: what they wait for, and what makes them run again."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.hooks import hooks_of, wave_of
from renderer.manifest import Manifest
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod

_PHASES = {"PreSync": 0, "Sync": 1, "PostSync": 2}
_SYNC = 1  # the phase of an object that is not a hook
_OF_VOLUME = (
    ("configMap", "name", "ConfigMap"),
    ("secret", "secretName", "Secret"),
    ("persistentVolumeClaim", "claimName", "PersistentVolumeClaim"),
)


def job_waits(scene: Scene) -> Iterator[Finding]:
    """A Job, or a Pod that is a hook, that needs an object which Argo CD creates only after it.

    The object must be in the same render. Objects that are in the cluster already are not checked, nor are `optional`
    references. Jobs in the wave of the workload are not checked either: nothing waits for them.

    Why: Argo CD waits until everything in one wave is healthy before it applies the next one, and a PreSync hook comes
    before every wave. The Job cannot start without the object, so the sync waits forever. On a cluster that has the
    object from an earlier sync it works, until the object is renamed or the app moves.
    Fix: give the object an earlier sync wave; or make a hook a job without `hook`, which runs after objects with an
    earlier wave; or do not use the object in the Job.
    Source: Argo CD (phases and waves of a sync); kubelet (`configmap not found`); API server (`serviceaccount not
    found`).
    """
    jobs = [pod for pod in scene.index.pods if pod.kind == "Job" or (pod.kind == "Pod" and hooks_of(pod.manifest.data))]
    if not jobs:
        return
    last = _last(scene)
    for pod in jobs:
        when = _when(pod.manifest)
        if when >= last:
            continue
        for pointer, kind, name in needed_objects(pod):
            needed = scene.find(kind, pod.namespace, name) if name else None
            if needed is not None and _when(needed) > when:
                message = (
                    f"it needs {kind} {name}, which Argo CD creates only after it: on a new cluster it never starts"
                )
                yield Finding("job-waits", message, pointer, pod.manifest, "warning")


def job_deleted(scene: Scene) -> Iterator[Finding]:
    """A Job that is not a hook and deletes itself when it has finished.

    Why: Argo CD finds the Job missing, and creates it again where it syncs by itself (`selfHeal`), or at the next sync:
    the Job runs over and over.
    Fix: remove `ttlSecondsAfterFinished`; or make the Job a hook, which Argo CD deletes by its delete policy.
    Source: Argo CD issue 8586 and its documentation of resource hooks; Kubernetes (TTL after finished).
    """
    for manifest in scene.of("Job"):
        if "ttlSecondsAfterFinished" in (manifest.data.get("spec") or {}) and not hooks_of(manifest.data):
            message = "Kubernetes deletes it when it has finished, and Argo CD then creates it again, and it runs again"
            yield Finding("job-deleted", message, "/spec/ttlSecondsAfterFinished", manifest, "note")


def _when(manifest: Manifest) -> tuple[int, int]:
    """The phase and the wave in which Argo CD creates an object."""
    phases = [_PHASES[hook] for hook in hooks_of(manifest.data) if hook in _PHASES]
    return min(phases, default=_SYNC), wave_of(manifest.data)


def _last(scene: Scene) -> tuple[int, int]:
    """When the last workload is created; what comes with it or later holds nothing up."""
    return max((_when(pod.manifest) for pod in scene.index.workloads), default=(_SYNC, 0))


def needed_objects(pod: Pod) -> Iterator[tuple[str, str, str]]:
    """The objects without which the pod does not start: where it names each, its kind and its name."""
    account = pod.spec.get("serviceAccountName")
    if account:
        yield f"{pod.pointer}/spec/serviceAccountName", "ServiceAccount", account
    for number, volume in enumerate(pod.spec.get("volumes") or ()):
        for field, name, kind in _OF_VOLUME:
            source = volume.get(field)
            if source and not source.get("optional"):
                yield f"{pod.pointer}/spec/volumes/{number}", kind, source.get(name, "")
    for pointer, container in pod.every:
        for number, entry in enumerate(container.get("env") or ()):
            source = entry.get("valueFrom") or {}
            for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                ref = source.get(field)
                if ref and not ref.get("optional"):
                    yield f"{pointer}/env/{number}", kind, ref.get("name", "")
        for number, source in enumerate(container.get("envFrom") or ()):
            for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                ref = source.get(field)
                if ref and not ref.get("optional"):
                    yield f"{pointer}/envFrom/{number}", kind, ref.get("name", "")
