"""The reason why somebody passed a freeze: history, status and plan show it, also of a squashed merge."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.past import WEB, Repository

SQUASHED = (
    "Ship 1.5.1 (#12)\n\n* deploy(production): release web 1.5.1 at 20 %\n\nRollspec-Break-Glass: the shop is down\n\n"
    "* deploy(production): weight web\n\nRollspec-App: web\n"
)


@pytest.fixture(params=["verb", "squashed"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Repository:
    """A canary that passed a freeze, by a verb or by a squashed merge that has the reason in its text."""
    made = Repository(tmp_path / "repository")
    made.overlay("production", '  freeze: [{schedule: "* * * * *", duration: 1d}]\n')
    made.rendered()
    release = ("release", "web", "1.5.1", "--weight", "20", "--break-glass", "the shop is down")
    if request.param == "verb":
        made.text(*release, "--commit")
    else:
        made.text(*release)
        made.commit(SQUASHED)
    return made


def test_history_shows_it(repository: Repository) -> None:
    assert "starts at 20 % (break glass: the shop is down)" in repository.text("history", "web")
    entry = repository.data("history", "web")["environments"][0]["entries"][0]
    assert entry["steps"][0]["commit"]["breakGlass"] == "the shop is down"


def test_status_shows_it(repository: Repository) -> None:
    assert "(break glass: the shop is down)" in repository.text("status")
    assert repository.data("status")["apps"][0]["started"]["breakGlass"] == "the shop is down"


def test_the_plan_shows_it(repository: Repository) -> None:
    line = "A commit of this change passes a freeze: the shop is down"
    assert line in repository.text("plan", "--base", "HEAD~1")
    assert line in repository.text("plan", "--base", "HEAD~1", "--format", "markdown")
    assert repository.data("plan", "--base", "HEAD~1")["breakGlass"] == ["the shop is down"]
    assert repository.data("plan", "--base", "HEAD")["breakGlass"] == []


def test_validate_makes_the_freeze_a_note(repository: Repository) -> None:
    done = repository.run("validate", "--base", "HEAD~1")
    assert (done.code, "a commit breaks the glass: the shop is down" in done.out + done.err) == (0, True)


def test_a_reason_of_two_commits_is_shown_once(repository: Repository) -> None:
    repository.text("weight", "web", "50", "--break-glass", "the shop is down", "--commit")
    assert repository.data("plan", "--base", "HEAD~2")["breakGlass"] == ["the shop is down"]


@pytest.mark.parametrize("reason", [" ", "-n", "--commit"])
def test_an_option_or_a_blank_is_not_a_reason(repository: Repository, reason: str) -> None:
    done = repository.run("weight", "web", "50", "--break-glass", reason)
    assert (done.code, repository.git("status", "--porcelain")) == (2, "")
    assert f"{reason!r} is not a reason" in done.err


FREEZE = '  freeze: [{schedule: "* * * * *", duration: 1d}]\n'


def test_it_counts_in_environments_that_extend_the_named_one(tmp_path: Path) -> None:
    """They inherit the freeze and the spec: one commit of a verb changes both."""
    made = Repository(tmp_path / "repository")
    made.overlay("production", FREEZE)
    made.overlay("eu", "  extends: production\n")
    made.rendered()
    verb = ("release", "web", "1.5.1", "--weight", "20", "--env", "production", "--break-glass", "x", "--commit")
    made.text(*verb)
    made.text(*(word.replace("release", "promote") for word in verb if word not in ("1.5.1", "--weight", "20")))
    done = made.run("validate", "--base", "HEAD~1")
    assert (done.code, "is frozen until" in done.err) == (0, True), done.err


def test_the_reason_of_a_squashed_commit_counts_for_its_own_apps(tmp_path: Path) -> None:
    made = Repository(tmp_path / "repository")
    made.overlay("production", FREEZE)
    made.app("api", WEB)
    made.rendered()
    about = "* deploy: release {0}\n\nRollspec-App: {0}\nRollspec-Env: production\nRollspec-Verb: release\n"
    for app in ("web", "api"):
        made.text("release", app, "1.5.1", "--weight", "20", "--env", "production", "--break-glass", "x")
    made.commit(f"Two releases (#12)\n\n{about.format('web')}Rollspec-Break-Glass: urgent\n\n{about.format('api')}")
    done = made.run("validate", "--base", "HEAD~1")
    assert done.code == 1
    held = [line for line in done.err.splitlines() if "is frozen until" in line]
    found = {app: "breaks the glass" in line for app in ("web", "api") for line in held if f"change of {app}" in line}
    assert found == {"web": True, "api": False}
