"""Files of a commit are laid out beneath one folder, whatever entries its trees have."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from renderer.failure import Failure
from renderer.git import list_tree
from renderer.usecases.laid_out import lay_out_all


def git(repository: Path, *words: str, given: bytes = b"") -> str:
    done = subprocess.run(["git", "-C", str(repository), *words], input=given, capture_output=True, check=True)
    return done.stdout.decode().strip()


def commit_of(repository: Path, entries: list[tuple[str, str, bytes]]) -> str:
    """A commit whose tree has these entries (mode, name, content), in this order, as no `git add` would make it.

    The content of a folder is that of its only file, `b`.
    """
    git(repository, "init", "--quiet")
    tree = b""
    for mode, name, content in entries:
        oid = git(repository, "hash-object", "-w", "--stdin", given=content)
        if mode == "40000":
            oid = git(repository, "mktree", given=f"100644 blob {oid}\tb\n".encode())
        tree += f"{mode} {name}".encode() + b"\0" + bytes.fromhex(oid)
    oid = git(repository, "hash-object", "-w", "-t", "tree", "--literally", "--stdin", given=tree)
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    return git(repository, *who, "commit-tree", oid, "-m", "Start")


def laid_out(tmp_path: Path, entries: list[tuple[str, str, bytes]]) -> Path:
    repository, folder = tmp_path / "repository", tmp_path / "folder"
    repository.mkdir()
    folder.mkdir()
    commit = commit_of(repository, entries)
    lay_out_all(str(repository), str(folder), list_tree(str(repository), commit))
    return folder


def test_files_and_links_are_laid_out(tmp_path: Path) -> None:
    folder = laid_out(tmp_path, [("40000", "a", b"text"), ("120000", "c", b"a/b"), ("100644", "d", b"")])
    assert (folder / "a/b").read_bytes() == b"text"
    assert (folder / "c").is_symlink()
    assert (folder / "c").read_bytes() == b"text"
    assert (folder / "d").read_bytes() == b""


@pytest.mark.parametrize("order", [1, -1])
def test_nothing_is_written_through_a_link_of_the_commit(tmp_path: Path, order: int) -> None:
    (tmp_path / "outside").mkdir()
    entries = [("120000", "a", str(tmp_path / "outside").encode()), ("40000", "a", b"text")]
    with pytest.raises(Failure, match="a: there are two entries of this name"):
        laid_out(tmp_path, entries[::order])
    assert not list((tmp_path / "outside").iterdir())


@pytest.mark.parametrize("name", ["..", ".git", ".GIT", ".g\u200cit", "."])
def test_a_name_that_git_itself_never_writes_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Failure, match="git never writes a file of this name"):
        laid_out(tmp_path, [("40000", name, b"text")])
    assert not (tmp_path / "b").exists()
    assert not list((tmp_path / "folder").iterdir())
