"""Rules over containers: that a pod has any, their names, image, ports, resources."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache

from renderer.manifest import Manifest, Object
from renderer.plain import escape
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod
from renderer.rules.quantity import quantity
from renderer.rules.syntax import is_dns_label, is_port_name, is_qualified_name

_IMAGE = re.compile(
    r"(?:[a-zA-Z0-9.-]+(?::\d+)?/|\[[0-9a-fA-F:]+\](?::\d+)?/)?"
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}))?",
    re.ASCII,
).fullmatch
_POD_RESOURCES = frozenset({"cpu", "memory"})
_CONTAINER_RESOURCES = _POD_RESOURCES | {"ephemeral-storage"}
_FREE_OF_LIMITS = frozenset({"cpu", "memory", "ephemeral-storage", "storage"})


def list_keys(scene: Scene) -> Iterator[Finding]:
    """Two entries with one key in a list that Kubernetes reads as a map.

    Containers (with init containers) by name, environment variables by name, container ports by number and protocol
    and by name, volume mounts by path, volumes by name, topology spread constraints by key and action.
    Source: API server (`Duplicate value`; server-side apply: `x-kubernetes-list-map-keys`). For environment variables
    a plain apply keeps the last one in silence, and server-side apply refuses.
    Do: keep one. A JSON 6902 patch that adds to a list does not look whether the entry is there; a strategic merge
    patch does.
    """
    for pod in scene.index.pods:
        every = pod.every
        if len(every) > 1:
            names = [container.get("name") for _, container in every]
            if len(set(names)) < len(names):
                for number in _again(names):
                    yield _twice(pod.manifest, every[number][0], f"two containers have the name {names[number]}")
        for at, container in every:
            yield from _container_keys(pod.manifest, at, container)
        volumes = pod.spec.get("volumes")
        if volumes and len(volumes) > 1:
            yield from _once(
                pod.manifest, pod.at + "/spec/volumes", [v.get("name") for v in volumes], "volumes are named"
            )
        spread = pod.spec.get("topologySpreadConstraints")
        if spread and len(spread) > 1:
            keys = [(c.get("topologyKey"), c.get("whenUnsatisfiable")) for c in spread]
            yield from _once(pod.manifest, pod.at + "/spec/topologySpreadConstraints", keys, "constraints are for")


def _container_keys(manifest: Manifest, at: str, container: Object) -> Iterator[Finding]:
    env = container.get("env")
    if env and len(env) > 1:
        yield from _once(manifest, at + "/env", [e.get("name") for e in env], "environment variables are named")
    ports = container.get("ports")
    if ports and len(ports) > 1:
        numbers = [(p.get("containerPort"), p.get("protocol", "TCP")) for p in ports]
        yield from _once(manifest, at + "/ports", numbers, "container ports are")
        names = [p.get("name") or number for number, p in enumerate(ports)]  # those without a name differ
        yield from _once(manifest, at + "/ports", names, "container ports are named")
    mounts = container.get("volumeMounts")
    if mounts and len(mounts) > 1:
        yield from _once(manifest, at + "/volumeMounts", [m.get("mountPath") for m in mounts], "volumes are mounted at")


def _once(manifest: Manifest, at: str, keys: Sequence[Hashable], what: str) -> Iterator[Finding]:
    if len(set(keys)) == len(keys):
        return
    for number in _again(keys):
        key = keys[number]
        text = "/".join(map(str, key)) if isinstance(key, tuple) else key
        yield _twice(manifest, f"{at}/{number}", f"two {what} {text}")


def _again(keys: Sequence[Hashable]) -> list[int]:
    return [number for number, key in enumerate(keys) if key in keys[:number]]


def _twice(manifest: Manifest, at: str, message: str) -> Finding:
    return Finding("list-keys", message, at, manifest)


def containers_missing(scene: Scene) -> Iterator[Finding]:
    """Pods without a container: `containers` is empty, or not there.

    Init containers alone make no pod.
    Source: API server (`spec.template.spec.containers: Required value`).
    Do: give a container; a patch that takes one away leaves the others.
    """
    for pod in scene.index.pods:
        if not pod.containers:
            at = f"{pod.at}/spec/containers" if pod.spec else f"{pod.at}/spec"
            yield Finding("containers-missing", "the pods have no container", at, pod.manifest)


def container_names(scene: Scene) -> Iterator[Finding]:
    """A container or volume whose name is no DNS label: at most 63 of `a-z`, `0-9` and `-`, alphanumeric at both ends.

    Source: API server (`a lowercase RFC 1123 label must consist of ...`).
    Do: rename it.
    """
    for pod in scene.index.pods:
        for at, container in pod.every:
            if not is_dns_label(container.get("name", "")):
                yield _name(pod, at, container.get("name", ""))
        for number, volume in enumerate(pod.spec.get("volumes") or ()):
            if not is_dns_label(volume.get("name", "")):
                yield _name(pod, f"{pod.at}/spec/volumes/{number}", volume.get("name", ""))


def _name(pod: Pod, at: str, name: str) -> Finding:
    message = f"{name!r} is no DNS label: at most 63 of a-z, 0-9 and -, alphanumeric at both ends"
    return Finding("container-names", message, at + "/name", pod.manifest)


@lru_cache(maxsize=4096)
def _image(reference: str) -> tuple[bool, str, str]:
    match = _IMAGE(reference)
    return (True, match["tag"] or "", match["digest"] or "") if match else (False, "", "")


def image_reference(scene: Scene) -> Iterator[Finding]:
    """An image that is no image reference: empty, with blanks, upper case in the repository, a broken tag or digest.

    The API server takes most of these; the kubelet then cannot start the pod (`InvalidImageName`).
    Source: the reference grammar of distribution, which the container runtimes use.
    Do: write `registry/repository:tag`, the repository in lower case, a digest as `@sha256:` and 64 hexadecimal
    digits.
    """
    for pod in scene.index.pods:
        for at, container in pod.every:
            image = container.get("image", "")
            if not _image(image)[0]:
                message = (
                    f"{image!r} is no image reference: registry/repository, in lower case, :tag, @sha256:digest"
                    if image
                    else "no image"
                )
                yield Finding("image-reference", message, at + "/image" if image else at, pod.manifest)


def image_tag(scene: Scene) -> Iterator[Finding]:
    """Warning: an image without a tag or digest, or with the tag `latest`.

    Which version runs is then decided by the moment at which a node pulls; a rollback gives the same image again.
    Source: kube-score `container-image-tag`, kube-linter `latest-tag`, polaris `tagNotSpecified`.
    Do: name the version.
    """
    for pod in scene.index.pods:
        for at, container in pod.every:
            image = container.get("image", "")
            valid, tag, digest = _image(image)
            if valid and not digest and tag in ("", "latest"):
                message = f"{image} has {'the tag latest' if tag else 'no tag'}: which version runs is left to chance"
                yield Finding("image-tag", message, at + "/image", pod.manifest, "warning", tag_of=image)


def container_ports(scene: Scene) -> Iterator[Finding]:
    """A container port whose name or number Kubernetes refuses, or a host port that differs under `hostNetwork`.

    Names: at most 15 of `a-z`, `0-9` and `-`, at least one letter, no dash at an end or doubled. Numbers: 1 to 65535.
    Source: API server (`IsValidPortName`, `must match containerPort when hostNetwork is true`).
    Do: rename or renumber it.
    """
    for pod in scene.index.pods:
        for at, container in pod.every:
            for number, port in enumerate(container.get("ports") or ()):
                where, name = f"{at}/ports/{number}", port.get("name")
                if name and not is_port_name(name):
                    message = f"{name!r} is no port name: at most 15 of a-z, 0-9 and single -, with a letter"
                    yield _port(pod, where + "/name", message)
                inside, outside = port.get("containerPort", 0), port.get("hostPort")
                if not 0 < inside < 65536:
                    yield _port(pod, where, f"containerPort {inside} is not between 1 and 65535")
                if outside and outside != inside and pod.spec.get("hostNetwork"):
                    yield _port(pod, where + "/hostPort", "with hostNetwork, hostPort must be the containerPort")


def _port(pod: Pod, at: str, message: str) -> Finding:
    return Finding("container-ports", message, at, pod.manifest)


def resource_names(scene: Scene) -> Iterator[Finding]:
    """A resource that no container can ask for: none of Kubernetes' own, and without a domain before its name.

    Kubernetes' own are `cpu`, `memory`, `ephemeral-storage` and `hugepages-<size>`; a whole pod's `resources` take all
    of these but `ephemeral-storage`, and no others.
    Source: API server (`must be a standard resource for containers`, `doesn't follow extended resource name standard`,
    `Unsupported value` for a pod's).
    Do: mend the name; what a device plugin gives has a domain: `nvidia.com/gpu`.
    """
    for pod in scene.index.pods:
        for at, container in pod.every:
            for where, name in _resource_names(at, container):
                if not _is_container_resource(name):
                    own = "cpu, memory, ephemeral-storage, hugepages-<size>"
                    message = f"{name!r} is no resource of a container: {own}, or <domain>/<name>"
                    yield Finding("resource-names", message, where, pod.manifest)
        for where, name in _resource_names(pod.at + "/spec", pod.spec):
            if name not in _POD_RESOURCES and not _is_huge_pages(name):
                message = f"{name!r} is no resource of a whole pod: cpu, memory, hugepages-<size>"
                yield Finding("resource-names", message, where, pod.manifest)


def _resource_names(at: str, holder: Object) -> Iterator[tuple[str, str]]:
    resources = holder.get("resources") or {}
    for side in ("requests", "limits"):
        for name in resources.get(side) or ():
            yield f"{at}/resources/{side}/{escape(name)}", name


def _is_container_resource(name: str) -> bool:
    if "/" not in name:
        return name in _CONTAINER_RESOURCES or _is_huge_pages(name)
    if "kubernetes.io/" in name:
        return is_qualified_name(name)
    return not name.startswith("requests.") and is_qualified_name(f"requests.{name}")


def _is_huge_pages(name: str) -> bool:
    size = quantity(name.removeprefix("hugepages-")) if name.startswith("hugepages-") else None
    return size is not None and size > 0


def requests_within_limits(scene: Scene) -> Iterator[Finding]:
    """A request that is greater than its limit, a quantity that is none, or an extended resource whose two differ.

    Everything but cpu, memory and ephemeral-storage cannot be overcommitted: request and limit are the same.
    Source: API server (`must be less than or equal to memory limit of ...`, `must be equal to ...`).
    Do: raise the limit or lower the request; an overlay that changes one has to look at the other.
    """
    for pod in scene.index.pods:
        for at, container in pod.every:
            if "resources" in container:
                yield from _resources(pod.manifest, at, container["resources"] or {})
        if "resources" in pod.spec:
            yield from _resources(pod.manifest, pod.at + "/spec", pod.spec["resources"] or {})


def _resources(manifest: Manifest, at: str, resources: Object) -> Iterator[Finding]:
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    for side, values in (("requests", requests), ("limits", limits)):
        for name, value in values.items():
            parsed = quantity(value)
            if parsed is None or parsed < 0:
                yield _resource(manifest, at, side, name, f"{value!r} is no quantity of {name}: write 500m, 1.5, 256Mi")
    for name, request in requests.items():
        if name not in limits:
            continue
        asked, limit = quantity(request), quantity(limits[name])
        if asked is None or limit is None:
            continue
        if asked > limit:
            message = f"the request of {name} ({request}) is more than its limit ({limits[name]})"
            yield _resource(manifest, at, "requests", name, message)
        elif asked < limit and name not in _FREE_OF_LIMITS:
            message = (
                f"the request of {name} ({request}) must equal its limit ({limits[name]}): it cannot be overcommitted"
            )
            yield _resource(manifest, at, "requests", name, message)


def _resource(manifest: Manifest, at: str, side: str, name: str, message: str) -> Finding:
    return Finding("requests-within-limits", message, f"{at}/resources/{side}/{escape(name)}", manifest)
