"""States of a project and its history that are rare, but that a user can meet: each gets a plain answer."""

from __future__ import annotations

from pathlib import Path

from tests.support.past import WEB, Repository
from tests.test_from_edits import state


def test_a_plan_says_that_a_restart_waits_for_a_time_in_the_future(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.rendered()
    for mark, is_said in (("2999-01-01T00:00:00Z", True), ("2001-01-01T00:00:00Z", False)):
        repository.partial(f"  restartedAt: {mark}\n")
        assert ("nothing happens until" in repository.text("plan", "--base", "HEAD")) == is_said


def test_a_restart_at_a_time_that_no_calendar_has(tmp_path: Path) -> None:
    """The API server refuses the Rollout."""
    repository = Repository(tmp_path / "project")
    repository.rendered()
    for mark in ("2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-31T24:00:00Z"):
        repository.partial(f"  restartedAt: {mark}\n")
        done = repository.run("validate")
        assert (done.code, "expected a time such as 2026-01-31T12:00:00Z" in done.err) == (1, True), done
    repository.partial("  restartedAt: 2025-02-29T00:00:00Z\n")  # no leap year
    assert "nothing happens until" not in repository.text("plan", "--base", "HEAD")


def test_what_was_aborted_in_an_environment_is_left_out_of_many(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.overlay("staging")
    repository.app("api", WEB.replace("web", "api"))
    for app in ("api", "web"):
        repository.partial("  tag: 1.5.0\n", env="staging", app=app)
    repository.partial("  aborted: {tag: 1.5.0}\n")
    repository.rendered()
    words = ("--from-env", "staging", "--env", "production", "--weight", "20")
    done = repository.run("release", "api", "web", *words)
    assert "web: 1.5.0 was aborted here and is left out; --redo releases it again" in done.err
    assert state(repository, "production") == {"aborted": {"tag": "1.5.0"}}
    assert state(repository, "production", "api") == {"canary": {"tag": "1.5.0", "weight": 20}}
    done = repository.run("release", "web", *words)
    assert "web: 1.5.0 was aborted here before" in done.err
    assert state(repository, "production") == {"canary": {"tag": "1.5.0", "weight": 20}}
