"""The lock on Git's index while we commit, and what a killed rollspec leaves: the next commit puts it right.

A commit has two ends: the branch and the index. If only the branch has moved, `git status` shows the commit as a staged
change that takes it back. So the index is first: it holds the files before the commit is made. The lock says which
commit the branch was at, so that the one who finds it knows whether the commit was made.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape, glob

from renderer.git.read import find, git_path
from renderer.git.run import GitError, locked_by

OWN = ".rollspec"  # the index with which git makes the commit
_BEFORE = ".rollspec-before"  # the index as it was
_NEXT = ".rollspec-next"  # a file that is about to become the lock or the index
_MARK = b"rollspec "


@contextmanager
def locked(root: str, index: str) -> Iterator[None]:
    """Hold git's lock on the index; raises GitError `locked` when another process holds it."""
    held = _take(root, index, f"{index}.lock")
    _remove(index)  # left by one whose lock somebody removed by hand
    try:
        yield
    finally:
        _remove(index)
        with suppress(FileNotFoundError):
            os.unlink(f"{index}.lock")
        os.close(held)


def put_right(root: str) -> None:
    """Finish or undo the commit that a killed rollspec began."""
    index = index_of(root)
    if os.path.lexists(f"{index}.lock"):
        _heal(root, index, f"{index}.lock")


def index_of(root: str) -> str:
    """The path of the index of the repository around `root`."""
    return git_path(root, "index")


def copy_index(source: str, target: str) -> None:
    """Copy an index with its time of change.

    Git reads a file again if it changed in the second in which the index was written. With a later time on the copy it
    would miss such a change: https://git-scm.com/docs/racy-git
    """
    shutil.copyfile(source, target)
    times = os.stat(source)
    os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))


def index_first(index: str) -> None:
    """Let the index hold what is about to be committed, and keep the previous one."""
    try:
        copy_index(index, index + _BEFORE)
    except FileNotFoundError:  # no index yet, which an empty file says
        open(index + _BEFORE, "wb").close()
    copy_index(index + OWN, index + _NEXT)
    os.replace(index + _NEXT, index)


def put_back(index: str) -> None:
    """Undo `index_first`; without effect before it."""
    with suppress(FileNotFoundError):
        if os.path.getsize(index + _BEFORE):
            os.replace(index + _BEFORE, index)
        else:
            os.unlink(index)


def _take(root: str, index: str, lock: str) -> int:
    """The open lock file. Processes that we start hold it open too, so it is free only when all of them are gone."""
    name = f"{index}{_NEXT}-{os.getpid()}"
    try:
        held = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        os.write(held, _MARK + (find(root, "HEAD") or "nothing").encode())
        os.set_inheritable(held, True)
        with suppress(OSError):  # a file system without locks
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            _link(root, index, name, lock)
        except BaseException:
            os.close(held)
            raise
        finally:
            os.unlink(name)
    except OSError as error:
        raise GitError(f"the repository cannot be written: {(error.strerror or str(error)).lower()}") from None
    return held


def _link(root: str, index: str, name: str, lock: str) -> None:
    for _ in range(2):
        with suppress(FileExistsError):
            os.link(name, lock)
            return
        if not _heal(root, index, lock):
            break
    raise locked_by(lock)


def _heal(root: str, index: str, lock: str) -> bool:
    """Finish or undo what a killed rollspec began; False where the lock is another program's, or somebody works on."""
    try:
        with open(lock, "rb") as left:
            said = left.read(len(_MARK) + 64)
            if not said.startswith(_MARK):
                return False
            fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if said.removeprefix(_MARK).decode() == (find(root, "HEAD") or "nothing"):
                put_back(index)
            elif os.path.exists(index + OWN):
                os.replace(index + OWN, index)  # with what hooks changed
            _remove(index)
            os.unlink(lock)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _remove(index: str) -> None:
    for name in (OWN, f"{OWN}.lock", _BEFORE, _NEXT):
        with suppress(FileNotFoundError):
            os.unlink(index + name)
    for path in glob(f"{escape(index)}{_NEXT}-*"):
        with suppress(OSError), open(path, "rb") as left:  # locked by one that waits to begin
            fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(path)
