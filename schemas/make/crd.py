"""Custom resources: a CustomResourceDefinition's OpenAPI schema -> a closed JSON Schema of each served version."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from schemas.make.kubernetes import INT32, KEPT_EXTENSIONS, Kind, envelope
from schemas.make.values import SUBDOMAIN, Schema, closed, guard, ref

Path = tuple[str, ...]
_UINT32 = 2**32 - 1
_LOGIC = ("allOf", "anyOf", "not", "oneOf")
_COPIED = (
    *("enum", "maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength", "minProperties"),
    *("minimum", "required", "type", "pattern", *_LOGIC),
)
_FORMATS: dict[str, Schema] = {"byte": ref("Base64"), "date-time": ref("Time")}
_NO_STAR: Schema = {"not": {"type": "string", "pattern": "[*]"}}
_AT_MOST_ONE = re.compile(r"(\(has\(self\.\w+\) \? 1 : 0\)( \+ )?)+ <= 1")
# Rules in CEL that one node can say by itself; the others are native rules of the renderer, or Istio's own business.
_CEL: dict[str, Schema] = {
    "duration(self) >= duration('1ms')": ref("Duration"),
    '!self.contains("*")': _NO_STAR,
    'self.all(key, !key.contains("*"))': {"propertyNames": _NO_STAR},
    "self.all(key, key.size() != 0)": {"propertyNames": {"minLength": 1}},
    "self.size() == 0": {"maxLength": 0},
    "0 < self && self <= 65535": {"minimum": 1, "maximum": 65535},
}


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What we know of a project's kinds beyond its CRDs.

    `fields` replaces nodes by the tail of their path: `canary/maxSurge`, `steps/[]/setWeight` (`[]` is an item);
    a path begins with the kind.
    """

    fields: Mapping[str, Schema] = field(default_factory=dict)
    names: Mapping[str, Schema] = field(default_factory=dict)
    spec_optional: frozenset[str] = frozenset()


def kinds(crd: Mapping[str, Any], knowledge: Knowledge) -> Iterator[Kind]:
    """The kind of one CRD in each served version."""
    group, kind = crd["spec"]["group"], crd["spec"]["names"]["kind"]
    for version in crd["spec"]["versions"]:
        if version["served"]:
            body = _kind(version["schema"]["openAPIV3Schema"], kind, knowledge)
            body["properties"] |= envelope(group, version["name"], kind, knowledge.names.get(kind, SUBDOMAIN))
            yield Kind(group, version["name"], kind, body)


def convert(node: Schema, path: Path, fields: Mapping[str, Schema]) -> Schema:
    """One node of a structural schema as draft-07: closed, without descriptions, defaults and null."""
    if (replaced := _replacement(path, fields)) is not None:
        return replaced
    if node.get("x-kubernetes-int-or-string"):
        return ref("Quantity") if "pattern" in node else ref("IntOrString")
    if (known := _FORMATS.get(node.get("format", ""))) is not None:
        return known
    if node.get("format") == "int32" and not {"minimum", "maximum"} & node.keys():
        return INT32
    if node.get("maximum") == _UINT32 and path[-1] in ("port", "number", "targetPort"):
        return ref("Port")
    return _with_rules(node, guard(_structure(node, path, fields)))


def at(schema: Schema, path: str) -> Schema:
    """The sub-schema under a path of properties: `spec/http/[]`."""
    for step in path.split("/"):
        schema = schema["items"] if step == "[]" else schema["properties"][step]
    return schema


def _kind(body: Schema, kind: str, knowledge: Knowledge) -> Schema:
    taken = {key: node for key, node in sorted(body["properties"].items()) if key not in ("status", "metadata")}
    needed = {"apiVersion", "kind", "metadata", *body.get("required", [])}
    if "spec" in taken and kind not in knowledge.spec_optional:
        needed.add("spec")
    fields = {key: convert(node, (kind, key), knowledge.fields) for key, node in taken.items()}
    return closed(fields, tuple(sorted(needed)))


def _replacement(path: Path, fields: Mapping[str, Schema]) -> Schema | None:
    tails = ("/".join(path[start:]) for start in range(len(path)))
    return next((fields[tail] for tail in tails if tail in fields), None)


def _structure(node: Schema, path: Path, fields: Mapping[str, Schema]) -> Schema:
    kept = {name: node[name] for name in KEPT_EXTENSIONS if node.get(name, "atomic") != "atomic"}
    found = {key: _bare(node[key]) for key in _COPIED if key in node} | kept
    if "properties" in node:
        properties = sorted(node["properties"].items())
        found["properties"] = {key: convert(child, (*path, key), fields) for key, child in properties}
    if "items" in node:
        found["items"] = convert(node["items"], (*path, "[]"), fields)
    if isinstance(values := node.get("additionalProperties"), dict):
        found["additionalProperties"] = convert(values, (*path, "{}"), fields)
    elif node.get("type") == "object" and not node.get("x-kubernetes-preserve-unknown-fields"):
        found["additionalProperties"] = False
    return found


def _bare(value: Any) -> Any:
    """Logic and bounds as they are, without descriptions."""
    if isinstance(value, dict):
        return {key: _bare(child) for key, child in value.items() if key != "description"}
    return [_bare(item) for item in value] if isinstance(value, list) else value


def _with_rules(node: Schema, schema: Schema) -> Schema:
    for rule in node.get("x-kubernetes-validations", []):
        if (said := _said(rule["rule"])) is not None:
            schema = _both(schema, said)
    return schema


def _said(rule: str) -> Schema | None:
    if _AT_MOST_ONE.fullmatch(rule):
        names = re.findall(r"self\.(\w+)", rule)
        return {"allOf": [{"not": {"required": list(pair)}} for pair in combinations(names, 2)]}
    return _CEL.get(rule)


def _both(one: Schema, other: Schema) -> Schema:
    if "$ref" in other:
        return other
    if not one.keys() & other.keys():
        return {**one, **other}
    return {**one, "allOf": [*one.get("allOf", []), *other.get("allOf", [other])]}
