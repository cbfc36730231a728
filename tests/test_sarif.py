"""Problems as SARIF: what a viewer of findings reads. tests/integrations holds it against the official schema."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from renderer.problem import Problem
from renderer.report.problems import problems_text
from tests.support.cases import FIXTURES, lay_out, run
from tests.support.repository import init


def sarif(*problems: Problem) -> Any:
    return json.loads(problems_text(problems, "sarif"))["runs"][0]


def test_each_severity_has_its_level() -> None:
    found = sarif(*(Problem("a.yaml", 1, 2, "labels", "wrong", severity=each) for each in ("error", "warning", "note")))
    assert [result["level"] for result in found["results"]] == ["error", "warning", "note"]


def test_a_rule_has_its_manual_page() -> None:
    (rule,) = sarif(Problem("a.yaml", 1, 2, "object-name", "wrong"))["tool"]["driver"]["rules"]
    assert rule["shortDescription"]["text"]
    assert rule["help"]["text"].startswith(rule["shortDescription"]["text"][:20])


def test_a_problem_of_a_whole_file_has_no_region() -> None:
    (whole, one) = sarif(Problem("a.yaml", 0, 0, "x", "m"), Problem("a.yaml", 3, 0, "x", "m"))["results"]
    assert "region" not in whole["locations"][0]["physicalLocation"]
    assert one["locations"][0]["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 1}


def test_a_finding_keeps_its_fingerprint_when_lines_move() -> None:
    old = [Problem("a.yaml", 3, 1, "labels", "m", "/spec/x"), Problem("a.yaml", 3, 1, "labels", "m", "/spec/x")]
    new = [replace(each, line=9) for each in old]
    others = [replace(old[0], pointer="/spec/y"), replace(old[0], file="b.yaml"), replace(old[0], rule="x")]
    fingerprints = [[each["partialFingerprints"] for each in sarif(*some)["results"]] for some in (old, new)]
    assert fingerprints[0] == fingerprints[1]
    found = [*fingerprints[0], *(each["partialFingerprints"] for each in sarif(*others)["results"])]
    assert len({*map(json.dumps, found)}) == len(found) == 5


def test_names_and_messages_stay_text() -> None:
    (result,) = sarif(Problem("a b/ü\udcff.yaml", 1, 1, "x", "[here](https://evil.example)\n##[group]"))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b/%C3%BC%FF.yaml"
    assert result["message"]["text"].startswith(r"\[here\](https://evil.example)\n#\x23\[group\]")


def test_files_are_named_from_the_top_of_the_repository(tmp_path: Path) -> None:
    project = lay_out(FIXTURES / "err/canary-weight-120", init(tmp_path / "repository") / "shop")
    outcome = run(project, "validate", "--format", "sarif")
    assert outcome.code == 1
    (result, *_) = json.loads(outcome.out)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].startswith("shop/apps/")


def test_no_problem_is_an_empty_run() -> None:
    assert sarif()["results"] == []
