"""What is wrong with an object by the schema of its kind, or by what rules read of an operator's object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from renderer.plain import mapping, pointer_of
from renderer.scaler import SCALED_FIELDS, SCHEMALESS
from renderer.schema import Fault, Schemas
from renderer.schema.words import type_fault


def faults_of(data: Any, schemas: Schemas) -> list[Fault]:
    """The faults of an object by the schema of its kind.

    An operator's object has no schema. Rules read its metadata, and the spec of an autoscaler: these are checked.
    """
    if schemas.manifest_valid(data):
        return []
    if not schemas.foreign(data):
        return schemas.manifest_explain(data)
    return schemas.manifest_explain(_with_metadata(data["metadata"])) or _of_scaler(data)


def _with_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """An object of a known kind, with the metadata that rules read of every object."""
    given = {key: metadata[key] for key in ("namespace", "labels", "annotations") if metadata.get(key) is not None}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "any", **given}}


def _of_scaler(data: Mapping[str, Any]) -> list[Fault]:
    if data["kind"] != SCHEMALESS:
        return []
    found = []
    for keys, type_name in SCALED_FIELDS:
        value: Any = data
        for key in keys:
            value = mapping(value).get(key)
        is_right = isinstance(value, dict) if type_name == "object" else type(value) is int
        if value is not None and not is_right:
            found.append(Fault(pointer_of(keys), "wrong-type", type_fault(value, [type_name], keys)))
    return found
