"""`rollspec schema KIND`: the JSON Schema of a kind, for editors."""

from __future__ import annotations

import json
from typing import Any

from renderer.console import out
from renderer.failure import Failure
from renderer.project import Versions
from renderer.resources import read_schema
from renderer.schema import Schemas

KINDS = ("App", "Overlay", "Project")
OUTPUTS = ("Status", "Behind", "Live")  # of `status --format json`, and with --behind and --live
_NULL = {"type": "null"}


def show_schema(kind: str, *, partial: bool) -> None:
    """Print the JSON Schema of a kind; `partial`: of a file that is merged into another file of the kind."""
    if partial and kind not in ("App", "Overlay"):
        raise Failure("--partial is for App and Overlay", 2)
    if kind in OUTPUTS:
        out((read_schema(f"output/{kind.lower()}.json") or b"").decode(), end="")
    else:
        out(schema_text(kind, partial=partial), end="")


def schema_text(kind: str, *, partial: bool) -> str:
    """The JSON Schema of App, Overlay or Project, for the versions of a new project."""
    schemas = Schemas(Versions(), read_schema)
    bundle = _overlay(schemas) if kind == "Overlay" else schemas.bundle(kind)
    return json.dumps(_for_editors(_partial(bundle) if partial else bundle), indent=1, ensure_ascii=False) + "\n"


def _for_editors(node: Any) -> Any:
    """The schema without what only rollspec reads in it."""
    if isinstance(node, list):
        return [_for_editors(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {key: _for_editors(node[key]) for key in node if key != "$comment" and not key.startswith("x-rollspec-")}


def _overlay(schemas: Schemas) -> dict[str, Any]:
    """The schema of an overlay that includes the fields of an app under `defaults`, as the program checks them."""
    from renderer.schema.partial import relaxed

    overlay, app = schemas.bundle("Overlay"), relaxed(schemas.bundle("App"))
    spec = overlay["properties"]["spec"]
    defaults = {**spec["properties"]["defaults"], "allOf": [app["properties"]["spec"]]}
    spec = {**spec, "properties": {**spec["properties"], "defaults": defaults}}
    definitions = {**overlay["definitions"], **app["definitions"]}
    return {**overlay, "properties": {**overlay["properties"], "spec": spec}, "definitions": definitions}


def _partial(bundle: dict[str, Any]) -> Any:
    """The schema of what a file adds to another one: its name is all that it must have."""
    from renderer.schema.partial import relaxed

    found = _with_null(relaxed(bundle))
    found["properties"]["metadata"] = bundle["properties"]["metadata"]
    return {**found, "required": ["apiVersion", "kind", "metadata"]}


def _with_null(node: Any) -> Any:
    """The schema that lets every value of a mapping be null."""
    if isinstance(node, list):
        return [_with_null(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {
        key: _with_null(value) if key not in ("enum", "const", "default") else value for key, value in node.items()
    }
    if isinstance(found.get("properties"), dict):
        found["properties"] = {name: _or_null(each) for name, each in found["properties"].items()}
    if isinstance(found.get("additionalProperties"), dict):
        found["additionalProperties"] = _or_null(found["additionalProperties"])
    return found


def _or_null(node: dict[str, Any]) -> dict[str, Any]:
    described = {"description": node["description"]} if "description" in node else {}
    return {**described, "anyOf": [node, _NULL]}
