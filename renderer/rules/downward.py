"""Rule over the fields of a pod and of its containers that variables and volumes show to a program."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Object
from renderer.plain import mapping, mappings
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Located, Pod
from renderer.rules.syntax import is_qualified_name

_FOR_BOTH = ("metadata.name", "metadata.namespace", "metadata.uid")
_FOR_VARIABLES = frozenset(
    (
        *_FOR_BOTH,
        *("spec.nodeName", "spec.serviceAccountName", "spec.host"),
        *("status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"),
    )
)  # `spec.host` is the old name of `spec.nodeName`
_WHOLE = ("metadata.labels", "metadata.annotations")  # as a file alone; one of them is in brackets: ['key']
_FOR_FILES = frozenset((*_FOR_BOTH, *_WHOLE))
_RESOURCES = frozenset(
    f"{side}.{name}" for side in ("limits", "requests") for name in ("cpu", "memory", "ephemeral-storage")
)
_HUGE_PAGES = ("limits.hugepages-", "requests.hugepages-")


def field_paths(scene: Scene) -> Iterator[Finding]:
    """A variable or a file with a field of the pod that Kubernetes does not give.

    Why: The API server refuses the pod template.
    Fix: write one of `metadata.name`, `metadata.namespace`, `metadata.uid`, `metadata.labels['KEY']` and
    `metadata.annotations['KEY']`; in a variable also `spec.nodeName`, `spec.serviceAccountName`, `status.hostIP` and
    `status.podIP`, in a file also all `metadata.labels` or `metadata.annotations`. A `resource` is `limits` or
    `requests` with `.cpu`, `.memory` or `.ephemeral-storage`; a file needs the `containerName`, too.
    Source: API server (`ValidatePodTemplateSpec`: `fieldPath: Unsupported value`, `error converting fieldPath`,
    `containerName: Required value`).
    """
    for pod in scene.index.pods:
        names = frozenset(str(container.get("name")) for _, container in pod.every)
        for pointer, source in _of_variables(pod):
            for inner, message in _problems(source, _FOR_VARIABLES, frozenset()):
                yield Finding("field-paths", message, f"{pointer}/{inner}", pod.manifest)
        for pointer, item in _of_files(pod):
            for inner, message in _problems(item, _FOR_FILES, names):
                yield Finding("field-paths", message, f"{pointer}/{inner}", pod.manifest)


def _of_variables(pod: Pod) -> Iterator[Located]:
    for pointer, container in pod.every:
        for number, entry in enumerate(container.get("env") or ()):
            if "valueFrom" in entry:
                yield f"{pointer}/env/{number}/valueFrom", mapping(entry["valueFrom"])


def _of_files(pod: Pod) -> Iterator[Located]:
    for number, volume in enumerate(pod.spec.get("volumes") or ()):
        pointer = f"{pod.pointer}/spec/volumes/{number}"
        sources = [(f"{pointer}/downwardAPI", volume.get("downwardAPI"))]
        for index, source in enumerate(mappings(mapping(volume.get("projected")).get("sources"))):
            sources.append((f"{pointer}/projected/sources/{index}/downwardAPI", source.get("downwardAPI")))
        for inner, source in sources:
            for index, item in enumerate(mappings(mapping(source).get("items"))):
                yield f"{inner}/items/{index}", item


def _problems(source: Object, fields: frozenset[str], containers: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Where an entry names a field that is not given, and what is wrong; a file has the names of the containers."""
    path = mapping(source.get("fieldRef")).get("fieldPath")
    if isinstance(path, str) and path not in fields and not _is_one(path):
        yield "fieldRef/fieldPath", _refused(path, is_file=bool(containers))
    resource = mapping(source.get("resourceFieldRef"))
    named = resource.get("resource")
    if isinstance(named, str) and named not in _RESOURCES and not named.startswith(_HUGE_PAGES):
        message = (
            f"{named} is not given to a program: write limits or requests with .cpu, .memory or .ephemeral-storage"
        )
        yield "resourceFieldRef/resource", message
    if resource and containers and not resource.get("containerName"):
        has = " or ".join(sorted(containers))
        yield "resourceFieldRef", f"a file with a container's resource names the container: add containerName: {has}"


def _refused(path: str, *, is_file: bool) -> str:
    if path in _WHOLE:
        return f"a variable can hold one of {path}, not all of them: write {path}['KEY']"
    if is_file and path in _FOR_VARIABLES:
        return f"{path} is given to a variable alone, not to a file: use env with valueFrom"
    near = {field.lower(): field for field in (_FOR_FILES if is_file else _FOR_VARIABLES)}.get(path.lower())
    return f"Kubernetes gives a program no field {path}: {f'write {near}' if near else 'correct the path'}"


def _is_one(path: str) -> bool:
    """Whether it is one label or annotation: `metadata.labels['KEY']`."""
    whole, bracket, rest = path.partition("['")
    key = rest.removesuffix("']")
    if not bracket or key == rest or whole not in _WHOLE:
        return False
    return is_qualified_name(key if whole == _WHOLE[0] else key.lower())
