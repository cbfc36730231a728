"""SARIF against the official schema of version 2.1.0, which Microsoft's package ships."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from tests.integrations.programs import npm
from tests.support.cases import cases, lay_out, run


def test_what_every_broken_case_gives_is_valid(tmp_path: Path) -> None:
    folder = npm("@microsoft/jest-sarif") / "@microsoft/jest-sarif/lib/schemas"
    validator = jsonschema.Draft7Validator(json.loads((folder / "sarif-2.1.0-rtm.5.json").read_text()))
    rules, found = set(), 0
    for case in cases("err"):
        outcome = run(lay_out(case, tmp_path / case.name), "validate", "--format", "sarif")
        log = json.loads(outcome.out)
        assert [error.message for error in validator.iter_errors(log)] == [], case.name
        rules |= {rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]}
        found += len(log["runs"][0]["results"])
    assert len(rules) > 50
    assert found > 150
