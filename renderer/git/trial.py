"""A merge that is only tried: in a temporary repository, which borrows the objects of the real one."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape, glob
from typing import NamedTuple

from renderer.git.index import own_index
from renderer.git.read import git_path, is_shallow, last_commit
from renderer.git.run import GitError, check, committing, fields, reading, text
from renderer.git.setup import git_version

OLDEST = (2, 38)  # of git that can merge without a working tree
_WHO = {f"GIT_{role}_{key}": "rollspec" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}


class Trial(NamedTuple):
    """The repository in `folder` has the merge as its HEAD and its index, and no files. `conflicts` are paths."""

    folder: str
    into: str
    commit: str
    conflicts: tuple[str, ...]


@contextmanager
def trial_merge(root: str, head: str, into: str) -> Iterator[Trial]:
    """Merge the commit `head` into the commit `into` as a host does: without merge drivers, and with its text merge.

    Where git finds a conflict, the merge has its marks. Raises GitError, also where git is too old.
    """
    version = git_version(root)
    numbers = tuple(map(int, re.findall(r"\d+", version)[:2]))
    if numbers < OLDEST:
        raise GitError(f"to try a merge takes Git {OLDEST[0]}.{OLDEST[1]} or newer; this one is {version}")
    with tempfile.TemporaryDirectory(prefix="rollspec-") as folder:
        with _untouched(_borrow(root, _around(root), folder)):
            tree, conflicts = _merge_tree(root, folder, into, head)
            made = committing(folder, ["commit-tree", tree, "-p", into, "-p", head, "-m", "a trial"], b"", **_WHO)
            commit = text(check(made)).strip()
            check(committing(folder, ["update-ref", "--no-deref", "HEAD", commit]))
            check(committing(folder, ["read-tree", commit]))
        yield Trial(folder, into, commit, conflicts)


class Staged(NamedTuple):
    """The repository in `folder` has what is staged as its HEAD and its index, and no files; `parent` is our HEAD."""

    folder: str
    parent: str | None
    commit: str


@contextmanager
def staged_commit(root: str) -> Iterator[Staged]:
    """The commit that git would make of what is staged, in a repository of its own. Raises GitError in a conflict."""
    around = _around(root)
    index = own_index().get("GIT_INDEX_FILE") or around.index_file
    parent = last_commit(root)
    with tempfile.TemporaryDirectory(prefix="rollspec-") as folder:
        objects = _borrow(root, around, folder)
        for path in (index, *glob(os.path.join(escape(os.path.dirname(around.index_file)), "sharedindex.*"))):
            if os.path.exists(path):
                name = "index" if path == index else os.path.basename(path)
                shutil.copyfile(path, os.path.join(folder, ".git", name))
        with _untouched(objects):
            tree = text(check(committing(folder, ["write-tree"]))).strip()
        parents = ["-p", parent] if parent else []
        commit = text(check(committing(folder, ["commit-tree", tree, *parents, "-m", "staged"], b"", **_WHO))).strip()
        check(committing(folder, ["update-ref", "--no-deref", "HEAD", commit]))
        yield Staged(folder, parent, commit)


@contextmanager
def _untouched(objects: str) -> Iterator[None]:
    """The files of these objects keep their times: git sets that of an object that it would write if it were not there.

    Else a command that only reads would change a time under `.git`.
    """
    before = _times(objects)
    try:
        yield
    finally:
        for path, time in _times(objects).items():
            if time != before.get(path, time):
                with suppress(OSError):  # it is gone by now
                    os.utime(path, ns=(time, before[path]))


def _times(objects: str) -> dict[str, int]:
    """When each loose object and each pack was written, by its path."""
    found = {}
    for folder in (*glob(os.path.join(escape(objects), "[0-9a-f][0-9a-f]")), os.path.join(objects, "pack")):
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                with suppress(OSError):
                    found[entry.path] = entry.stat().st_mtime_ns
    return found


class _Around(NamedTuple):
    """The repository around a folder: how its objects are named, and its paths."""

    object_format: str
    index_file: str
    objects: str
    shallow: str


def _around(root: str) -> _Around:
    names = ("index", "objects", "shallow")
    asked = ["--show-object-format", *(part for name in names for part in ("--git-path", name))]
    said = text(reading(root, ["rev-parse", *asked])).split("\n")
    if len(said) != len(_Around._fields) + 1:  # a folder has a line end in its name
        said = [text(reading(root, ["rev-parse", *asked[:1]])).strip(), *(git_path(root, name) for name in names), ""]
    return _Around(said[0], *(os.path.join(os.path.abspath(root), path) for path in said[1:-1]))


def _borrow(root: str, around: _Around, folder: str) -> str:
    """Make the repository in `folder`, with the objects of the one around `root`; the folder of these objects."""
    check(committing(root, ["init", "--quiet", "--template=", f"--object-format={around.object_format}", folder]))
    objects = os.environ.get("GIT_OBJECT_DIRECTORY") or around.objects
    with open(os.path.join(folder, ".git/objects/info/alternates"), "wb") as file:
        file.write(os.fsencode(os.path.abspath(objects)) + b"\n")
    if os.path.exists(around.shallow):
        shutil.copyfile(around.shallow, os.path.join(folder, ".git/shallow"))
    return objects


def _merge_tree(root: str, folder: str, into: str, head: str) -> tuple[str, tuple[str, ...]]:
    done = committing(folder, ["merge-tree", "--write-tree", "-z", "--no-messages", "--name-only", into, head])
    if done.returncode not in (0, 1) or not done.stdout:  # git says 1 of a commit that it cannot read, too
        said = text(done.stderr)
        if "unrelated histories" in said:
            cure = (
                ": the clone is shallow, `git fetch --unshallow` brings the older commits" if is_shallow(root) else ""
            )
            raise GitError(f"the two have no commit in common{cure}")
        check(done)
    tree, *paths = fields(done.stdout)
    return tree, tuple(dict.fromkeys(path for path in paths if path))
