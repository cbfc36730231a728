"""Kubernetes' own kinds: the OpenAPI definitions of one release -> closed, tightened definitions and kinds."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from schemas.make.kubernetes_fields import FIELDS, NAMES, NOT_APPLIED, REQUIRED, SPEC_OPTIONAL
from schemas.make.values import DEFINITIONS, METADATA_FIELDS, SUBDOMAIN, Schema, closed, one_of, ref, whole

KEPT_EXTENSIONS = (
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-patch-merge-key",
    "x-kubernetes-patch-strategy",
)
INT32 = whole(-(2**31), 2**31 - 1)
_ANY: Schema = {}
_OPEN: Schema = {"type": "object"}
# Types whose JSON form OpenAPI does not tell.
_SPECIAL: dict[str, Schema] = {
    "FieldsV1": _OPEN,
    "IntOrString": DEFINITIONS["IntOrString"],
    "JSON": _ANY,
    "JSONSchemaPropsOrArray": {"anyOf": [ref("JSONSchemaProps"), {"type": "array", "items": ref("JSONSchemaProps")}]},
    "JSONSchemaPropsOrBool": {"anyOf": [ref("JSONSchemaProps"), {"type": "boolean"}]},
    "JSONSchemaPropsOrStringArray": {
        "anyOf": [ref("JSONSchemaProps"), {"type": "array", "items": {"type": "string"}}],
    },
    "MicroTime": ref("Time"),
    "ObjectMeta": DEFINITIONS["ObjectMeta"],
    "Quantity": DEFINITIONS["Quantity"],
    "RawExtension": _OPEN,
    "Time": DEFINITIONS["Time"],
}
# 1.35 brought numeric tolerations (TaintTolerationComparisonOperators).
_TOLERATION_OPERATORS = {34: one_of("Equal", "Exists")}
_LATER_TOLERATION_OPERATORS = one_of("Equal", "Exists", "Gt", "Lt")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind in one API version, and its whole schema with references to definitions."""

    group: str
    version: str
    kind: str
    schema: Schema

    @property
    def path(self) -> str:
        """Where kubeconform's template `{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json` looks."""
        return f"{self.group or 'v1'}/{self.kind.lower()}_{self.version}.json"


def definitions(raw: Mapping[str, Schema], minor: int) -> dict[str, Schema]:
    """Closed definitions under short names, of the `$defs` of one minor version."""
    names = short_names(raw)
    found = {name: _definition(raw[full], name, names) for full, name in names.items()}
    operators = _TOLERATION_OPERATORS.get(minor, _LATER_TOLERATION_OPERATORS)
    found["Toleration"]["properties"]["operator"] = operators
    return {**found, **DEFINITIONS}


def kinds(raw: Mapping[str, Schema], known: Mapping[str, Schema]) -> Iterator[Kind]:
    """Every kind that a manifest may hold, but for alpha versions, in the order of its name."""
    names = short_names(raw)
    for full, name in sorted(names.items()):
        found = raw[full].get("x-kubernetes-group-version-kind", [])
        if len(found) == 1 and _applied(found[0]):
            group, version, kind = found[0]["group"], found[0]["version"], found[0]["kind"]
            yield Kind(group, version, kind, _kind(group, version, kind, known[name]))


def envelope(group: str, version: str, kind: str, name: Schema) -> dict[str, Schema]:
    """apiVersion, kind and metadata of a manifest, fixed and closed."""
    metadata = closed({**METADATA_FIELDS, "name": name}, ("name",))
    api = f"{group}/{version}" if group else version
    return {"apiVersion": {"const": api}, "kind": {"const": kind}, "metadata": metadata}


def short_names(raw: Mapping[str, Schema]) -> dict[str, str]:
    """Full name -> short one; where several types share it, all but the foremost carry group and version."""
    by_short = defaultdict(list)
    for full in raw:
        by_short[full.rsplit(".", 1)[1]].append(full)
    return {
        full: short if place == 0 else ".".join(full.split(".")[-3:])
        for short, fulls in by_short.items()
        for place, full in enumerate(sorted(fulls, key=_foremost))
    }


def _foremost(full: str) -> tuple[bool, bool, bool, int, str]:
    group, version = full.split(".")[-3:-1]
    number = int(re.sub("[^0-9].*", "", version[1:]) or 0)
    return group not in ("core", "meta"), "alpha" in version, "beta" in version, -number, full


def _applied(found: Mapping[str, str]) -> bool:
    kind = found["kind"]
    return not kind.endswith("List") and kind not in NOT_APPLIED and "alpha" not in found["version"]


def _kind(group: str, version: str, kind: str, body: Schema) -> Schema:
    fields = {key: value for key, value in body["properties"].items() if key != "status"}
    fields |= envelope(group, version, kind, NAMES.get(kind, SUBDOMAIN))
    needed = {"apiVersion", "kind", "metadata", *body.get("required", [])}
    if "spec" in fields and kind not in SPEC_OPTIONAL:
        needed.add("spec")
    return closed(fields, tuple(sorted(needed)))


def _definition(body: Schema, name: str, names: Mapping[str, str]) -> Schema:
    if name in _SPECIAL:
        return _SPECIAL[name]
    fields = {key: _field(f"{name}.{key}", value, names) for key, value in sorted(body.get("properties", {}).items())}
    return closed(fields, tuple(sorted({*body.get("required", []), *REQUIRED.get(name, ())})))


def _field(key: str, node: Schema, names: Mapping[str, str]) -> Schema:
    kept = {name: node[name] for name in KEPT_EXTENSIONS if node.get(name, "atomic") != "atomic"}
    return {**FIELDS.get(key, _plain(key, node, names)), **kept}


def _plain(key: str, node: Schema, names: Mapping[str, str]) -> Schema:
    if "$ref" in node:
        return ref(names[node["$ref"].rsplit("/", 1)[1]])
    kind = next((name for name in _types(node) if name != "null"), None)
    if kind == "array":
        return {"type": "array", "items": FIELDS.get(f"{key}[]") or _plain(f"{key}[]", node["items"], names)}
    if kind == "object":
        values = node.get("additionalProperties")
        return {**_OPEN, "additionalProperties": _plain(f"{key}{{}}", values, names)} if values else _OPEN
    return _scalar(kind, node)


def _types(node: Schema) -> list[str]:
    found = node.get("type", [])
    return [found] if isinstance(found, str) else found


def _scalar(kind: str | None, node: Schema) -> Schema:
    if node.get("format") == "int32":
        return INT32
    if node.get("format") == "byte":
        return ref("Base64")
    values = {"enum": node["enum"]} if "enum" in node else {}
    return {"type": kind, **values} if kind else _ANY
