"""Cases of fixtures/plan, found by the name of their folder: two sides and the plan between them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click import Context

from renderer.cli import cli
from renderer.plan import CLASSES
from renderer.report.plan import FORMATS, plan_text
from tests.support.plan_cases import EXPECTED, FOLDER, SHARED, as_text, names, planned


@pytest.mark.parametrize("case", names())
def test_the_plan_is_as_written_and_every_format_tells_the_same(case: str, tmp_path: Path) -> None:
    plan, problems = planned(case, tmp_path)
    assert as_text(plan, problems) == (FOLDER / case / EXPECTED).read_text(), "see `python -m tests.support.plan_cases`"
    texts = {form: plan_text(plan, form) for form in FORMATS}
    data = json.loads(texts["json"])
    assert data["format"] == 1
    assert data["class"] == plan.class_
    for app in data["apps"]:
        for text in (texts["text"], texts["markdown"]):
            line = next(line for line in text.splitlines() if app["app"] in line and app["env"] in line)
            assert app["class"] in line
    assert "```text\n\n```" not in texts["markdown"], "a block without a line"
    for text in texts.values():
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


def test_a_case_is_two_sides_and_a_plan() -> None:
    assert len(names()) > 20
    for case in names():
        assert {path.name for path in (FOLDER / case).iterdir()} - {SHARED} == {"before", "after", EXPECTED}


def recommended(case: str) -> list[str]:
    """The commands of a plan that name the environment, without `rollspec`."""
    return re.findall(r"`rollspec ([^`]* --env [^`]*)`", (FOLDER / case / EXPECTED).read_text())


def test_plans_recommend_commands() -> None:
    assert sum(len(recommended(case)) for case in names()) > 50


@pytest.mark.parametrize("case", names())
def test_a_command_that_a_plan_recommends_is_whole(case: str) -> None:
    for line in recommended(case):
        verb, *words = line.replace("REF", "HEAD").replace("WEIGHT", "20").split()
        command = cli.get_command(Context(cli), verb)
        assert command, line
        given = command.make_context(verb, words).params
        is_whole = len(given.get("words", ())) == 2 or given.get("sets") or given.get("from_edits")
        assert verb != "release" or is_whole, f"{line}: of which tag?"
        assert verb != "switch" or given["to"] or given["go_on"], f"{line}: to what?"


def test_every_class_has_a_case() -> None:
    rows = [line.split() for case in names() for line in (FOLDER / case / EXPECTED).read_text().splitlines()]
    assert [name for name in CLASSES if not any(name in row[1:2] for row in rows)] == []
