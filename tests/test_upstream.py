"""A verb says where the branch's upstream has newer specs of its apps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.past import WEB, Repository

SAID = "origin/main has {} about web that this branch lacks, so this "


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


def test_commits_about_the_app_stop_a_commit(repository: Repository) -> None:
    theirs(repository, ("weight", "web", "40"), ("release", "api", "1.5.0", "--weight", "20"), ("weight", "web", "60"))
    refused = repository.run("weight", "web", "30", "--commit")
    assert refused.code == 1
    assert SAID.format("2 commits") + "would begin from an older state: `git pull --rebase` first" in refused.err
    assert SAID.format("2 commits") + "begins from an older state\n" in repository.run("weight", "web", "30").err


def test_nothing_stops_a_rescue(repository: Repository) -> None:
    theirs(repository, ("weight", "web", "40"))
    done = repository.run("abort", "web", "--commit")
    assert (done.code, SAID.format("1 commit") in done.err) == (0, True), done.err


def test_commits_about_other_apps_are_not(repository: Repository) -> None:
    theirs(repository, ("release", "api", "1.5.0", "--weight", "20"))
    done = repository.run("weight", "web", "30", "--commit")
    assert (done.code, "lacks" in done.err) == (0, False), done.err


def test_commits_about_the_app_in_another_environment_stop_only_a_release(repository: Repository) -> None:
    repository.overlay("staging")
    repository.rendered("staging")
    repository.git("push", "--quiet", "origin", "HEAD:main")
    repository.verb("release", "web", "1.6.0", "--weight", "20", env="staging")
    repository.git("push", "--quiet", "origin", "HEAD:main")
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    done = repository.run("weight", "web", "30", "--env", "production", "--commit")
    assert (done.code, "lacks" in done.err) == (0, False), done.err
    done = repository.run("release", "web", "1.6.0", "--replace", "--weight", "5", "--env", "production", "--commit")
    assert (done.code, SAID.format("1 commit") in done.err) == (1, True), done.err


def test_a_branch_that_has_everything_hears_nothing(repository: Repository) -> None:
    for share in ("30", "40"):
        done = repository.run("weight", "web", share, "--commit")
        assert (done.code, "lacks" in done.err) == (0, False), done.err


def test_a_branch_without_an_upstream_hears_nothing(repository: Repository) -> None:
    theirs(repository, ("weight", "web", "40"))
    repository.git("switch", "--quiet", "--create", "other")
    done = repository.run("weight", "web", "30", "--commit")
    assert (done.code, "lacks" in done.err, "upstream" in done.err) == (0, False, False)
