"""An extra argument: the command line that was meant is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cases import FIXTURES, lay_out, run


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["plan", "HEAD~1"], "rollspec plan --base HEAD~1"),
        (["plan", "origin/main"], "rollspec plan --base origin/main"),
        (["status", "web", "production"], "rollspec status --app web --env production"),
        (["history", "web", "production"], "rollspec history web --env production"),
    ],
)
def test_an_extra_argument_is_shown_behind_its_option(given: list[str], meant: str, tmp_path: Path) -> None:
    project = lay_out(FIXTURES / "ok/own-patches", tmp_path / "p", leave=frozenset(("expected",)))
    app = next((project / "apps").glob("*.yaml")).stem
    outcome = run(project, *(word.replace("web", app) for word in given))
    assert outcome.code == 2
    assert outcome.err.endswith(f"Did you mean: {meant.replace('web', app)}\n")


def test_an_argument_that_means_nothing_gives_no_advice(tmp_path: Path) -> None:
    project = lay_out(FIXTURES / "ok/own-patches", tmp_path / "p", leave=frozenset(("expected",)))
    outcome = run(project, "plan", "nonsense")
    assert outcome.code == 2
    assert "Did you mean" not in outcome.err


def test_a_name_in_place_of_a_file(tmp_path: Path) -> None:
    project = lay_out(FIXTURES / "ok/own-patches", tmp_path / "p", leave=frozenset(("expected",)))
    outcome = run(project, "render", "production")
    assert outcome.code == 2
    assert "`--env production`" in outcome.err
