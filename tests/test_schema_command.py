"""`rollspec schema`: what an editor is given is a schema of its own that takes the samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from renderer.yamlio import load
from tests.support.cases import ROOT, run

OF_KIND = {
    "App": [*ROOT.glob("fixtures/apps/*.yaml")],
    "App --partial": [*ROOT.glob("overlays/*/apps/*.yaml"), *ROOT.glob("fixtures/apps/*.yaml")],
    "Overlay": [*ROOT.glob("overlays/*/overlay.yaml")],
    "Project": [ROOT / "rollspec.yaml"],
}


def schema(words: str) -> Any:
    outcome = run(ROOT, "schema", *words.split())
    assert outcome.code == 0
    return json.loads(outcome.out)


@pytest.mark.parametrize("words", OF_KIND)
def test_it_takes_the_samples_and_no_unknown_field(words: str) -> None:
    valid = jsonschema_rs.Draft7Validator(schema(words)).is_valid
    assert OF_KIND[words]
    for file in OF_KIND[words]:
        data = _data(file)
        assert valid(data), file
        assert not valid({**data, "spec": {**data["spec"], "unknwon": 1}})


def test_a_partial_app_needs_its_name_and_may_take_fields_away() -> None:
    valid = jsonschema_rs.Draft7Validator(schema("App --partial")).is_valid
    head = {"apiVersion": "rollspec/v1", "kind": "App"}
    assert valid({**head, "metadata": {"name": "web"}, "spec": {"replicas": None, "env": {"A": None}}})
    assert not valid({**head, "metadata": {}, "spec": {}})
    assert not valid({**head, "metadata": {"name": "web"}, "spec": {"replicas": "many"}})
    assert run(ROOT, "schema", "Project", "--partial").code == 2


def test_an_overlay_s_defaults_are_fields_of_an_app() -> None:
    valid = jsonschema_rs.Draft7Validator(schema("Overlay")).is_valid
    head = {"apiVersion": "rollspec/v1", "kind": "Overlay", "metadata": {"name": "production"}}
    for good in ({}, {"replicas": 2}, {"strategy": {"router": "istio"}}, {"readinessProbe": {"periodSeconds": 1}}):
        assert valid({**head, "spec": {"defaults": good}}), good
    for wrong in ({"replica": 2}, {"replicas": "many"}, {"strategy": {"type": "Canry"}}, {"pod": {"containers": 1}}):
        assert not valid({**head, "spec": {"defaults": wrong}}), wrong


def test_an_overlay_that_extends_one_may_take_away_what_that_has() -> None:
    extends = ROOT / "fixtures/ok/overlay-takes-away/overlays/staging/overlay.yaml"
    assert jsonschema_rs.Draft7Validator(schema("Overlay --partial")).is_valid(_data(extends))


def _data(file: Path) -> Any:
    data, problems = load(file.read_bytes(), str(file))
    assert problems == []
    return data
