"""The severities of a problem, in every format: a note is shown and never stops a run, also under --strict."""

from __future__ import annotations

import json

import pytest

from renderer.plan import AppPlan, Effect, Plan
from renderer.problem import SEVERITIES, Problem, Severity, count_text, errors, harshest, strict, that_exist
from renderer.report.plan import plan_text
from renderer.report.problems import problems_text
from renderer.usecases.shown import show_problems

EACH = [Problem("apps/a.yaml", line, 1, "tag", "new", "/spec/tag", each) for line, each in enumerate(SEVERITIES, 1)]
NOTE = EACH[-1]


def test_strict_makes_errors_of_warnings_and_leaves_notes() -> None:
    assert [problem.severity for problem in strict(EACH)] == ["error", "error", "note"]
    assert errors(strict([NOTE])) == []


def test_problems_are_counted_by_severity() -> None:
    assert count_text([*EACH, NOTE]) == "1 error, 1 warning, 2 notes"
    assert count_text([]) == ""


@pytest.mark.parametrize(("some", "one"), [(EACH, "error"), (EACH[1:], "warning"), ([NOTE], "note")])
def test_the_harshest_severity(some: list[Problem], one: Severity) -> None:
    assert harshest(some) == one


def test_text() -> None:
    assert problems_text([NOTE], "text") == "apps/a.yaml:3:1: note: tag: new (/spec/tag)\n"


def test_json() -> None:
    assert [each["severity"] for each in json.loads(problems_text(EACH, "json"))["problems"]] == list(SEVERITIES)


def test_annotations_of_github_call_a_note_a_notice() -> None:
    commands = [line.split(" ")[0] for line in problems_text(EACH, "github").splitlines()]
    assert commands == ["::error", "::warning", "::notice"]


def test_a_plan_counts_notes_apart_from_problems() -> None:
    app = AppPlan("a", "production", (Effect("abort", "back to 1", ()),), problems=(EACH[1], NOTE))
    plan = Plan("main", "HEAD", (app,))
    assert "(1 problem, 1 note)" in plan_text(plan, "text")
    assert "note     apps/a.yaml:3:1: note: tag: new" in plan_text(plan, "text")
    assert "- note **tag**, a in production: new" in plan_text(plan, "markdown")
    (shown,) = json.loads(plan_text(plan, "json"))["apps"]
    assert [each["severity"] for each in shown["problems"]] == ["warning", "note"]


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif", "junit"])
@pytest.mark.parametrize("is_strict", [False, True])
def test_a_note_is_shown_and_does_not_stop_a_run(
    form: str, is_strict: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show_problems([NOTE], form, is_strict=is_strict) is False
    printed = capsys.readouterr()
    assert "new" in printed.err + printed.out


def test_the_names_that_exist() -> None:
    assert that_exist(["b", "a"]) == "there are a, b"
    assert that_exist(["a"]) == "there is only a"
    assert that_exist([]) == "there is none"
