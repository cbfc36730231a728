"""Which schema file judges a Kubernetes object, and what was probably meant when there is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from renderer.schema.values import Fault

_API_VERSION = re.compile(r"(?:([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)/)?(v[0-9][a-z0-9]*)")
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]*")


def schema_path(obj: Any) -> str | None:
    """`apps/deployment_v1.json`, inside any set; None when apiVersion or kind are not such as Kubernetes has."""
    if not isinstance(obj, dict):
        return None
    version, kind = obj.get("apiVersion"), obj.get("kind")
    if not isinstance(version, str) or not isinstance(kind, str):
        return None
    found = _API_VERSION.fullmatch(version)
    return f"{found[1] or 'v1'}/{kind.lower()}_{found[2]}.json" if found and _KIND.fullmatch(kind) else None


def unknown_kind(obj: Any, read: Callable[[str], bytes | None], sets: Sequence[str]) -> list[Fault]:
    """Why there is no schema for an object."""
    if not isinstance(obj, dict):
        return [Fault("", "wrong-type", "a Kubernetes object is a mapping")]
    lost = [field for field in ("apiVersion", "kind") if field not in obj]
    if lost:
        return [Fault("", "missing-field", f"`{field}` is missing") for field in lost]
    return [Fault("/kind", "unknown-kind", "no schema for this kind")]
