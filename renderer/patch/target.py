"""Which manifests a patch is for: kustomize's targets, and objects that a strategic merge patch names itself."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from renderer.lazy import regex
from renderer.linear import Pattern
from renderer.manifest import Object
from renderer.patch.merge_keys import merge_keys
from renderer.patch.selector import Requirement, parse_selector
from renderer.patch.values import WORKLOAD, Target, text

WORKLOADS: Final = (("apps", "Deployment"), ("argoproj.io", "Rollout"))
_PATTERNS: Final = ("kind", "group", "version", "name", "namespace")
# What Python's `re` accepts and Go's does not: look-around, back references, atomic groups, possessive repeats.
_NOT_GO: Final = regex(r"\(\?[=!<>#(](?!P?<[A-Za-z_])|\(\?P=|\\[1-9Z]|[*+?}]\+|\[\[:")


class Id(NamedTuple):
    """How kustomize identifies an object."""

    group: str
    version: str
    kind: str
    name: str
    namespace: str


def id_of(manifest: Object) -> Id:
    """The object's id, with the namespace as kustomize sees it: `default` if the object has none."""
    api_version, kind = str(manifest.get("apiVersion", "")), str(manifest.get("kind", ""))
    group, _, version = api_version.rpartition("/")
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    if (api_version, kind) in merge_keys().cluster_scoped:
        namespace = "_non_namespaceable_"
    else:
        namespace = text(metadata.get("namespace") or "default")
    return Id(group, version, kind, text(metadata.get("name", "")), namespace)


class Matcher(NamedTuple):
    """A parsed target; None and () for fields that it does not set."""

    kind: Pattern | None
    group: Pattern | None
    version: Pattern | None
    name: Pattern | None
    namespace: Pattern | None
    labels: tuple[Requirement, ...]
    annotations: tuple[Requirement, ...]

    def may_take(self, manifest: Object) -> bool:
        """Whether the target matches the kind of the object; a look at that alone leaves most objects out."""
        return _fits(self.kind, str(manifest.get("kind", "")))

    def takes(self, old: Id, new: Id, manifest: Object) -> bool:
        """Whether the target matches the object, by its name and namespace before all patches or now."""
        return (
            _fits(self.kind, new.kind)
            and _fits(self.group, new.group)
            and _fits(self.version, new.version)
            and (_fits(self.name, new.name) or _fits(self.name, old.name))
            and (_fits(self.namespace, new.namespace) or _fits(self.namespace, old.namespace))
            and _holds(self.labels, manifest, "labels")
            and _holds(self.annotations, manifest, "annotations")
        )


@lru_cache(maxsize=128)
def matcher(target: Target) -> Matcher | tuple[tuple[str, str], ...]:
    """The parsed target, or its faults: (field as written in the file, message)."""
    patterns = {field: _pattern(field, getattr(target, field)) for field in _PATTERNS}
    selectors = {
        "labelSelector": parse_selector(target.label_selector),
        "annotationSelector": parse_selector(target.annotation_selector),
    }
    wrong = [(field, found) for field, found in {**patterns, **selectors}.items() if isinstance(found, str)]
    return tuple(wrong) or Matcher(*patterns.values(), *selectors.values())  # type: ignore[arg-type]  # no str is left


def names(patch: Object, found: Id, *, any_namespace: bool) -> bool:
    """Whether a strategic merge patch without a target names the object.

    Kind `Workload` needs no apiVersion. `any_namespace` lets a patch without a namespace name an object that has one:
    users of kustomize expect that, because kustomize sets the namespace after the patches.
    """
    wanted = id_of(patch)
    if wanted.kind == WORKLOAD:
        same_kind = (found.group, found.kind) in WORKLOADS
    else:
        same_kind = (wanted.group, wanted.version, wanted.kind) == (found.group, found.version, found.kind)
    free = any_namespace and not patch["metadata"].get("namespace")
    return same_kind and wanted.name == found.name and (free or wanted.namespace == found.namespace)


def _pattern(field: str, pattern: str) -> Pattern | str | None:
    """The pattern, None for an empty one, or a message about its fault."""
    if not pattern:
        return None
    if unknown := _NOT_GO.search(re.sub(r"\\[^1-9Z]", "", pattern)):
        return f"{pattern!r} is not a valid regular expression: kustomize does not know {unknown[0]!r}"
    if field == "kind":
        pattern = re.sub(rf"\b{WORKLOAD}\b", "(?:Deployment|Rollout)", pattern)
    try:
        re.compile(pattern, re.ASCII)  # its message is better than that of the engine below
        return Pattern(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"{pattern!r} is not a valid regular expression: {error}"
    except ValueError:
        return f"{pattern!r}: flags and named groups are not supported here"


def _fits(pattern: Pattern | None, value: str) -> bool:
    return pattern is None or pattern.fits(value)


def _holds(requirements: tuple[Requirement, ...], manifest: Object, field: str) -> bool:
    if not requirements:
        return True
    metadata = manifest.get("metadata")
    labels = metadata.get(field) if isinstance(metadata, dict) else None
    have = {key: text(value) for key, value in labels.items()} if isinstance(labels, dict) else {}
    return all(requirement.holds(have) for requirement in requirements)
