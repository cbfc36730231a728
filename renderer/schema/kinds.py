"""Which schema file judges a Kubernetes object, and what was probably meant if there is none."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from renderer.lazy import regex
from renderer.schema.values import Fault
from renderer.schema.words import either, name, type_fault

_LABEL = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_API_VERSION = regex(rf"(?:(?=.{{1,253}}/)({_LABEL}(?:\.{_LABEL})*)/)?(v[0-9][a-z0-9]{{0,61}})")
_SHARED_GROUP = "argoproj.io"
_KIND = regex("[A-Za-z][A-Za-z0-9]{0,62}")


def schema_path(obj: Any) -> str | None:
    """`apps/deployment_v1.json`, inside any set; None if apiVersion or kind are not valid names in Kubernetes."""
    if not isinstance(obj, dict):
        return None
    version, kind = obj.get("apiVersion"), obj.get("kind")
    return _path(version, kind) if isinstance(version, str) and isinstance(kind, str) else None


@lru_cache(maxsize=256)  # a fleet has a dozen kinds
def _path(version: str, kind: str) -> str | None:
    found = _API_VERSION.fullmatch(version)
    return f"{found[1] or 'v1'}/{kind.lower()}_{found[2]}.json" if found and _KIND.fullmatch(kind) else None


def is_foreign(obj: Any) -> bool:
    """Whether an object without a schema is an operator's: it has a name, and no schema knows its group.

    Several projects share Argo's group: there, its kind must not be similar to one of ours (a Workflow is not).
    """
    metadata = obj.get("metadata") if isinstance(obj, dict) else None
    if schema_path(obj) is None or not isinstance(metadata, dict):
        return False
    return isinstance(metadata.get("name"), str) and _is_foreign(obj["apiVersion"], obj["kind"])


@lru_cache(maxsize=256)
def _is_foreign(version: str, kind: str) -> bool:
    from renderer.schema.fields import near
    from renderer.schema.kind_names import KINDS

    group = version.rpartition("/")[0]
    if "." not in group:  # one of Kubernetes' own: the API server refuses a CustomResourceDefinition of such a group
        return False
    ours = [known for each, kinds in KINDS.items() if each.rpartition("/")[0] == group for known in kinds.split()]
    return not ours or (group == _SHARED_GROUP and near(kind, ours) is None)


def unknown_kind(obj: Any) -> list[Fault]:
    """Why an object has no schema, and which kind or apiVersion was probably meant."""
    if not isinstance(obj, dict):
        return [Fault("", "wrong-type", "a Kubernetes object must be a mapping")]
    if lost := [field for field in ("apiVersion", "kind") if obj.get(field) is None]:
        return [Fault("", "missing-field", f"{name(field)} is missing") for field in lost]
    if odd := [field for field in ("apiVersion", "kind") if not isinstance(obj[field], str)]:
        return [Fault(f"/{field}", "wrong-type", type_fault(obj[field], ["string"], (field,))) for field in odd]
    if not _API_VERSION.fullmatch(obj["apiVersion"]):
        text = f"{name(obj['apiVersion'])} is not a valid apiVersion; expected one such as v1 or apps/v1"
        return [Fault("/apiVersion", "unknown-kind", text)]
    return [_unknown(obj["apiVersion"], obj["kind"])]


def _unknown(version: str, kind: str) -> Fault:
    from renderer.schema.fields import near
    from renderer.schema.kind_names import KINDS

    versions: dict[str, list[str]] = {}
    for each, kinds in KINDS.items():
        for known in kinds.split():
            versions.setdefault(known, []).append(each)
    what = f"no schema for kind {name(kind)} of {name(version)}"
    if other_case := next((known for known in versions if known.lower() == kind.lower()), None):
        others = [name(each) for each in versions[other_case] if each != version]
        return Fault("/apiVersion", "unknown-kind", what + (f"; did you mean {either(others)}?" if others else ""))
    alike = near(kind, KINDS[version].split() if version in KINDS else versions)
    return Fault("/kind", "unknown-kind", what + (f"; did you mean {name(alike)}?" if alike else ""))
