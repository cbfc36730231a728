"""Problems as a JUnit report: what a CI server reads."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from renderer.problem import Problem
from renderer.report.problems import problems_text
from tests.support.cases import FIXTURES, lay_out, run


def suite(*problems: Problem) -> ET.Element:
    found = ET.fromstring(problems_text(problems, "junit")).find("testsuite")  # noqa: S314 - our own output
    assert found is not None
    return found


def test_an_error_is_a_failure_and_a_warning_is_not() -> None:
    found = suite(*(Problem("a.yaml", 1, 2, "labels", "wrong", severity=each) for each in ("error", "warning", "note")))
    assert (found.get("tests"), found.get("failures")) == ("3", "1")
    assert [case.find("failure") is not None for case in found] == [True, False, False]
    assert found[0].attrib == {"classname": "a.yaml", "name": "labels:1:2", "file": "a.yaml"}
    assert found[1].findtext("system-out") == "a.yaml:1:2: warning: labels: wrong"


def test_without_problems_one_case_passed() -> None:
    (case,) = suite()
    assert len(case) == 0


@given(st.text(), st.text())
def test_any_text_gives_a_report_that_can_be_read(file: str, message: str) -> None:
    (case,) = suite(Problem(file, 1, 1, "x", message))
    assert case.find("failure") is not None
    assert "\n" not in (case.get("classname") or "")


def test_the_command_prints_a_report(tmp_path: Path) -> None:
    project = lay_out(FIXTURES / "err/canary-weight-120", tmp_path / "p")
    outcome = run(project, "validate", "--format", "junit")
    found = ET.fromstring(outcome.out).find("testsuite")  # noqa: S314 - our own output
    assert outcome.code == 1
    assert found is not None
    assert int(found.get("failures") or 0) > 0
