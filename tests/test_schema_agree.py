"""jsonschema-rs, which decides, and jsonschema, which is the oracle, agree on mutants; every refusal is explained."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from renderer.project import Versions
from renderer.resources import read_schema
from renderer.schema import Schemas
from renderer.schema.partial import without_nulls

ROOT = Path(__file__).parents[1]
SCHEMAS = Schemas(Versions(), read_schema)
FOLDERS = ("schema/ok", "schema/partial", "apps", "manifests")
DOCUMENTS = [
    yaml.load(path.read_text(), yaml.CSafeLoader)
    for folder in FOLDERS
    for path in sorted((ROOT / "fixtures" / folder).glob("*.yaml"))
]
OURS = ("App", "Overlay", "Project")
SPECS = [document for document in DOCUMENTS if document["kind"] in OURS]
MANIFESTS = [document for document in DOCUMENTS if document["kind"] not in OURS]
RAW = re.compile(r"is not valid under|is not of type|does not match|is a required property|\{'|\['")

words = st.sampled_from(
    ["", "x", "25%", "-1", "1Gi", "5s", "a/b", "Canary", "istio", "true", "a\n", "é", "\x1b[2J", "1.10"]
)
scalars = st.none() | st.booleans() | st.integers(-2, 70000) | st.sampled_from([0.5, 1e300, float("inf")]) | words
values = st.recursive(
    scalars, lambda each: st.lists(each, max_size=2) | st.dictionaries(words, each, max_size=2), max_leaves=4
)


def places(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to everything inside a document."""
    for key, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield (*way, key)
        yield from places(child, (*way, key))


@st.composite
def mutants(draw: st.DrawFn, documents: list[Any]) -> Any:
    """A valid document after one to three changes anywhere."""
    found = copy.deepcopy(draw(st.sampled_from(documents)))
    for _ in range(draw(st.integers(1, 3))):
        if ways := list(places(found)):
            *way, key = draw(st.sampled_from(ways))
            parent = found
            for step in way:
                parent = parent[step]
            change(draw, parent, key)
    return found


def change(draw: st.DrawFn, parent: Any, key: Any) -> None:
    what = draw(st.sampled_from(["value", "take", "rename", "wrap", "another", "twice"]))
    if what == "take":
        del parent[key]
    elif what == "rename" and isinstance(parent, dict):
        parent[draw(st.sampled_from([key[:-1], key + "s", key.upper(), key[::-1], "a" + key]))] = parent.pop(key)
    elif what == "wrap":
        parent[key] = draw(st.sampled_from([[parent[key]], {"value": parent[key]}, "text"]))
    elif what == "another" and isinstance(parent, dict):
        parent[draw(words)] = draw(values)
    elif what == "twice" and isinstance(parent, list):
        parent.append(copy.deepcopy(parent[key]))
    else:
        parent[key] = draw(values)


def pattern(_validator: Any, expected: str, text: Any, _schema: Any) -> Iterator[ValidationError]:
    # Python's `$` also matches before a last line end; the other readers' does not.
    if isinstance(text, str) and not re.search(expected.replace("$", r"\Z"), text):
        yield ValidationError("")


def is_number(_checker: Any, value: Any) -> bool:
    # JSON has no infinite numbers, and jsonschema-rs takes none.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) != float("inf")


def oracle(schema: Any) -> Any:
    types = Draft7Validator.TYPE_CHECKER.redefine("number", is_number)
    kind = extend(Draft7Validator, {"pattern": pattern}, type_checker=types)  # type: ignore[no-untyped-call]
    return kind(schema, format_checker=Draft7Validator.FORMAT_CHECKER)


ORACLES = {name: oracle(SCHEMAS.bundle(name)) for name in OURS}


def plain(faults: list[Any]) -> bool:
    return all(fault.message.isprintable() and fault.message and not RAW.search(fault.message) for fault in faults)


def kind_of(data: Any) -> str:
    kind = data.get("kind")
    return kind if isinstance(kind, str) and kind in OURS else "App"


@settings(deadline=None)
@given(mutants(SPECS))
def test_both_validators_agree_on_specs_and_every_refusal_is_explained(data: Any) -> None:
    name = kind_of(data)
    valid = SCHEMAS.valid(name, data)
    faults = SCHEMAS.explain(name, data)
    assert valid == ORACLES[name].is_valid(data)
    assert valid == (not faults)
    assert plain(faults)
    assert not [fault for fault in faults if "does not fit" in fault.message]


@settings(deadline=None)
@given(mutants(MANIFESTS))
def test_every_refused_manifest_is_explained(data: Any) -> None:
    faults = SCHEMAS.manifest_explain(data)
    assert SCHEMAS.manifest_valid(data) == (not faults)
    assert plain(faults)
    assert not [fault for fault in faults if "does not fit" in fault.message]


@settings(deadline=None)
@given(mutants(SPECS))
def test_a_partial_file_is_refused_for_nothing_that_the_whole_is_not(data: Any) -> None:
    name = kind_of(data)
    partial = SCHEMAS.explain(name, data, partial=True)
    whole = [*SCHEMAS.explain(name, data), *SCHEMAS.explain(name, without_nulls(data))]
    assert plain(partial)
    assert not [fault for fault in partial if fault.rule == "missing-field"]
    assert {fault.pointer for fault in partial} <= {fault.pointer for fault in whole}


@settings(deadline=None)
@given(values)
def test_anything_at_all_is_judged(data: Any) -> None:
    for name in OURS:
        assert SCHEMAS.explain(name, data)
    assert SCHEMAS.manifest_explain(data)
    assert not SCHEMAS.known(data)
