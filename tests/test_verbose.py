"""`--verbose` says on stderr what each step took and what was known already; stdout stays as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.bench.projects import generate
from tests.support.cases import run
from tests.support.past import Repository

LINE = re.compile(r"rollspec: ([^:]+): \d+ ms(?: \((.*)\))?")
LOOK = "look at the times and sizes of files"


def steps(err: str) -> dict[str, str]:
    """The facts by step; every line is one."""
    found = [LINE.fullmatch(line) for line in err.splitlines()]
    assert all(found), err
    return {match[1]: match[2] or "" for match in found if match}


def test_render_says_what_it_read_and_what_earlier_runs_knew(tmp_path: Path) -> None:
    project = generate(tmp_path / "p", 3, 2)
    first = run(project, "render", "--verbose")
    assert first.out.endswith(" written, 0 unchanged, 0 removed\n")
    told = steps(first.err)
    assert [*told] == ["read the project", LOOK, "render", "check across apps", "write", "remember"]
    assert told["read the project"].endswith("3 apps, 2 environments")
    assert told["render"].startswith("3 apps, 0 more unchanged")
    second = steps(run(project, "render", "-v").err)
    assert second["render"].startswith("0 apps, ")
    assert second["check across apps"] == "nothing changed since they were checked"
    assert steps(run(project, "render", "-v", "--no-cache").err).keys() == told.keys() - {LOOK}


@pytest.mark.parametrize(("command", "count"), [("validate", 4), ("plan", 5)])
def test_so_do_validate_and_plan(command: str, count: int, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit("begin")
    assert len(steps(repository.run(command, "-v", "--base", "HEAD").err)) == count


@pytest.mark.parametrize("command", ["render", "validate"])
def test_without_it_nothing_is_said(command: str, tmp_path: Path) -> None:
    assert run(generate(tmp_path / "p", 1, 1), command).err == ""
