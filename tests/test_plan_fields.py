"""Every path of the schemas has a class written down, and every field that we render."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from renderer.plan.fields import CAUTIOUS, MANIFEST, SCHEMAS, FieldClass, field_class, manifest_field_class, table
from renderer.render import render
from renderer.spec import app_of
from tests.support.cases import ROOT
from tests.support.plans import spec
from tests.support.verb_table import STATES

Schema = dict[str, Any]


def _schema(kind: str) -> Schema:
    loaded: Schema = json.loads((ROOT / f"schemas/rollspec/{kind.lower()}.json").read_text())
    return loaded


def _walk(schema: Schema, node: Any, pointer: str) -> Iterator[tuple[str, str | None]]:
    """Every property of our own schema, and its class; what another schema describes is a passthrough."""
    if not isinstance(node, dict) or node.get("x-rollspec-whole"):
        return
    reference = str(node.get("$ref", ""))
    if reference.startswith("#/definitions/"):
        yield from _walk(schema, schema["definitions"][reference.rpartition("/")[2]], pointer)
    for part in (*node.get("allOf", ()), node.get("items")):
        if isinstance(part, dict) and "if" not in part:
            yield from _walk(schema, part, pointer)
    for key, value in node.get("properties", {}).items():
        yield f"{pointer}/{key}", value.get("x-rollspec-class")
        yield from _walk(schema, value, f"{pointer}/{key}")


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_property_of_the_schema_has_a_class(kind: str) -> None:
    schema = _schema(kind)
    found = dict(_walk(schema, schema, ""))
    assert len(found) > 20
    assert [pointer for pointer, name in found.items() if name not in get_args(FieldClass)] == [], "`x-rollspec-class`"
    assert found == table(kind)


def test_a_path_inside_a_passthrough_takes_the_class_of_its_nearest_prefix() -> None:
    assert field_class("App", "/spec/pod/affinity/nodeAffinity") == "template"
    assert field_class("App", "/spec/autoscaling/metrics/0/resource/name") == "scale"
    assert field_class("App", "/spec/serviceAccount/annotations/x") == "behaviour"
    assert field_class("Overlay", "/spec/patches/3/target/kind") == "rendered"


def test_a_path_that_is_not_written_down_gets_the_most_cautious_class() -> None:
    assert field_class("App", "/spec/newField") == CAUTIOUS
    assert field_class("App", "/other") == CAUTIOUS
    assert manifest_field_class("Rollout", "/spec/workloadRef") == CAUTIOUS
    assert manifest_field_class("CronTab", "/spec/image") == CAUTIOUS
    assert manifest_field_class("CronTab", "/metadata/labels/a") == "metadata"


@pytest.mark.parametrize("state", STATES)
def test_every_field_that_we_render_is_written_down(state: str) -> None:
    data = spec(
        **{
            "serviceAccount": {"annotations": {"a": "b"}, "labels": {"c": "d"}, "automountServiceAccountToken": False},
            "disruptionBudget": {"maxUnavailable": 1},
            "files": {"/etc/a": "b"},
            **STATES[state],
        }
    )
    for manifest in render(app_of("web", "production", data, namespace="shop")):
        assert manifest.kind in MANIFEST, manifest.kind
        fields = [key for key in manifest.data if key not in ("apiVersion", "kind", "metadata", "immutable")]
        pointers = [f"/{key}" for key in fields if key != "spec" or manifest.kind not in ("Rollout", "Deployment")]
        if manifest.kind in ("Rollout", "Deployment"):
            pointers += [f"/spec/{key}" for key in manifest.data["spec"] if key != "selector"]
        unknown = [pointer for pointer in pointers if manifest_field_class(manifest.kind, pointer) == CAUTIOUS]
        assert unknown == [], manifest.kind
