"""The reason why somebody passed a freeze: history, status and plan show it, also of a squashed merge."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.past import Repository

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
