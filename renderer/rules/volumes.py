"""Rules over volumes, their mounts, and the keys of ConfigMaps and Secrets that pods read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from renderer.manifest import Manifest, Object
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod

_WITH_ITEMS = ("configMap", "secret", "downwardAPI")


def volume_source(scene: Scene) -> Iterator[Finding]:
    """A volume with several sources, or with none; a file of it that has a path outside it, or shows nothing.

    Why: The API server refuses several sources. A volume with none (a warning) becomes an `emptyDir`, which loses its
    data with the pod. The API server refuses a path that is not below the volume, and a file of `downwardAPI` without
    exactly one of `fieldRef` and `resourceFieldRef`.
    Fix: keep one source. A strategic merge patch that changes it needs `$patch: replace`, or the old one set to null.
    The `path` of a file is relative, without `..`.
    Source: API server (`may not specify more than 1 volume type`, `must be a relative path`, `one of fieldRef and
    resourceFieldRef is required`).
    """
    for pod in scene.index.pods:
        for number, volume in enumerate(pod.spec.get("volumes") or ()):
            for inner, message in _files(volume):
                yield Finding("volume-source", message, f"{pod.pointer}/spec/volumes/{number}{inner}", pod.manifest)
            if len(volume) == 2:
                continue
            pointer, has = f"{pod.pointer}/spec/volumes/{number}", " and ".join(sorted(volume.keys() - {"name"}))
            name = volume.get("name", "")
            if has:
                message = f"the volume {name} needs exactly one source; it has {has}"
                yield Finding("volume-source", message, pointer, pod.manifest)
            else:
                message = f"the volume {name} has no source and becomes an emptyDir: write emptyDir: {{}}"
                yield Finding("volume-source", message, pointer, pod.manifest, "warning")


def _files(volume: Object) -> Iterator[tuple[str, str]]:
    if ".." in ((volume.get("hostPath") or {}).get("path") or "").split("/"):
        yield "/hostPath/path", f"the path {volume['hostPath']['path']} must not have .."
    for kind in _WITH_ITEMS:
        yield from _items(f"/{kind}", kind, volume.get(kind) or {})
    for number, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
        pointer = f"/projected/sources/{number}"
        if len(source) > 1:
            yield pointer, f"an entry of sources has one source, and this one has {' and '.join(sorted(source))}"
        for kind in _WITH_ITEMS:
            yield from _items(f"{pointer}/{kind}", kind, source.get(kind) or {})
        token = source.get("serviceAccountToken") or {}
        if "path" in token and not _is_inside(token["path"]):
            yield f"{pointer}/serviceAccountToken/path", _outside(token["path"])


def _items(pointer: str, kind: str, source: Object) -> Iterator[tuple[str, str]]:
    for number, item in enumerate(source.get("items") or ()):
        if not _is_inside(item.get("path", "")):
            yield f"{pointer}/items/{number}/path", _outside(item.get("path", ""))
        if kind == "downwardAPI" and ("fieldRef" in item) == ("resourceFieldRef" in item):
            message = "a file of downwardAPI needs exactly one of fieldRef and resourceFieldRef"
            yield f"{pointer}/items/{number}", message


def _is_inside(path: str) -> bool:
    return bool(path) and not path.startswith("/") and ".." not in path.split("/")


def _outside(path: str) -> str:
    return f"the path {path!r} must be relative, without '..', and not empty"


def volume_mounts(scene: Scene) -> Iterator[Finding]:
    """A mount or device of a volume that the pod does not have, or a path that Kubernetes refuses.

    Why: The API server refuses the pod template.
    Fix: add the volume under `pod.volumes`, or correct the name. `subPath` is relative and stays inside the volume; use
    only one of `subPath` and `subPathExpr`; `mountPath` has no `:`. `mountPropagation: Bidirectional` needs a
    privileged container, and `recursiveReadOnly` needs `readOnly: true`.
    Source: API server (`Not found`, `must be a relative path`, `must not contain '..'`, `must not contain ':'`,
    `Bidirectional mount propagation is available only to privileged containers`).
    """
    for pod in scene.index.pods:
        names: set[str] | None = None
        for pointer, container in pod.every:
            mounts, devices = container.get("volumeMounts"), container.get("volumeDevices")
            if not mounts and not devices:
                continue
            if names is None:
                names = {volume.get("name", "") for volume in pod.spec.get("volumes") or ()}
                names.update(_claimed(pod))
            yield from _mounts(pod, pointer + "/volumeMounts/", mounts or (), names)
            yield from _mounts(pod, pointer + "/volumeDevices/", devices or (), names)
            yield from _modes(pod, pointer, container)


def _claimed(pod: Pod) -> Iterator[str]:
    if pod.kind == "StatefulSet":
        for claim in pod.manifest.data["spec"].get("volumeClaimTemplates") or ():
            yield (claim.get("metadata") or {}).get("name", "")


def _mounts(pod: Pod, pointer: str, mounts: Iterable[Object], names: set[str]) -> Iterator[Finding]:
    for number, mount in enumerate(mounts):
        if mount.get("name") not in names:
            has = ", ".join(sorted(names)) or "none"
            yield _mount(pod, f"{pointer}{number}/name", f"the pod has no volume {mount.get('name')} (it has {has})")
        if ":" in mount.get("mountPath", ""):
            yield _mount(pod, f"{pointer}{number}/mountPath", f"mountPath {mount['mountPath']} must not contain ':'")
        for key in ("subPath", "subPathExpr"):
            path = mount.get(key)
            if path and (path.startswith("/") or ".." in path.split("/")):
                yield _mount(pod, f"{pointer}{number}/{key}", f"{key} {path} must be relative, without '..'")
        if mount.get("subPath") and mount.get("subPathExpr"):
            yield _mount(pod, f"{pointer}{number}", "subPath and subPathExpr cannot be used together")


def _modes(pod: Pod, pointer: str, container: Object) -> Iterator[Finding]:
    privileged = (container.get("securityContext") or {}).get("privileged") is True
    for number, mount in enumerate(container.get("volumeMounts") or ()):
        if mount.get("mountPropagation") == "Bidirectional" and not privileged:
            message = "mountPropagation Bidirectional needs a privileged container: HostToContainer needs none"
            yield _mount(pod, f"{pointer}/volumeMounts/{number}/mountPropagation", message)
        if mount.get("recursiveReadOnly", "Disabled") != "Disabled" and mount.get("readOnly") is not True:
            message = "recursiveReadOnly needs readOnly: true, too"
            yield _mount(pod, f"{pointer}/volumeMounts/{number}/recursiveReadOnly", message)


def _mount(pod: Pod, pointer: str, message: str) -> Finding:
    return Finding("volume-mounts", message, pointer, pod.manifest)


def volume_unused(scene: Scene) -> Iterator[Finding]:
    """A volume that no container mounts.

    Why: The kubelet still sets it up before the pod starts, so a missing ConfigMap or claim keeps the pod from
    starting.
    Fix: mount it, or remove it.
    Source: Kubernetes (the kubelet sets up every volume of a pod).
    """
    for pod in scene.index.pods:
        volumes = pod.spec.get("volumes")
        if not volumes:
            continue
        used = {
            m.get("name")
            for _, c in pod.every
            for m in (*(c.get("volumeMounts") or ()), *(c.get("volumeDevices") or ()))
        }
        for number, volume in enumerate(volumes):
            if volume.get("name") not in used:
                message = f"no container mounts the volume {volume.get('name')}: mount it, or remove it"
                yield Finding("volume-unused", message, f"{pod.pointer}/spec/volumes/{number}", pod.manifest, "warning")


def config_keys(scene: Scene) -> Iterator[Finding]:
    """A reference to a key that a ConfigMap or Secret of this render does not have.

    Objects that are not rendered here are in the cluster and are not checked. An `optional` reference may be missing.

    Why: The pod stays in `CreateContainerConfigError`, or waits for its volume, so the release hangs.
    Fix: add the key, or correct its name.
    Source: kubelet (`couldn't find key`, `references non-existent config key`).
    """
    if not (scene.resources or "ConfigMap" in scene.index.kinds or "Secret" in scene.index.kinds):
        return
    for pod in scene.index.pods:
        for pointer, kind, name, keys in _references(pod):
            known = _keys(scene.find(kind, pod.namespace, name))
            if known is None:
                continue
            for key in keys:
                if key not in known:
                    has = ", ".join(sorted(known)) or "none"
                    message = f"the {kind} {name} has no key {key} (it has {has})"
                    yield Finding("config-keys", message, pointer, pod.manifest)


def _references(pod: Pod) -> Iterator[tuple[str, str, str, list[str]]]:
    for pointer, container in pod.every:
        for number, entry in enumerate(container.get("env") or ()):
            source = entry.get("valueFrom")
            for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")) if source else ():
                ref = source.get(field)
                if ref and not ref.get("optional"):
                    yield f"{pointer}/env/{number}/valueFrom/{field}", kind, ref.get("name", ""), [ref.get("key", "")]
    for number, volume in enumerate(pod.spec.get("volumes") or ()):
        for field, kind, name in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
            source = volume.get(field)
            if source and source.get("items") and not source.get("optional"):
                keys = [item.get("key", "") for item in source["items"]]
                yield f"{pod.pointer}/spec/volumes/{number}/{field}/items", kind, source.get(name, ""), keys


def _keys(manifest: Manifest | None) -> set[str] | None:
    if manifest is None:
        return None
    data = manifest.data
    return {key for field in ("data", "binaryData", "stringData") for key in data.get(field) or ()}
