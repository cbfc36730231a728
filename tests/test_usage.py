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
        (["history", "production", "web"], "rollspec history web --env production"),
        (["switch", "web", "Canary", "istio"], "rollspec switch web --to Canary --router istio"),
        (["switch", "Canary", "web"], "rollspec switch web --to Canary"),
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


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("release v3 web", "there is no app `v3`; the app comes first: `rollspec release web v3`"),
        ("release v3", "there is no app `v3`: `rollspec release APP v3`"),
        (
            "release web 1.5.0 web2 2.0.0",
            "there is no app `1.5.0`; for several apps, give each its tag, such as `rollspec release web=1.5.0`",
        ),
        ("release web 1.5.0 production", "production is an environment, not an app: give `--env production`"),
        ("promote web 1.5.0", "there is no app `1.5.0`: `promote` takes apps, and no tag"),
        ("abort 1.5.0 web", "there is no app `1.5.0`: `abort` takes apps, and no tag"),
        ("retry web v2", "there is no app `v2`: `retry` takes apps, and no tag"),
        ("restart v2 web", "there is no app `v2`: `restart` takes apps, and no tag"),
        ("pause web 2", "there is no app `2`: `pause` takes apps, and no tag"),
        ("resume web 2", "there is no app `2`: `resume` takes apps, and no tag"),
        (
            "undo web 1.4.2",
            "there is no app `1.4.2`: `undo` takes apps, and no tag; it goes back to the version before, or with "
            "`--to REF` to an older one",
        ),
        ("weight production web 20", "production is an environment, not an app: give `--env production`"),
        ("weight 20 web", "the apps come first: `rollspec weight web 20`"),
        ("weight 20% web", "the apps come first: `rollspec weight web 20%`"),
        ("weight 20 web api", "the apps come first: `rollspec weight web api 20`"),
        ("weight web 20 api", "the apps come first: `rollspec weight web api 20`"),
        ("weight 20 50 web", "the apps come first: `rollspec weight APP 20`"),
        ("weight web 20 50", "there is no app `20`: `weight` takes apps, then one share"),
    ],
)
def test_arguments_in_the_wrong_order_are_named_with_the_right_one(given: str, said: str, tmp_path: Path) -> None:
    project = lay_out(FIXTURES / "ok/own-patches", tmp_path / "p", leave=frozenset(("expected",)))
    app = next((project / "apps").glob("*.yaml"))
    app.with_stem("web").write_text(app.read_text().replace(f"name: {app.stem}", "name: web", 1))
    outcome = run(project, *given.split())
    assert outcome.code == 2
    assert said in outcome.err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("status --at yesterday", "'yesterday' is not a time: write 2026-03-01T12:00Z, with its time zone"),
        ("validate overlays/production/apps/typo.yaml", "there is no file "),
        ("render overlays/production/apps/typo.yaml", "there is no file "),
    ],
)
def test_a_mistyped_value_is_refused_with_what_to_write(given: str, said: str, tmp_path: Path) -> None:
    project = lay_out(FIXTURES / "ok/own-patches", tmp_path / "p", leave=frozenset(("expected",)))
    outcome = run(project, *given.split())
    assert (outcome.code, said in outcome.err) == (2, True), outcome.err


def test_a_strategy_may_be_written_in_small_letters(tmp_path: Path) -> None:
    project = lay_out(FIXTURES / "ok/own-patches", tmp_path / "p", leave=frozenset(("expected",)))
    outcome = run(project, "new", "other", "--image", "ghcr.io/acme/other", "--tag", "1.0.0", "--strategy", "recreate")
    assert outcome.code == 0
    assert "type: Recreate" in (project / "apps/other.yaml").read_text()
