"""The committed sets of manifest schemas: what the lock says, portable, complete, and read alike by every reader."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
import yaml

from schemas.make.add import SOURCES, supported
from tests.support.kubeconform import judge
from tests.support.mutants import Mutant, Object, mutants

ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "schemas"
LOCK = json.loads((SCHEMAS / "make" / "lock.json").read_text())
SETS = sorted(LOCK["outputs"])
FILES = [f"{name}/{path}" for name in SETS for path in LOCK["outputs"][name]]
SAMPLES = sorted((ROOT / "fixtures" / "manifests").glob("*.yaml"))
OLDEST = tuple(f"{name}-{supported(name)[0]}" for name in SOURCES)
NEWEST = tuple(f"{name}-{supported(name)[-1]}" for name in SOURCES)
MUTANTS = 600

Sets = tuple[str, ...]


def document(path: str) -> Any:
    return json.loads((SCHEMAS / path).read_text())


def nodes(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(child)


def samples() -> list[Object]:
    return [yaml.load(path.read_text(), yaml.CSafeLoader) for path in SAMPLES]


def schema_path(manifest: Object, sets: Sets) -> str | None:
    group, _, version = str(manifest.get("apiVersion")).rpartition("/")
    inside = f"{group or 'v1'}/{str(manifest.get('kind')).lower()}_{version}.json"
    return next((f"{name}/{inside}" for name in sets if inside in LOCK["outputs"][name]), None)


@cache
def fast(path: str) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(document(path))


@cache
def slow(path: str) -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(document(path))


@pytest.mark.parametrize("name", SETS)
def test_a_set_holds_exactly_what_the_lock_says(name: str) -> None:
    found = {
        str(path.relative_to(SCHEMAS / name)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (SCHEMAS / name).rglob("*")
        if path.is_file()
    }
    assert found == LOCK["outputs"][name]


def test_the_lock_names_every_set_and_every_input_has_a_hash() -> None:
    assert {path.name for path in SCHEMAS.glob("*-[0-9]*")} == set(SETS)
    assert all({"sha256", "sum"} & pin.keys() for pin in LOCK["inputs"].values())


@pytest.mark.parametrize("name", SETS)
def test_every_file_compiles_and_stands_alone(name: str) -> None:
    for path in LOCK["outputs"][name]:
        schema = document(f"{name}/{path}")
        jsonschema_rs.Draft7Validator(schema)
        targets = {node["$ref"] for node in nodes(schema) if isinstance(node.get("$ref"), str)}
        assert targets <= {f"#/definitions/{key}" for key in schema.get("definitions", {})}, path


@pytest.mark.parametrize("name", SETS)
def test_patterns_are_read_alike_by_re2_rust_and_python(name: str) -> None:
    for path in LOCK["outputs"][name]:
        for node in nodes(document(f"{name}/{path}")):
            pattern = node.get("pattern")
            if isinstance(pattern, str):
                assert not re.search(r"\\[dDwWsSbBAzZ]|\(\?|\\p", pattern), (path, pattern)
                # Python's `$` also matches before a last newline
                assert "$" not in pattern or node["not"] == {"type": "string", "pattern": "\\n"}, (path, pattern)
                assert "format" not in node


@pytest.mark.parametrize("name", SETS)
def test_objects_with_fields_are_closed(name: str) -> None:
    for path in LOCK["outputs"][name]:
        for node in nodes(document(f"{name}/{path}")):
            if node.get("type") == "object" and "properties" in node and isinstance(node["properties"], dict):
                assert node.get("additionalProperties") is False, (path, sorted(node["properties"]))


@pytest.mark.parametrize("name", SETS)
def test_a_kind_fixes_its_name_and_wants_metadata(name: str) -> None:
    for path in LOCK["outputs"][name]:
        if path == "definitions.json":
            continue
        schema = document(f"{name}/{path}")
        group, _, file = path.rpartition("/")
        kind, _, version = file.removesuffix(".json").partition("_")
        assert schema["properties"]["apiVersion"] == {"const": version if group == "v1" else f"{group}/{version}"}
        assert schema["properties"]["kind"]["const"].lower() == kind
        assert {"apiVersion", "kind", "metadata"} <= set(schema["required"])
        assert "status" not in schema["properties"]


@pytest.mark.parametrize("sets", [OLDEST, NEWEST, ("kubernetes-1.35",), ("kubernetes-1.36",)], ids=lambda sets: sets[0])
def test_kubeconform_compiles_every_kind(sets: Sets, tmp_path: Path) -> None:
    # One that it cannot compile is reported as a kind without a schema.
    for name in sets:
        for number, path in enumerate(path for path in LOCK["outputs"][name] if "/" in path):
            fixed = document(f"{name}/{path}")["properties"]
            stub = {"apiVersion": fixed["apiVersion"]["const"], "kind": fixed["kind"]["const"], "x": 1}
            (tmp_path / f"{name}-{number}.json").write_text(json.dumps(stub))
    found = judge(tmp_path, sets)
    assert len(found) == sum(len(LOCK["outputs"][name]) - 1 for name in sets)
    assert {verdict.valid for verdict in found.values()} == {False}
    assert not [verdict.message for verdict in found.values() if "additional properties 'x'" not in verdict.message]


@pytest.mark.parametrize("sets", [OLDEST, NEWEST], ids=["oldest", "newest"])
def test_every_reader_gives_the_same_verdict_on_samples_and_mutants(sets: Sets, tmp_path: Path) -> None:
    originals = [Mutant(f"{sample['kind']}/{sample['metadata']['name']}", "none", "", sample) for sample in samples()]
    subjects = [*originals, *mutants(samples(), MUTANTS)]
    for number, mutant in enumerate(subjects):
        (tmp_path / f"{number}.json").write_text(json.dumps(mutant.manifest))
    theirs = judge(tmp_path, sets)
    differ = []
    for number, mutant in enumerate(subjects):
        path = schema_path(mutant.manifest, sets)
        ours = path is not None and fast(path).is_valid(mutant.manifest)
        oracle = path is not None and slow(path).is_valid(mutant.manifest)
        if not ours == oracle == theirs[f"{number}.json"].valid:
            differ.append((mutant.name, ours, oracle, theirs[f"{number}.json"]))
    assert not differ
    assert all(theirs[f"{number}.json"].valid for number in range(len(originals)))
    refused = sum(not verdict.valid for verdict in theirs.values())
    assert len(subjects) >= MUTANTS
    assert refused >= MUTANTS * 0.6


def test_mutants_are_the_same_each_time_and_all_differ_from_their_source() -> None:
    first, again, turned = mutants(samples(), 200), mutants(samples(), 200), mutants(samples()[::-1], 200)
    assert [repr(mutant) for mutant in first] == [repr(mutant) for mutant in again]
    assert {mutant.name for mutant in first} == {mutant.name for mutant in turned}
    # As text: in Python, 1 equals True.
    assert {json.dumps(mutant.manifest) for mutant in first}.isdisjoint(map(json.dumps, samples()))
