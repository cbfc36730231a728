"""What git, or the file system below it, refuses: each is a GitError that says so, and nothing is half done."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from renderer.git import GitError, remains, resolve
from renderer.git.branches import store
from renderer.git.commits import commit
from renderer.git.driver import merged_lines
from renderer.git.index import unknown
from renderer.git.read import list_trees
from renderer.git.run import stream
from renderer.git.trial import _merge_tree
from renderer.git.version import fast_forward, version_of_files
from tests.support.repository import IDENTITY, git, init, save


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit."""
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    folder = init(tmp_path / "repository")
    (folder / "a.yaml").write_text("a: 1\n")
    save(folder)
    return folder


def test_an_index_that_cannot_be_written(root: Path) -> None:
    (root / "a.yaml").write_text("a: 2\n")
    (root / ".git/index").unlink()
    (root / ".git/index").mkdir()
    before = git(root, "rev-parse", "HEAD")
    with pytest.raises(GitError, match="the index cannot be written: is a directory"):
        commit(str(root), ["a.yaml"], "edit", [])
    assert git(root, "rev-parse", "HEAD") == before
    assert list((root / ".git").glob("index.*")) == []


def test_a_repository_that_cannot_be_written(root: Path) -> None:
    (root / f".git/index{remains._NEXT}-{os.getpid()}").mkdir()
    with pytest.raises(GitError, match="the repository cannot be written: is a directory"):
        commit(str(root), ["a.yaml"], "edit", [])


def test_a_lock_that_goes_while_it_is_looked_at_is_free(root: Path) -> None:
    assert remains._heal(str(root), str(root / ".git/index"), str(root / ".git/index.lock"))


def test_git_that_cannot_be_started(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="git is not installed, or not on the PATH"):
        list(stream(str(root), ["log"]))
    (tmp_path / "git").write_text("no program")
    with pytest.raises(GitError, match="git cannot be run: permission denied"):
        list(stream(str(root), ["log"]))


def test_what_git_refuses(root: Path) -> None:
    with pytest.raises(GitError, match="unknown revision"):
        list(stream(str(root), ["log", "nothing"]))
    with pytest.raises(GitError, match="it failed without a message"):
        merged_lines(*[str(root / "nothing")] * 3)
    with pytest.raises(GitError, match="a path with a line break cannot be published"):
        store(str(root), [str(root / "a\nb")])


def test_a_merge_of_a_commit_that_git_cannot_read(root: Path) -> None:
    with pytest.raises(GitError, match="not something we can merge"):
        _merge_tree(str(root), str(root), "HEAD", "1" * 40)


def test_a_branch_that_a_shallow_clone_lacks(root: Path, tmp_path: Path) -> None:
    save(root, "another")
    git(tmp_path, "clone", "--quiet", "--depth=1", root.as_uri(), "clone")
    for revision, cure in (
        ("release", "the clone is shallow; after `git fetch origin release` that branch or tag is FETCH_HEAD"),
        ("HEAD~1", "the clone is shallow, `git fetch --unshallow` brings the older commits"),
    ):
        with pytest.raises(GitError, match=cure):
            resolve(str(tmp_path / "clone"), revision)


def test_many_paths_are_found_in_the_whole_tree(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("made/web/a", "made/api/a", "made/webb/a", "other/a"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("")
    save(root)
    for most in (500, 1):
        monkeypatch.setattr("renderer.git.read._MANY", most)
        assert [*list_trees(str(root), "HEAD", ["made/web", "made/api/a"], "made")] == ["made/api/a", "made/web/a"]


def test_nothing_is_unknown_in_no_folder(root: Path) -> None:
    (root / "new").write_text("")
    assert unknown(str(root), []) == []
    assert unknown(str(root), ["."]) == ["new"]


def test_the_version_of_files(root: Path) -> None:
    empty = init(root.parent / "empty")
    assert version_of_files(str(empty), ["a.yaml"]) == "no commit"
    seen = {version_of_files(str(root), ["a.yaml"])}
    (root / "a.yaml").write_text("a: 2\n")
    seen.add(version_of_files(str(root), ["a.yaml"]))
    (root / "a.yaml").unlink()
    seen.add(version_of_files(str(root), ["a.yaml"]))
    assert len(seen) == 3


def test_two_branches_that_both_have_commits_are_not_joined(root: Path) -> None:
    git(root, "branch", "other")
    save(root, "here")
    git(root, "switch", "--quiet", "other")
    save(root, "there")
    assert not fast_forward(str(root), resolve(str(root), "main"))
