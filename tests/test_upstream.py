"""A verb says where the branch's upstream has newer specs of its apps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.past import WEB, Repository

SAID = "rollspec: origin/main has {} about web that this branch lacks, so this begins from an older state: `git pull "


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A branch whose upstream was fetched, and is where the branch is."""
    made = Repository(tmp_path / "repository")
    made.app("api", WEB)
    made.rendered()
    made.verb("release", "web", "1.5.0", "--weight", "20")
    made.git("clone", "--quiet", "--bare", ".", str(tmp_path / "origin.git"))
    made.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    made.git("fetch", "--quiet", "origin")
    made.git("branch", "--set-upstream-to", "origin/main")
    return made


def theirs(repository: Repository, *verbs: tuple[str, ...]) -> None:
    """Verbs that somebody else pushed; this branch does not have them."""
    for words in verbs:
        repository.verb(*words)
    repository.git("push", "--quiet", "origin", "HEAD:main")
    repository.git("reset", "--quiet", "--hard", f"HEAD~{len(verbs)}")


def test_commits_about_the_app_are_named(repository: Repository) -> None:
    theirs(repository, ("weight", "web", "40"), ("weight", "web", "60"))
    assert SAID.format("2 commits") in repository.run("weight", "web", "30", "--dry-run").err
    assert SAID.format("2 commits") in repository.run("abort", "web", "--commit").err


def test_commits_about_other_apps_are_not(repository: Repository) -> None:
    theirs(repository, ("release", "api", "1.5.0", "--weight", "20"))
    assert "lacks" not in repository.run("weight", "web", "30", "--commit").err


def test_a_branch_that_has_everything_hears_nothing(repository: Repository) -> None:
    assert "lacks" not in repository.run("weight", "web", "30", "--commit").err
    assert "lacks" not in repository.run("weight", "web", "40", "--commit").err


def test_a_branch_without_an_upstream_hears_nothing(repository: Repository) -> None:
    theirs(repository, ("weight", "web", "40"))
    repository.git("switch", "--quiet", "--create", "other")
    done = repository.run("weight", "web", "30", "--commit")
    assert (done.code, "lacks" in done.err, "upstream" in done.err) == (0, False, False)
