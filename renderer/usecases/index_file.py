"""What the file of Git's index shows without running git: whether it may have a submodule or a file, or lack one."""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Callable, Iterator

_GITLINK = b"\0\0\xe0\0"  # the mode of a submodule
_RAREST = 2  # its byte that an index has least of: looking for this one takes a third of the time
# An entry of an index of version 2 or 3: times, device, inode; the mode; owner, group, size; the id; flags; the path.
# https://git-scm.com/docs/index-format
_HEADER, _MODE, _EVEN = 12, 24, 8  # bytes before the entries; before an entry's mode; each entry is so many, times n
_FLAGS = (36, 48)  # bytes from an entry's mode to its flags, in repositories by SHA-1 and by SHA-256
_EXTENDED, _LENGTH = 0x4000, 0xFFF  # of the flags: there are two more bytes of them; the length of the path, if less


def may_have_submodules(root: str) -> bool:
    """Whether the index may have a submodule; true too often, but rarely."""
    return _is_in_index(root, _holds_gitlink)


def may_have(root: str, name: re.Pattern[bytes]) -> bool:
    """Whether the index may have a file with such a part of its name; true too often, but rarely."""
    return _is_in_index(root, lambda index: name.search(index) is not None)


def may_skip(root: str) -> bool:
    """Whether some file may be left out of the working tree: version 2 of the index cannot say so of any."""
    folder = git_folder(root)
    if folder is None:
        return False
    try:
        with open(os.path.join(folder, "index"), "rb") as index:
            version = index.read(8)[4:]
    except OSError:
        return False
    return version != b"\0\0\0\2" or any(name.startswith("sharedindex.") for name in os.listdir(folder))


def git_folder(root: str) -> str | None:
    """The repository's own folder: `.git` here or above, or what a file `.git` (of a worktree) names."""
    folder = os.path.realpath(root)  # as git does, which starts in the folder that a symbolic link leads to
    while not os.path.lexists(found := os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    if os.path.isdir(found):
        return found
    try:
        with open(found, encoding="utf-8", errors="surrogateescape") as file:
            named = file.read(4096).removeprefix("gitdir:").strip()
    except OSError:
        return None
    return os.path.join(folder, named)


def _is_in_index(root: str, holds: Callable[[mmap.mmap], bool]) -> bool:
    """Whether this is true of the index, or of the part of it that several share (`git update-index --split-index`)."""
    folder = git_folder(root)
    if folder is None:
        return False
    try:
        shared = [name for name in os.listdir(folder) if name.startswith("sharedindex.")]
        return any(_is_in_file(os.path.join(folder, name), holds) for name in ("index", *shared))
    except OSError:
        return False


def _is_in_file(file: str, holds: Callable[[mmap.mmap], bool]) -> bool:
    with open(file, "rb") as opened:
        if not os.fstat(opened.fileno()).st_size:  # an empty file cannot be mapped
            return False
        with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as index:
            return holds(index)


def _holds_gitlink(index: mmap.mmap) -> bool:
    is_short = index[4:8] == b"\0\0\0\4"  # version 4 shortens its paths, so its entries begin anywhere
    return any(is_short or _is_mode(index, start) for start in _gitlinks(index))


def _gitlinks(index: mmap.mmap) -> Iterator[int]:
    """Where the bytes of the mode are."""
    rarest = _GITLINK[_RAREST : _RAREST + 1]
    found = index.find(rarest)
    while found >= 0:
        start = found - _RAREST
        if start >= 0 and index[start : start + len(_GITLINK)] == _GITLINK:
            yield start
        found = index.find(rarest, found + 1)


def _is_mode(index: mmap.mmap, start: int) -> bool:
    """Whether these bytes can be an entry's mode, and no part of an id or of a time.

    In an index of thousands of files, some id or time has the same four bytes.
    """
    if (start - _HEADER - _MODE) % _EVEN:
        return False
    return any(_has_path(index, start + flags) for flags in _FLAGS)


def _has_path(index: mmap.mmap, start: int) -> bool:
    """Whether flags can be here: a path follows that is as long as they say."""
    flags = int.from_bytes(index[start : start + 2], "big")
    path = start + (4 if flags & _EXTENDED else 2)
    length = flags & _LENGTH
    end = index.find(b"\0", path)
    return 0 < length == end - path or length == _LENGTH <= end - path
