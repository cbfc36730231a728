"""Problems that differ in the name of the app alone are shown as one, with the names; JSON has all of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from renderer.plan import AppPlan, Effect, Plan
from renderer.problem import Problem
from renderer.report.plan import plan_text
from renderer.report.problems import folded, problems_text
from tests.bench.projects import generate, name_of
from tests.support.cases import run


def problem(name: str, line: int = 3, rule: str = "a-rule", message: str = "{} has no probe") -> Problem:
    return Problem(f"apps/{name}.yaml", line, 1, rule, message.format(name), f"/spec/{name}")


def test_in_few_apps_each_is_shown() -> None:
    some = [problem(name) for name in ("a", "b", "c")]
    assert folded(some) == [(each, []) for each in some]


def test_in_many_apps_it_is_shown_once() -> None:
    some = [problem(name, line) for line, name in enumerate(("web", "api", "job", "shop"), 1)]
    other = problem("web", 9, message="{} is alone")
    lines = problems_text([*some[:2], other, *some[2:]], "text").splitlines()
    assert lines == [str(some[0]), "  and the same in 3 more apps: api, job, shop", str(other)]
    annotations = problems_text(some, "github")
    assert annotations.count("\n") == 1
    assert "web has no probe (/spec/web); and the same in 3 more apps: api, job, shop" in annotations
    assert len(json.loads(problems_text(some, "json"))["problems"]) == 4


def test_rendered_files_are_no_apps() -> None:
    """An app has several; the folder is that of the app."""
    names = ("rollout", "service", "virtual-service", "destination-rule")
    some = [replace(problem(name, rule="output-file"), file=f"rendered/production/web/{name}.yaml") for name in names]
    some = [replace(each, message="the specs do not render this file") for each in some]
    lines = problems_text(some, "text").splitlines()
    assert lines[1:] == ["  and the same in 3 more files: service.yaml, virtual-service.yaml, destination-rule.yaml"]
    assert "; and the same in 3 more files: service.yaml" in problems_text(some, "github")


def test_of_very_many_apps_some_are_named() -> None:
    text = problems_text([problem(name_of(number)) for number in range(5000)], "text")
    assert text.count("\n") == 2
    assert "and the same in 4,999 more apps: app-00001, app-00002" in text
    assert text.endswith("app-00020 and 4,979 more, which --format json lists\n")


def test_other_severities_rules_and_folders_are_other_problems() -> None:
    names = ("web", "api", "job", "shop")
    some = [problem(name) for name in names]
    others = [
        *(replace(problem(name), file=f"x/{name}.yaml") for name in names[:2]),
        *(problem(name, rule="other") for name in names[:2]),
        *(replace(problem(name), severity="note") for name in names[:2]),
    ]
    expected: list[list[str]] = [["api", "job", "shop"], *([] for _ in others)]
    assert [names for _, names in folded([*some, *others])] == expected


@pytest.mark.parametrize("count", [3, 4])
def test_a_plan_shows_apps_with_the_same_problem_together(count: int) -> None:
    effect = Effect("scale", "the number of pods changes")
    apps = tuple(AppPlan(name_of(n), "production", (effect,), problems=(problem(name_of(n)),)) for n in range(count))
    for form in ("text", "markdown"):
        shown = plan_text(Plan("a", "b", apps), form)
        times = 2 if form == "markdown" else 1  # in the list of warnings, and with the details
        assert shown.count("has no probe") == times * (1 if count > 3 else count)
    assert len(json.loads(plan_text(Plan("a", "b", apps), "json"))["apps"]) == count


def test_on_the_command_line(tmp_path: Path) -> None:
    project = generate(tmp_path / "project", 6, 1)
    for path in (project / "apps").iterdir():
        path.write_text(path.read_text().replace("  tag:", "  tagg:"))
    told = run(project, "validate").err.splitlines()
    assert told == [
        "apps/app-00000.yaml:9:3: unknown-field: unknown field `tagg`; did you mean `tag`? (/spec/tagg)",
        "  and the same in 4 more apps: app-00001, app-00002, app-00004, app-00005",
        "apps/app-00003.yaml:9:3: unknown-field: unknown field `tagg`; did you mean `tag`, which is already here? "
        "(/spec/tagg)",
        "rollspec: 6 errors",
    ]
