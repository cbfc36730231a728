"""Which manifests a patch is for: kustomize's targets, and objects named by a strategic merge patch itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from renderer.manifest import Manifest, Object
from renderer.patch.merge_keys import CLUSTER_SCOPED
from renderer.patch.selector import parse_selector
from renderer.patch.values import WORKLOAD, Target, text

WORKLOADS: Final = (("apps", "Deployment"), ("argoproj.io", "Rollout"))
_PATTERNS: Final = ("group", "version", "kind", "name", "namespace")
# What Python's `re` takes and Go's does not: look-around, back references, atomic groups, possessive repeats.
_NOT_GO: Final = re.compile(r"\(\?[=!<>#(](?!P?<[A-Za-z_])|\(\?P=|\\[1-9Z]|[*+?}]\+|\[\[:")


class Id(NamedTuple):
    """What kustomize knows an object by."""

    group: str
    version: str
    kind: str
    name: str
    namespace: str


def id_of(manifest: Object) -> Id:
    """The object's id; its namespace as kustomize sees it: `default` if there is none to read."""
    api_version, kind = str(manifest.get("apiVersion", "")), str(manifest.get("kind", ""))
    group, _, version = api_version.rpartition("/")
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    if (api_version, kind) in CLUSTER_SCOPED:
        namespace = "_non_namespaceable_"
    else:
        namespace = text(metadata.get("namespace") or "default")
    return Id(group, version, kind, text(metadata.get("name", "")), namespace)


def matches(target: Target, old: Id, now: Manifest) -> bool:
    """Whether a valid target takes the object in: by the name and namespace that it came with or has now."""
    new = id_of(now.data)
    metadata = now.data.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    return (
        (_fits(target.namespace, old.namespace) or _fits(target.namespace, new.namespace))
        and (_fits(target.name, old.name) or _fits(target.name, new.name))
        and _fits(target.group, new.group)
        and _fits(target.version, new.version)
        and _fits(kind_pattern(target.kind), new.kind)
        and _selects(target.label_selector, metadata.get("labels"))
        and _selects(target.annotation_selector, metadata.get("annotations"))
    )


def names(patch: Object, old: Id, now: Manifest, *, any_namespace: bool) -> bool:
    """Whether a strategic merge patch without a target names the object.

    Kind `Workload` needs no apiVersion. `any_namespace` lets a patch without a namespace name an object that has one:
    kustomize users expect it, since there the namespace is set after the patches.
    """
    wanted = id_of(patch)
    metadata = patch["metadata"]
    for found in (old, id_of(now.data)):
        if wanted.kind == WORKLOAD:
            same_kind = (found.group, found.kind) in WORKLOADS
        else:
            same_kind = (wanted.group, wanted.version, wanted.kind) == (found.group, found.version, found.kind)
        free = any_namespace and not metadata.get("namespace")
        if same_kind and wanted.name == found.name and (free or wanted.namespace == found.namespace):
            return True
    return False


def problems_of(target: Target) -> list[tuple[str, str]]:
    """What is wrong with a target: (field as written in the file, message)."""
    found = []
    for field in _PATTERNS:
        pattern = getattr(target, field)
        if isinstance(compiled := _compiled(pattern), str):
            found.append((field, f"{pattern!r} is no regular expression: {compiled}"))
    for field, selector in (
        ("labelSelector", target.label_selector),
        ("annotationSelector", target.annotation_selector),
    ):
        if isinstance(parsed := parse_selector(selector), str):
            found.append((field, parsed))
    return found


def kind_pattern(kind: str) -> str:
    """The pattern with `Workload` written out."""
    return re.sub(rf"\b{WORKLOAD}\b", "(?:Deployment|Rollout)", kind) if WORKLOAD in kind else kind


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str] | str:
    """The pattern, or what is wrong with it."""
    if unknown := _NOT_GO.search(re.sub(r"\\[^1-9Z]", "", pattern)):
        return f"kustomize does not know {unknown[0]!r}"
    try:
        return re.compile(pattern, re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        return str(error)


def _fits(pattern: str, value: str) -> bool:
    if pattern in ("", value):
        return True
    compiled = _compiled(pattern)
    return not isinstance(compiled, str) and compiled.fullmatch(value) is not None


def _selects(selector: str, labels: object) -> bool:
    if not selector:
        return True
    requirements = parse_selector(selector)
    have: Mapping[str, str] = {key: text(value) for key, value in labels.items()} if isinstance(labels, dict) else {}
    return not isinstance(requirements, str) and all(requirement.holds(have) for requirement in requirements)
