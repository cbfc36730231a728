"""The key that signs what the cache holds: a secret file of the user, in the user's own state folder."""

from __future__ import annotations

import os
import stat
from hashlib import blake2b

from renderer.layout import holds

_FILE = "cache.key"
_SIZE = 32  # bytes
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class NoKeyError(Exception):
    """There can be no key here; the text says why."""


def signing_key(root: str) -> bytes:
    """The key for the cache of a project, of this user and this machine; made on first use.

    It depends on the path and the inode of the project's folder: a cache that was copied from another folder is not
    believed. NoKeyError where there can be no key.
    """
    path = os.path.realpath(root)
    secret = _secret(_state_folder(path))
    status = os.stat(path)
    return blake2b(f"{path}\0{status.st_dev}:{status.st_ino}".encode(errors="surrogateescape"), key=secret).digest()


def _state_folder(root: str) -> str:
    """The user's folder of rollspec, by the XDG base directory specification; never one that a project can bring."""
    state, home = os.environ.get("XDG_STATE_HOME", ""), os.environ.get("HOME", "")
    if not os.path.isabs(state):
        if not os.path.isabs(home):
            raise NoKeyError("HOME is not set")
        state = os.path.join(home, ".local", "state")
    if holds(root, os.path.realpath(state)):
        raise NoKeyError("the user's state folder is inside the project")
    return os.path.join(state, "rollspec")


def _secret(folder: str) -> bytes:
    path = os.path.join(folder, _FILE)
    try:
        if not os.path.lexists(path):
            _make(folder, path)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            status, secret = os.fstat(descriptor), file.read(_SIZE + 1)
    except OSError as error:
        raise NoKeyError(f"no key in the user's state folder: {error.strerror}") from error
    is_own = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & _OTHERS
    if not is_own or len(secret) != _SIZE:
        raise NoKeyError(f"{path} is not a key that only this user can read; delete it, and the next run makes another")
    return secret


def _make(folder: str, path: str) -> None:
    """A whole key, or none; of two runs at once, one makes it."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    draft = f"{path}.{os.urandom(8).hex()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(os.urandom(_SIZE))
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        os.unlink(draft)
