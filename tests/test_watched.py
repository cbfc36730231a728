"""What watches a canary: in `status` of an app by its name, and in `promote` before anything was measured."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.cases import FIXTURES, lay_out, run
from tests.support.repository import environment, git, init

WATCHED = "    watched  from 20 %: success rate >= 99"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A canary at 20 % with built-in checks, not committed."""
    case = FIXTURES / "ok" / "analysis-level-2"
    folder = init(lay_out(case, tmp_path / "project", leave=frozenset(("expected", "warnings.txt"))))
    assert run(folder, "render").code == 0
    return folder


def _save(folder: Path, time: str) -> None:
    git(folder, "add", "--all")
    dates = {"GIT_COMMITTER_DATE": time, "GIT_AUTHOR_DATE": time}
    git(folder, "commit", "--quiet", "--message", "release", env=environment(**dates))


def test_status_says_it_of_an_app_by_its_name(project: Path) -> None:
    _save(project, "2026-01-01T00:00:00Z")
    assert WATCHED in run(project, "status", "--app", "web").out
    assert "watched" not in run(project, "status").out


def test_a_promotion_before_the_first_check_has_a_note(project: Path) -> None:
    _save(project, datetime.now(UTC).isoformat())
    done = run(project, "promote", "web", "--env", "production", "--dry-run")
    assert done.code == 0, done.err
    assert "web in production: the analysis has measured nothing yet" in done.err


def test_a_later_one_has_none(project: Path) -> None:
    _save(project, "2026-01-01T00:00:00Z")
    done = run(project, "promote", "web", "--env", "production", "--dry-run")
    assert (done.code, "measured nothing" in done.err) == (0, False), done.err


def test_the_plan_of_such_a_promotion_has_a_note(project: Path) -> None:
    _save(project, "2026-01-01T00:00:00Z")
    assert run(project, "promote", "web", "--env", "production").code == 0
    assert "measured nothing" not in run(project, "plan", "--base", "HEAD").out
    _save(project, "2026-01-01T00:00:59Z")
    note = "the analysis has measured nothing yet: the canary was committed 59s before, and the first check is 1m after"
    assert note in run(project, "plan", "--base", "HEAD~1", "--head", "HEAD").out


def test_the_plan_of_one_after_the_first_check_has_none(project: Path) -> None:
    _save(project, "2026-01-01T00:00:00Z")
    assert run(project, "promote", "web", "--env", "production").code == 0
    _save(project, "2026-01-01T00:01:00Z")
    done = run(project, "plan", "--base", "HEAD~1", "--head", "HEAD")
    assert (done.code, "measured nothing" in done.out) == (0, False), done
