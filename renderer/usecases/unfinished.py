"""What a verb with `--commit` is about to write, noted in Git's folder: the next verb undoes what a killed one left."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress

from renderer.console import say
from renderer.git import read_many
from renderer.git.read import git_path
from renderer.git.remains import put_right
from renderer.tree import read, write_all
from renderer.usecases.revision import asking_git

_NAME = "rollspec-unfinished"


@contextmanager
def noted(root: str, files: Mapping[str, bytes | None]) -> Iterator[None]:
    """Note what these files will hold (None: they are removed) until all is committed, or as it was.

    Where the verb was stopped again while it took its edits back, the note stays.
    """
    note, wanted = _note(root), {path: _digest(content) for path, content in files.items()}
    with open(note, "w", encoding="utf-8") as file:
        json.dump(wanted, file)
    try:
        yield
    except BaseException:
        if not _ours(wanted, _read(root, wanted)):
            os.unlink(note)
        raise
    os.unlink(note)


def undo_unfinished(root: str) -> None:
    """Give files that a killed verb wrote and did not commit their content of the last commit.

    A file that somebody has changed since stays. The caller holds the lock of the project, so nobody is writing.
    """
    with asking_git():
        note = _note(root)
        try:
            with open(note, encoding="utf-8") as file:
                wanted = json.load(file)
        except FileNotFoundError:
            return
        except ValueError:  # killed before it wrote a file of the project
            wanted = {}
        put_right(root)
        count = _restore(root, wanted)
    if count:
        files = "a file" if count == 1 else f"{count} files"
        say(f"rollspec: a verb that was killed left {files} without a commit: it is undone")
    with suppress(FileNotFoundError):
        os.unlink(note)


def _restore(root: str, wanted: Mapping[str, str | None]) -> int:
    now = _read(root, wanted)
    ours = _ours(wanted, now)
    old = {path: content for path, content in read_many(root, "HEAD", ours).items() if content != now.get(path)}
    present = {path: content for path, content in old.items() if content is not None}
    write_all(root, present, [path for path in old if path not in present], mark=None)
    return len(old)


def _ours(wanted: Mapping[str, str | None], now: Mapping[str, bytes]) -> list[str]:
    """The files that hold what was noted of them."""
    return [path for path, digest in wanted.items() if _digest(now.get(path)) == digest]


def _read(root: str, paths: Collection[str]) -> dict[str, bytes]:
    return read(root, [path for path in paths if os.path.lexists(os.path.join(root, path))])[0]


def _digest(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


def _note(root: str) -> str:
    """One for each project of the repository."""
    name = f"{_NAME}-{hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:12]}"
    return git_path(root, name)
