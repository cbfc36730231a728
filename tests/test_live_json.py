"""What `status --live --format json` prints fits the schema that `rollspec schema Live` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from renderer.live.model import Live, LiveEnvironment, Source, SourceState
from renderer.report.live import live_text
from tests.support.board import NOW
from tests.support.cases import run
from tests.test_board_live import LOST, NO_PROMETHEUS, READ, live
from tests.test_live_reading import CASES, read


@pytest.fixture(scope="module")
def schema() -> Any:
    data = json.loads(run(Path(), "schema", "Live").out)
    Draft7Validator.check_schema(data)
    return data


def shown(environment: LiveEnvironment) -> Any:
    return json.loads(live_text(Live(NOW, {environment.env: environment}), "json"))


@pytest.mark.parametrize("case", CASES)
def test_a_recording_of_a_real_cluster_fits(case: str, schema: Any) -> None:
    Draft7Validator(schema).validate(shown(LiveEnvironment("lab", READ, NO_PROMETHEUS, {"web": read(case)})))


@pytest.mark.parametrize("source", [READ, LOST, NO_PROMETHEUS, Source(SourceState.STARTING)])
def test_every_field_and_state_fits(source: Source, schema: Any) -> None:
    environment = replace(live().environments["production"], cluster=source, prometheus=source)
    data = shown(environment)
    Draft7Validator(schema).validate(data)
    assert data["environments"][0]["apps"][1]["statistics"][0]["series"]


def objects(node: Any) -> Iterator[Any]:
    """Every schema of an object with named fields."""
    if isinstance(node, dict):
        if "properties" in node:
            yield node
        for each in node.values():
            yield from objects(each)
    elif isinstance(node, list):
        for each in node:
            yield from objects(each)


def test_the_schema_is_closed_and_each_field_is_described(schema: Any) -> None:
    every = [*objects(schema)]
    assert len(every) > 5
    for each in every:
        assert each["additionalProperties"] is False
        assert set(each["required"]) == set(each["properties"])
        assert all("description" in field or "$ref" in field for field in each["properties"].values())


def test_a_missing_and_an_unknown_field_are_refused(schema: Any) -> None:
    data = shown(live().environments["production"])
    for change in ({"new": 1}, {"is_aborted": "yes"}):
        wrong = json.loads(json.dumps(data))
        wrong["environments"][0]["apps"][0] |= change
        assert list(Draft7Validator(schema).iter_errors(wrong))
    del data["environments"][0]["apps"][0]["phase"]
    assert list(Draft7Validator(schema).iter_errors(data))
