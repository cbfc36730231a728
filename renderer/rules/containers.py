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
_POD_RESOURCES = ("cpu", "memory")
_SIDES = ("requests", "limits")
_CONTAINER_RESOURCES = frozenset({*_POD_RESOURCES, "ephemeral-storage"})
_FREE_OF_LIMITS = frozenset({"cpu", "memory", "ephemeral-storage", "storage"})


def list_keys(scene: Scene) -> Iterator[Finding]:
    """Two items with the same key in a list that Kubernetes reads as a map.

    The keys are: containers and init containers by name, environment variables by name, container ports by number and
    protocol and by name, volume mounts by path, volumes by name, topology spread constraints by key and action.

    Why: The API server refuses duplicate names of containers, ports and volumes. Of two environment variables with one
    name, client-side apply keeps the last without a message, and server-side apply refuses the object.
    Fix: keep one. A JSON 6902 patch that adds to a list does not check whether the item is already there; a strategic
    merge patch replaces it.
    Source: API server (`Duplicate value`; server-side apply: `x-kubernetes-list-map-keys`).
    """
    for pod in scene.index.pods:
        every = pod.every
        if len(every) > 1:
            names = [container.get("name") for _, container in every]
            for number in _again(names):
                yield _twice(pod.manifest, every[number][0], f"two containers have the name {names[number]}")
        for pointer, container in every:
            yield from _container_keys(pod.manifest, pointer, container)
        volumes = pod.spec.get("volumes")
        if volumes and len(volumes) > 1:
            yield from _once(
                pod.manifest, pod.pointer + "/spec/volumes", [v.get("name") for v in volumes], "volumes are named"
            )
        spread = pod.spec.get("topologySpreadConstraints")
        if spread and len(spread) > 1:
            keys = [(c.get("topologyKey"), c.get("whenUnsatisfiable")) for c in spread]
            yield from _once(pod.manifest, pod.pointer + "/spec/topologySpreadConstraints", keys, "constraints are for")


def _container_keys(manifest: Manifest, pointer: str, container: Object) -> Iterator[Finding]:
    env = container.get("env")
    if env and len(env) > 1:
        yield from _once(manifest, pointer + "/env", [e.get("name") for e in env], "environment variables are named")
    ports = container.get("ports")
    if ports and len(ports) > 1:
        numbers = [(p.get("containerPort"), p.get("protocol", "TCP")) for p in ports]
        yield from _once(manifest, pointer + "/ports", numbers, "container ports are")
        names = [p.get("name") or number for number, p in enumerate(ports)]  # those without a name differ
        yield from _once(manifest, pointer + "/ports", names, "container ports are named")
    mounts = container.get("volumeMounts")
    if mounts and len(mounts) > 1:
        yield from _once(
            manifest, pointer + "/volumeMounts", [m.get("mountPath") for m in mounts], "volumes are mounted at"
        )


def _once(manifest: Manifest, pointer: str, keys: Sequence[Hashable], what: str) -> list[Finding]:
    found = []
    for number in _again(keys):
        key = keys[number]
        text = "/".join(map(str, key)) if isinstance(key, tuple) else key
        found.append(_twice(manifest, f"{pointer}/{number}", f"two {what} {text}"))
    return found


def _again(keys: Sequence[Hashable]) -> list[int]:
    if len(set(keys)) == len(keys):
        return []
    return [number for number, key in enumerate(keys) if key in keys[:number]]


def _twice(manifest: Manifest, pointer: str, message: str) -> Finding:
    return Finding("list-keys", message, pointer, manifest)


def containers_missing(scene: Scene) -> Iterator[Finding]:
    """A pod without containers.

    Why: The API server refuses it. Init containers alone do not make a pod.
    Fix: add a container. A patch that removes one must leave another.
    Source: API server (`spec.template.spec.containers: Required value`).
    """
    for pod in scene.index.pods:
        if not pod.containers:
            pointer = f"{pod.pointer}/spec/containers" if pod.spec else f"{pod.pointer}/spec"
            yield Finding("containers-missing", "the pods have no container", pointer, pod.manifest)


def container_names(scene: Scene) -> Iterator[Finding]:
    """A container or volume whose name is not a DNS label.

    Why: The API server refuses the pod template.
    Fix: use at most 63 of `a-z`, `0-9` and `-`, with a letter or digit at both ends.
    Source: API server (`a lowercase RFC 1123 label must consist of ...`).
    """
    for pod in scene.index.pods:
        for pointer, container in pod.every:
            if not is_dns_label(container.get("name", "")):
                yield _name(pod, pointer, container.get("name", ""))
        for number, volume in enumerate(pod.spec.get("volumes") or ()):
            if not is_dns_label(volume.get("name", "")):
                yield _name(pod, f"{pod.pointer}/spec/volumes/{number}", volume.get("name", ""))


def _name(pod: Pod, pointer: str, name: str) -> Finding:
    message = f"{name!r} is not a DNS label: at most 63 of a-z, 0-9 and -, alphanumeric at both ends"
    return Finding("container-names", message, pointer + "/name", pod.manifest)


@lru_cache(maxsize=4096)
def _image(reference: str) -> tuple[bool, str, str]:
    match = _IMAGE(reference)
    return (True, match["tag"] or "", match["digest"] or "") if match else (False, "", "")


def image_reference(scene: Scene) -> Iterator[Finding]:
    """An image that is not a valid image reference.

    Why: The API server accepts most of these, but the kubelet cannot start the pod (`InvalidImageName`), so the release
    hangs.
    Fix: write `registry/repository:tag` with the repository in lower case and no blanks, and a digest as `@sha256:` and
    64 hexadecimal digits.
    Source: the reference grammar of distribution, which the container runtimes use.
    """
    for pod in scene.index.pods:
        for pointer, container in pod.every:
            image = container.get("image", "")
            if not _image(image)[0]:
                message = (
                    f"{image!r} is not a valid image reference: registry/repository:tag in lower case, @sha256:digest"
                    if image
                    else "no image"
                )
                yield Finding("image-reference", message, pointer + "/image" if image else pointer, pod.manifest)


def image_tag(scene: Scene) -> Iterator[Finding]:
    """An image without a tag or digest, or with the tag `latest`.

    Why: Which version runs depends on when a node pulls the image, and a rollback gets the same image again.
    Fix: name the version.
    Source: kube-score `container-image-tag`, kube-linter `latest-tag`, polaris `tagNotSpecified`.
    """
    for pod in scene.index.pods:
        for pointer, container in pod.every:
            image = container.get("image", "")
            valid, tag, digest = _image(image)
            if valid and not digest and tag in ("", "latest"):
                has = "the tag latest" if tag else "no tag"
                message = f"{image} has {has}: which version runs depends on when a node pulls it"
                yield Finding("image-tag", message, pointer + "/image", pod.manifest, "warning", tag_of=image)


def container_ports(scene: Scene) -> Iterator[Finding]:
    """A container port whose name or number Kubernetes refuses, or a `hostPort` that differs from it under
    `hostNetwork`.

    Why: The API server refuses the pod template.
    Fix: use a name of at most 15 of `a-z`, `0-9` and single `-` with at least one letter, and a number from 1 to 65535.
    With `hostNetwork`, `hostPort` equals `containerPort`.
    Source: API server (`IsValidPortName`, `must match containerPort when hostNetwork is true`).
    """
    for pod in scene.index.pods:
        for pointer, container in pod.every:
            for number, port in enumerate(container.get("ports") or ()):
                field, name = f"{pointer}/ports/{number}", port.get("name")
                if name and not is_port_name(name):
                    message = f"{name!r} is not a valid port name: at most 15 of a-z, 0-9 and single -, with a letter"
                    yield _port(pod, field + "/name", message)
                inside, outside = port.get("containerPort", 0), port.get("hostPort")
                if not 0 < inside < 65536:
                    yield _port(pod, field, f"containerPort {inside} is not between 1 and 65535")
                if outside and outside != inside and pod.spec.get("hostNetwork"):
                    yield _port(pod, field + "/hostPort", "with hostNetwork, hostPort must be the containerPort")


def _port(pod: Pod, pointer: str, message: str) -> Finding:
    return Finding("container-ports", message, pointer, pod.manifest)


def resource_names(scene: Scene) -> Iterator[Finding]:
    """A resource that a container or pod cannot request.

    Why: The API server refuses the pod template.
    Fix: correct the name. Kubernetes' own resources are `cpu`, `memory`, `ephemeral-storage` and `hugepages-<size>`; a
    resource of a device plugin has a domain: `nvidia.com/gpu`. The `resources` of a whole pod take `cpu`, `memory` and
    `hugepages-<size>` only.
    Source: API server (`must be a standard resource for containers`, `doesn't follow extended resource name standard`,
    `Unsupported value` for a pod's).
    """
    for pod in scene.index.pods:
        for pointer, container in pod.every:
            for field, name in _resource_names(pointer, container):
                if not is_container_resource(name):
                    own = "cpu, memory, ephemeral-storage, hugepages-<size>"
                    message = f"{name!r} is not a resource of a container: {own}, or <domain>/<name>"
                    yield Finding("resource-names", message, field, pod.manifest)
        for field, name in _resource_names(pod.pointer + "/spec", pod.spec):
            if name not in _POD_RESOURCES and not _is_huge_pages(name):
                message = f"{name!r} is not a resource of a whole pod: cpu, memory, hugepages-<size>"
                yield Finding("resource-names", message, field, pod.manifest)


def _resource_names(pointer: str, holder: Object) -> Iterator[tuple[str, str]]:
    resources = holder.get("resources") or {}
    for side in ("requests", "limits"):
        for name in resources.get(side) or ():
            yield f"{pointer}/resources/{side}/{escape(name)}", name


def is_container_resource(name: str) -> bool:
    """Whether a container can request a resource of this name."""
    if "/" not in name:
        return name in _CONTAINER_RESOURCES or _is_huge_pages(name)
    if "kubernetes.io/" in name:
        return is_qualified_name(name)
    return not name.startswith("requests.") and is_qualified_name(f"requests.{name}")


def _is_huge_pages(name: str) -> bool:
    size = quantity(name.removeprefix("hugepages-")) if name.startswith("hugepages-") else None
    return size is not None and size > 0


def requests_within_limits(scene: Scene) -> Iterator[Finding]:
    """A request above its limit, a value that is not a quantity, or an extended resource whose request and limit
    differ, or that has a request alone. Or `resources` of a whole pod below what its containers request together.

    Why: The API server refuses the pod template. Only cpu, memory and ephemeral-storage can be overcommitted; any
    other resource needs a limit, and a request that is equal to it.
    Fix: raise the limit or lower the request. If an overlay changes one of them, check the other. A resource such as
    `nvidia.com/gpu` needs only a limit.
    Source: API server (`must be less than or equal to memory limit of ...`, `must be equal to ...`, `Limit must be set
    for non overcommitable resources`).
    """
    for pod in scene.index.pods:
        for pointer, container in pod.every:
            if "resources" in container:
                yield from _resources(pod.manifest, pointer, container["resources"] or {})
        if "resources" in pod.spec:
            yield from _resources(pod.manifest, pod.pointer + "/spec", pod.spec["resources"] or {})
            yield from _of_whole_pod(pod, pod.spec["resources"] or {})


def _of_whole_pod(pod: Pod, resources: Object) -> Iterator[Finding]:
    """What the containers of a pod ask for together, above what the pod has."""
    for name in _POD_RESOURCES:
        given = [(side, value) for side in _SIDES if (value := (resources.get(side) or {}).get(name)) is not None]
        asked = _asked(pod, name)
        for side, value in given[:1]:
            whole = quantity(value)
            if whole is not None and asked > whole:
                message = (
                    f"the whole pod has {side} of {value} of {name}, less than its containers request together: raise "
                    "that, or lower a container's"
                )
                yield _resource(pod.manifest, pod.pointer + "/spec", side, name, message)
        most = (resources.get("limits") or {}).get(name)
        limit = None if most is None else quantity(most)
        for pointer, container in pod.every:
            own = ((container.get("resources") or {}).get("limits") or {}).get(name)
            if limit is not None and own is not None and (quantity(own) or 0) > limit:
                message = f"the limit of {name} ({own}) is more than that of the whole pod ({most})"
                yield _resource(pod.manifest, pointer, "limits", name, message)


def _asked(pod: Pod, name: str) -> int:
    """What all containers request of a resource at the same time; a limit without a request is the request, too."""
    given = [
        (container, quantity((resources.get("requests") or {}).get(name, (resources.get("limits") or {}).get(name, 0))))
        for _, container in pod.every
        for resources in [container.get("resources") or {}]
    ]
    inits = [id(container) for _, container in pod.inits if container.get("restartPolicy") != "Always"]
    lasting = sum(value or 0 for container, value in given if id(container) not in inits)
    return max([lasting, *(value or 0 for container, value in given if id(container) in inits)])


def _resources(manifest: Manifest, pointer: str, resources: Object) -> Iterator[Finding]:
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    for side, values in (("requests", requests), ("limits", limits)):
        for name, value in values.items():
            parsed = quantity(value)
            if parsed is None or parsed < 0:
                yield _resource(
                    manifest,
                    pointer,
                    side,
                    name,
                    f"{value!r} is not a valid quantity of {name}: write 500m, 1.5, 256Mi",
                )
    for name, request in requests.items():
        if name not in limits:
            if _needs_limit(name):
                message = f"{name} cannot be overcommitted: write it under limits, which is its request, too"
                yield _resource(manifest, pointer, "requests", name, message)
            continue
        asked, limit = quantity(request), quantity(limits[name])
        if asked is None or limit is None:
            continue
        if asked > limit:
            message = f"the request of {name} ({request}) is more than its limit ({limits[name]})"
            yield _resource(manifest, pointer, "requests", name, message)
        elif asked < limit and name not in _FREE_OF_LIMITS:
            message = (
                f"the request of {name} ({request}) must equal its limit ({limits[name]}): it cannot be overcommitted"
            )
            yield _resource(manifest, pointer, "requests", name, message)


def _needs_limit(name: str) -> bool:
    """Whether Kubernetes refuses a request of it without a limit: huge pages, and resources of device plugins."""
    return _is_huge_pages(name) or ("/" in name and "kubernetes.io/" not in name and is_container_resource(name))


def _resource(manifest: Manifest, pointer: str, side: str, name: str, message: str) -> Finding:
    return Finding("requests-within-limits", message, f"{pointer}/resources/{side}/{escape(name)}", manifest)
