"""Rules over metadata: names, labels, annotations; one object once; what a ConfigMap may hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from renderer.manifest import Manifest, Object
from renderer.plain import escape
from renderer.rules.finding import Finding, Scene
from renderer.rules.syntax import (
    is_data_key,
    is_dns_label,
    is_label_value,
    is_qualified_name,
    is_service_name,
    is_subdomain,
)

MEBIBYTE = 1 << 20
_STORED = 3 << 19  # bytes of an object in etcd
_BASE64 = frozenset({("ConfigMap", "binaryData"), ("Secret", "data")})
_LARGE = ("ConfigMap", "Secret", "CustomResourceDefinition")
ANNOTATIONS = 256 << 10  # bytes of all annotations of an object together

_SUBDOMAIN = (is_subdomain, "a DNS subdomain: a-z, 0-9, - and ., alphanumeric at both ends, at most 253")
_LABEL = (is_dns_label, "a DNS label: a-z, 0-9 and -, alphanumeric at both ends, at most 63")
_SERVICE = (is_service_name, "a DNS label that starts with a letter: a-z, 0-9 and -, at most 63")
_CRON_JOB = (lambda name: is_dns_label(name) and len(name) <= 52, "a DNS label of at most 52 (its Jobs add 11)")
_FORMS: dict[str, tuple[Callable[[str], bool], str]] = {
    "Service": _SERVICE,
    "Namespace": _LABEL,
    "Gateway": _LABEL,
    "CronJob": _CRON_JOB,
    "Job": _LABEL,
    "StatefulSet": _LABEL,
}
_ROLES = frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})


def object_name(scene: Scene) -> Iterator[Finding]:
    """A name that Kubernetes refuses for the kind.

    Why: The API server or Istio's webhook refuses the object.
    Fix: rename it. A Service needs a DNS label that starts with a letter; a Namespace, Gateway of Istio, Job or
    StatefulSet a DNS label; a CronJob one of at most 52 characters; any other kind a DNS subdomain.
    Source: API server (`metadata.name: Invalid value`), Istio's webhook (Gateway).
    """
    for kind, manifests in scene.index.kinds.items():
        accepts, form = _FORMS.get(kind, _SUBDOMAIN)
        for manifest in manifests:
            meta = manifest.data.get("metadata") or {}
            name = meta.get("name", "")
            if not accepts(name) and kind not in _ROLES and not (not name and meta.get("generateName")):
                yield Finding("object-name", f"{name!r} is not {form}", "/metadata/name", manifest)


def labels(scene: Scene) -> Iterator[Finding]:
    """A label whose key or value Kubernetes refuses.

    The rule looks at objects, pod templates and selectors.

    Why: The API server refuses the object.
    Fix: shorten it, or replace what is not allowed. A key is an optional DNS prefix and `/`, then at most 63 of
    letters, digits, `-`, `_` and `.`; a value is at most 63 of them, or empty. Both start and end with a letter or
    digit. A tag with `+` or a digest is not a valid value.
    Source: API server (`a valid label must be an empty string or consist of alphanumeric characters, ...`).
    """
    given = [*_all_labels(scene)]
    if all(map(_is_label, {item for _, _, found in given for item in found.items()})):  # most repeat the same few
        return
    for manifest, pointer, found in given:
        yield from _labels(manifest, pointer, found)


def _all_labels(scene: Scene) -> Iterator[tuple[Manifest, str, dict[str, str]]]:
    for manifests in scene.index.kinds.values():
        for manifest in manifests:
            found = (manifest.data.get("metadata") or {}).get("labels")
            if found:
                yield manifest, "/metadata/labels", found
    for pod in scene.index.pods:
        if pod.pointer:
            yield pod.manifest, pod.pointer + "/metadata/labels", pod.labels
    for pod in scene.index.workloads:
        selector = pod.manifest.data["spec"].get("selector") or {}
        yield pod.manifest, "/spec/selector/matchLabels", selector.get("matchLabels") or {}
    for manifest in scene.of("Service"):
        yield manifest, "/spec/selector", (manifest.data.get("spec") or {}).get("selector") or {}


def _is_label(item: tuple[str, str]) -> bool:
    return is_qualified_name(item[0]) and is_label_value(item[1])


def _labels(manifest: Manifest, pointer: str, found: dict[str, str]) -> Iterator[Finding]:
    for key, value in found.items():
        if not is_qualified_name(key):
            message = f"{key!r} is not a valid label key: an optional DNS prefix and /, then at most 63 of A-Za-z0-9-_."
            yield Finding("labels", message, f"{pointer}/{escape(key)}", manifest)
        if not is_label_value(value):
            message = f"{value!r} is not a valid label value: at most 63 of A-Za-z0-9-_., alphanumeric at both ends"
            yield Finding("labels", message, f"{pointer}/{escape(key)}", manifest)


def annotation_keys(scene: Scene) -> Iterator[Finding]:
    """An annotation whose key Kubernetes refuses, or annotations of more than 256 KiB.

    Why: The API server refuses the object.
    Fix: correct the key, or move long texts to a ConfigMap.
    Source: API server (`ValidateAnnotations`).
    """
    for manifest in scene.index.annotated:
        yield from _annotations(manifest, "/metadata/annotations", manifest.data["metadata"]["annotations"])
    for pod in scene.index.pods:
        meta = (
            pod.manifest.data["spec"].get("template", {}).get("metadata") if pod.pointer == "/spec/template" else None
        )
        if meta and meta.get("annotations"):
            yield from _annotations(pod.manifest, pod.pointer + "/metadata/annotations", meta["annotations"])


def _annotations(manifest: Manifest, pointer: str, found: dict[str, str]) -> Iterator[Finding]:
    size = 0
    for key, value in found.items():
        size += len(key) + len(value)
        if not is_qualified_name(key.lower()):
            message = (
                f"{key!r} is not a valid annotation key: an optional DNS prefix and /, then at most 63 of A-Za-z0-9-_."
            )
            yield Finding("annotations", message, f"{pointer}/{escape(key)}", manifest)
    if size > ANNOTATIONS:
        yield Finding("annotations", f"the annotations take {size} bytes: at most {ANNOTATIONS}", pointer, manifest)


_FIELDS = {  # by the file that rollspec makes
    "virtual-service.yaml": (
        "remove the plain manifest, and write its `hosts` and `gateways` under `istio` in the spec; another name "
        "would lead past the weights of a canary"
    ),
    "destination-rule.yaml": "remove the plain manifest, and write its `trafficPolicy` under `istio` in the spec",
}


def object_once(scene: Scene) -> Iterator[Finding]:
    """The same object twice: two manifests with one group, kind, namespace and name.

    The rule also compares the apps of an environment with each other and with what rollspec writes for Argo CD, and the
    environments that have the same `cluster` (a warning if neither says which cluster it is for).

    Why: Argo CD applies one after the other (`RepeatedResourceWarning`). Nobody can say which of them the cluster
    keeps.
    Fix: rename or remove one. An object under `resources` must not be one that the spec makes.
    Source: Argo CD, `kubectl kustomize` (`may not add resource with an already registered id`).
    """
    for manifests in scene.index.kinds.values():
        if len(manifests) < 2:
            continue
        seen: dict[tuple[str, str, str], Manifest] = {}
        for manifest in manifests:
            group, _, namespace, name = manifest.identity
            first = seen.setdefault((group, namespace, name), manifest)
            if first is not manifest and name:
                cure = next(
                    (_FIELDS[file] for file in (first.file, manifest.file) if file in _FIELDS), "rename or remove one"
                )
                message = f"{first.file} has {manifest.kind} {name} already: {cure}"
                yield Finding("object-once", message, "/metadata/name", manifest)


def config_data(scene: Scene) -> Iterator[Finding]:
    """A ConfigMap or Secret with an invalid key, a key in both `data` and `binaryData`, text that is not base64, or
    more data than the cluster takes.

    Why: The API server refuses the key, the text, and more than 1 MiB of data.
    Fix: use keys of letters, digits, `-`, `_` and `.`, at most 253 characters; put large files into the image or a
    volume. `data` of a Secret is base64, `stringData` plain text.
    Source: API server (`a valid config key must consist of alphanumeric characters, ...`; `Too long: may not be more
    than 1048576 bytes`; `illegal base64 data`).
    """
    for kind, fields in (("ConfigMap", ("data", "binaryData")), ("Secret", ("data", "stringData"))):
        for manifest in scene.index.kinds.get(kind, ()):
            data = manifest.data
            seen: set[str] = set()
            for field in fields:
                entries: Object = data.get(field) or {}
                for key in entries:
                    if not is_data_key(key):
                        message = f"{key!r} is not a valid key of a {kind}: letters, digits, -, _ and ., at most 253"
                        yield Finding("config-data", message, f"/{field}/{escape(key)}", manifest)
                yield from _not_base64(manifest, field, entries) if (kind, field) in _BASE64 else ()
                if kind == "ConfigMap" and (twice := sorted(seen & entries.keys())):
                    message = f"{twice[0]} is in data and in binaryData: remove one of them"
                    yield Finding("config-data", message, f"/{field}/{escape(twice[0])}", manifest)
                seen.update(entries)
            if (size := _size(data, fields)) > MEBIBYTE:
                yield Finding(
                    "config-data", f"the data takes {size} bytes: at most {MEBIBYTE}", f"/{fields[0]}", manifest
                )


def _not_base64(manifest: Manifest, field: str, entries: Object) -> Iterator[Finding]:
    for key, value in entries.items():
        if isinstance(value, str) and len(value) % 4 and len(value.replace("\n", "").replace("\r", "")) % 4:
            instead = "write plain text under stringData" if field == "data" else "write plain text under data"
            message = f"the value of {key} is not base64, which comes in groups of four characters: {instead}"
            yield Finding("config-data", message, f"/{field}/{escape(key)}", manifest)


def object_size(scene: Scene) -> Iterator[Finding]:
    """An object that the cluster refuses for its size.

    Why: The API server stores at most 1.5 MiB an object (an error). A client-side apply, the default of Argo CD and
    kubectl, also stores a copy of the object in an annotation, and all annotations together may take 256 KiB (a
    warning, since the cluster's Application may set ServerSideApply for all objects).
    Fix: split the object, or put large files into the image or a volume. Above 256 KiB add the annotation
    `argocd.argoproj.io/sync-options: ServerSideApply=true`, and use `kubectl apply --server-side`.
    Source: etcd (`request is too large`), API server (`metadata.annotations: Too long: may not be more than 262144`).
    """
    for kind in _LARGE:
        for manifest in scene.of(kind):
            if _at_most(manifest.data) <= ANNOTATIONS:
                continue
            size = len(json.dumps(manifest.data, ensure_ascii=False, separators=(",", ":")).encode())
            if size > _STORED:
                message = f"the object takes {size} bytes: the API server stores at most {_STORED}; split it"
                yield Finding("object-size", message, "/metadata", manifest)
            elif size > ANNOTATIONS and not manifest.sync_options & {"ServerSideApply=true", "Replace=true"}:
                message = (
                    f"the object takes {size} bytes: a client-side apply fails above {ANNOTATIONS}; add the annotation "
                    "argocd.argoproj.io/sync-options: ServerSideApply=true"
                )
                yield Finding("object-size", message, "/metadata", manifest, "warning")


def _at_most(value: object) -> int:
    """Bytes that the value can take at most as JSON, without making any."""
    total, stack = 0, [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack += [*item, *item.values()]
            total += 4 * len(item)
        elif isinstance(item, list):
            stack += item
            total += 2 * len(item)
        else:
            total += 6 * len(item) if isinstance(item, str) else 24
    return total


def _size(data: Object, fields: tuple[str, ...]) -> int:
    values = [value for field in fields for value in (data.get(field) or {}).values()]
    if sum(map(len, values)) * 4 <= MEBIBYTE:  # no character takes more than four bytes
        return 0
    binary = sum(len(value) * 3 // 4 for value in (data.get("binaryData") or {}).values())
    return binary + sum(len(value.encode()) for value in (data.get("data") or {}).values())
