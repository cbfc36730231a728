"""docs/spec.md: every field of the three kinds, made from schemas/rollspec."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.cases import ROOT

Node = Mapping[str, Any]
EXAMPLE = ROOT / "fixtures/fields"  # a whole project, which a test renders
KINDS = (  # a kind, its schema, and its files in the example with what they are
    (
        "App",
        "app.json",
        {
            "apps/checkout.yaml": "An app spec is a file `apps/<app>.yaml`. For example `apps/checkout.yaml`:",
            "overlays/production/apps/checkout.yaml": "What differs in one environment, and the release in flight, "
            "is in a partial app, a file `overlays/<env>/apps/<app>.yaml`. It may have any field of an app spec, and "
            "needs only `metadata.name` and a `spec`, which may be `{}`. For example "
            "`overlays/production/apps/checkout.yaml`:",
        },
    ),
    (
        "Overlay",
        "overlay.json",
        {
            "overlays/production/overlay.yaml": "An environment is a file `overlays/<env>/overlay.yaml`. For example "
            "`overlays/production/overlay.yaml`:",
        },
    ),
    (
        "Project",
        "project.json",
        {"rollspec.yaml": "A project has one file `rollspec.yaml`, in its top folder. For example:"},
    ),
)
_SETS = {"kubernetes": "Kubernetes", "argo-rollouts": "Argo Rollouts", "istio": "Istio"}
_OPENING = """\
# The fields of App, Overlay and Project

Each kind begins with a whole example; together the examples are a project that renders. Every path in the tables begins
at the top of the file: `spec.image` is the field `image` under `spec`. A field in bold is required.

An unknown field is a problem, and so is a value that YAML would misread (`tag: 1.10`: quote it). In a partial app and
in `overrides`, mappings merge, lists replace, and `null` removes a field. The fields of Kubernetes, Argo Rollouts and
Istio are checked against the schemas of the project's versions; their manuals say what they do.

This page is made from `schemas/rollspec` by `make docs`; `rollspec schema App` prints the schema for editors.
"""


@dataclass(frozen=True)
class Field:
    """One row: its path below the section, and the schema of its value."""

    path: str
    node: Node
    required: bool


def page() -> str:
    """The three kinds."""
    return "\n".join([_OPENING, *(_kind(*each) for each in KINDS)])


def _kind(name: str, file: str, examples: Mapping[str, str]) -> str:
    root = json.loads((ROOT / "schemas" / "rollspec" / file).read_text())
    definitions = root.get("definitions", {})
    spec = _resolved(root["properties"]["spec"], definitions)
    metadata = list(_children(root["properties"]["metadata"], definitions, "metadata."))
    direct = [Field(f"spec.{key}", node, key in spec.get("required", ())) for key, node in spec["properties"].items()]
    lines = [f"## {name}", ""]
    for path, sentence in examples.items():
        lines += [sentence, "", "```yaml", (EXAMPLE / path).read_text().rstrip(), "```", ""]
    lines += [*_table([*metadata, *direct], definitions), ""]
    for field in direct:
        prefix = f"{field.path}[]." if _is_array(field.node) else f"{field.path}."
        below = list(_children(_resolved(field.node, definitions), definitions, prefix))
        if below and not _is_array(field.node):
            lines += [f"### {name}: {field.path}", "", *_table(below, definitions), ""]
        elif below:
            lines += [f"### {name}: {field.path}[]", "", *_table(below, definitions), ""]
    return "\n".join(lines)


def _table(fields: list[Field], definitions: Node) -> Iterator[str]:
    yield from ("| field | value | |", "| --- | --- | --- |")
    for field in fields:
        name = f"**`{field.path}`**" if field.required else f"`{field.path}`"
        yield f"| {name} | {_cell(_value(field.node, definitions))} | {_cell(field.node.get('description', ''))} |"


def _children(node: Node, definitions: Node, prefix: str) -> Iterator[Field]:
    """Every field beneath a value, as far as the schema is ours; what has a section of its own is not repeated."""
    items = node.get("items", {}) if _is_array(node) else node
    for key, below in items.get("properties", {}).items():
        path = f"{prefix}{key}"
        yield Field(path, below, key in items.get("required", ()))
        if _reference(below) is None:
            yield from _children(below, definitions, f"{path}[]." if _is_array(below) else f"{path}.")
    below = items.get("additionalProperties")
    if isinstance(below, dict):
        yield from _children(_resolved(below, definitions), definitions, f"{prefix}<key>.")


def _value(node: Node, definitions: Node) -> str:
    words = node.get("x-rollspec-expected") or _type(node, definitions)
    default = node.get("default")
    return f"{words} (default: `{_plain(default)}`)" if "default" in node else words


def _type(node: Node, definitions: Node) -> str:
    most = node.get("maxItems") or node.get("maxProperties", 0)
    return _form(node, definitions) + (f"; at most {most:,}" if most > 100 else "")


def _form(node: Node, definitions: Node) -> str:
    reference = _reference(node)
    if reference:
        return _named(reference)
    if "const" in node:
        return f"`{_plain(node['const'])}`"
    if "enum" in node:
        return ", ".join(f"`{_plain(value)}`" for value in node["enum"])
    for key in ("anyOf", "oneOf"):
        if key in node:
            return " or ".join(dict.fromkeys(_type(each, definitions) for each in node[key] if each))
    kind = node.get("type", "")
    kinds = [kind] if isinstance(kind, str) else kind
    return " or ".join(_word(each, node, definitions) for each in kinds)


def _word(kind: str, node: Node, definitions: Node) -> str:
    if kind == "array" and isinstance(node.get("items"), dict):
        inner = node["items"].get("x-rollspec-expected") or _type(node["items"], definitions)
        return "a list of mappings" if inner == "a mapping" else f"a list: {inner}"
    if kind == "integer" and "minimum" in node:
        top = f" to {node['maximum']}" if "maximum" in node else " or more"
        return f"a whole number, {node['minimum']}{top}"
    return {
        "array": "a list",
        "object": "a mapping",
        "string": "text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "`true` or `false`",
        "null": "`null`",
    }.get(kind, "any value")


def _named(reference: str) -> str:
    file, _, path = reference.partition("#/definitions/")
    if not file:
        return f"a mapping, the fields of `{path.lower()}`"
    return f"`{path.replace('/properties/', '.')}` of {_SETS[file.removesuffix('.json')]}"


def _reference(node: Node) -> str | None:
    for each in (node, *node.get("allOf", ())):
        if "$ref" in each:
            return str(each["$ref"])
    return None


def _resolved(node: Node, definitions: Node) -> Node:
    """The schema that a reference within the same file leads to."""
    reference = _reference(node) or ""
    return definitions[reference.rpartition("/")[2]] if reference.startswith("#/definitions/") else node


def _is_array(node: Node) -> bool:
    return node.get("type") == "array"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
