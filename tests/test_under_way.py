"""A verb with `--commit` in the middle of a merge, a rebase and the like names it, and the commands that end it."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderer.git.under_way import under_way
from tests.support.past import Repository
from tests.support.repository import environment, git

WORDS = ("release", "web", "1.5.0", "--weight", "20", "--commit")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Two branches that changed one line of a page each in its own way; `side` has one commit more."""
    made = Repository(tmp_path / "repository")
    made.write("page.md", "a\n")
    made.rendered()
    made.git("checkout", "--quiet", "-b", "side")
    for text in ("b\n", "c\n"):
        made.write("page.md", text)
        made.commit(text)
    made.git("checkout", "--quiet", "main")
    made.write("page.md", "d\n")
    made.commit("another")
    return made


def fails(repository: Repository, *arguments: str) -> None:
    """A git command that stops at a conflict."""
    with pytest.raises(AssertionError):
        git(repository.folder, *arguments, env=environment(GIT_EDITOR="true"))


def check(repository: Repository, command: str) -> None:
    """What the verb says, that it changed nothing, and that the named command is right."""
    before = repository.git("status", "--porcelain"), repository.git("rev-parse", "HEAD")
    done = repository.run(*WORDS)
    said = f"rollspec: a `git {command}` waits in this repository: `git {command} --continue` finishes it, or `git "
    assert (done.code, done.err.startswith(f"{said}{command} --abort` takes it back")) == (1, True), done
    assert (repository.git("status", "--porcelain"), repository.git("rev-parse", "HEAD")) == before
    repository.git(command, "--abort")
    assert under_way(str(repository.folder)) is None
    assert repository.run(*WORDS).code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["merge", "side"],
        ["cherry-pick", "side"],
        ["cherry-pick", "main..side"],
        ["revert", "--no-edit", "side"],
        ["rebase", "side"],
        ["rebase", "--apply", "side"],
    ],
    ids=" ".join,
)
def test_a_conflict_is_named(repository: Repository, words: list[str]) -> None:
    fails(repository, *words)
    check(repository, words[0])


def test_a_patch_that_does_not_fit(repository: Repository) -> None:
    repository.git("format-patch", "--quiet", "-1", "side", "--output", str(repository.folder.parent / "patch"))
    fails(repository, "am", str(repository.folder.parent / "patch"))
    check(repository, "am")


def test_between_two_commits_of_a_cherry_pick(repository: Repository) -> None:
    fails(repository, "cherry-pick", "main..side")
    repository.write("page.md", "e\n")
    repository.commit("by hand")
    assert under_way(str(repository.folder)) == "cherry-pick"


def test_a_rebase_that_stops_to_edit(repository: Repository) -> None:
    variables = environment(GIT_SEQUENCE_EDITOR="sed -i s/^pick/edit/")
    git(repository.folder, "rebase", "--quiet", "--interactive", "HEAD~1", env=variables)
    check(repository, "rebase")


def test_in_a_worktree_and_without_commit(repository: Repository) -> None:
    other = repository.folder.parent / "other"
    repository.git("worktree", "add", "--quiet", str(other), "-b", "third")
    fails(repository, "merge", "side")
    assert under_way(str(other)) is None
    assert repository.run(*WORDS[:-1]).code == 0
