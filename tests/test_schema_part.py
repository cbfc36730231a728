"""A part of a schema finds in a document what the whole schema finds, if it knows all names in the document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.project import Versions
from renderer.resources import read_schema
from renderer.schema import Schemas, judge
from renderer.schema.bundle import closed, parsed
from renderer.schema.judge import Judge
from renderer.schema.kinds import schema_path
from renderer.schema.part import names_in, part
from tests.support.cases import ROOT
from tests.test_schema_agree import DOCUMENTS, MANIFESTS, OURS, SPECS, mutants, values

SCHEMAS = Schemas(Versions(), read_schema)
SETS = sorted(path.parent.name for path in (ROOT / "schemas").glob("*/definitions.json"))
WHOLE: dict[str, Judge] = {}


def judge_of(data: Any) -> Judge | None:
    """A judge that has seen no document."""
    kind = data["kind"] if isinstance(data, dict) and isinstance(data.get("kind"), str) else ""
    if kind in OURS:
        return Judge(lambda: SCHEMAS.bundle(kind), lambda: SCHEMAS._source(kind))
    if schema_path(data) is None or not (text := SCHEMAS._manifest_text(data)):
        return None
    return Judge(text.decode, lambda: parsed(text, (), lambda _: b""))


def whole_of(data: Any, fresh: Judge) -> Any:
    """The whole schema of the document's kind, compiled once."""
    return WHOLE.setdefault(json.dumps([data.get("apiVersion"), data["kind"]]), fresh).whole()


def told(validator: Any, data: Any) -> list[Any]:
    return sorted((repr(error.instance_path), error.kind.name, error.message) for error in validator.iter_errors(data))


def check(data: Any, more: tuple[str, ...] = ()) -> None:
    fresh = judge_of(data)
    if fresh is None:
        return
    expected = told(whole_of(data, fresh), data)
    for names in (names_in(data), names_in(data) | {*more}):
        some = judge._compile(part(*fresh._source(), names))
        assert told(some, data) == expected
        assert some.is_valid(data) == (expected == [])


@pytest.mark.parametrize("data", DOCUMENTS, ids=lambda data: data["kind"])
def test_every_sample_is_judged_alike(data: Any) -> None:
    check(data, ("affinity", "resources", "canary"))


@settings(max_examples=300, deadline=None)
@given(mutants(SPECS) | mutants(MANIFESTS), st.sets(st.sampled_from(["spec", "type", "ports", "env", "x", "image"])))
def test_every_mutant_is_judged_alike(data: Any, more: set[str]) -> None:
    if isinstance(data, dict):
        check(data, tuple(more))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(OURS), values)
def test_anything_at_all_is_judged_alike(kind: str, data: Any) -> None:
    check({"apiVersion": "rollspec/v1", "kind": kind, "metadata": {"name": "a"}, "spec": data})


def test_a_judge_compiles_three_parts_and_then_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[int] = []
    compile_it = judge._compile

    def spy(schema: Any) -> Any:
        compiled.append(len(schema["properties"]))
        return compile_it(schema)

    monkeypatch.setattr(judge, "_compile", spy)
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in "abcdef"}}
    fresh = Judge(lambda: schema, lambda: (schema, lambda name: {}))
    for document in ({"a": "1"}, {"a": 1}, {"b": 1}, {"a": "1", "b": "1"}, {"c": 1}, {"d": 1}, {"e": 1}, {"a": "1"}):
        assert fresh.of(document).is_valid(document) == ("1" in document.values()), document
    assert compiled == [1, 2, 3, 6]


def test_a_judge_of_many_documents_compiles_the_whole() -> None:
    schema = {"properties": {"a": {"type": "string"}}}
    fresh = Judge(lambda: schema, lambda: (schema, lambda name: {}), 5)
    found = [fresh.of({"a": ""}) for _ in range(7)]
    assert len({id(each) for each in found}) == 2
    assert found[5] is fresh.whole()


@pytest.mark.parametrize("name", SETS)
def test_a_definition_read_by_its_line_is_the_one_in_the_set(name: str) -> None:
    text = read_schema(f"{name}/definitions.json") or b""
    expected = json.loads(text)["definitions"]
    references = {each: {"$ref": f"set.json#/definitions/{each}"} for each in expected}
    root = {"properties": references}
    found = closed(*parsed(json.dumps(root).encode(), ("set",), lambda _: text))["definitions"]
    assert {each.removeprefix("set."): node for each, node in found.items()} == json.loads(
        json.dumps(expected).replace('"#/definitions/', '"#/definitions/set.')
    )
