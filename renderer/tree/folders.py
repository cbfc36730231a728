"""Files under one root, opened one path component at a time and never through a symbolic link."""

from __future__ import annotations

import errno
import itertools
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import NoReturn

from renderer.failure import Failure
from renderer.lazy import regex
from renderer.problem import printable
from renderer.yamlio import MAX_MANIFESTS

# O_NONBLOCK: a named pipe in place of a file must not block us; it has no effect on regular files.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# Does not end in .yaml: Argo CD may read the folder meanwhile.
_TEMPORARY = regex(r"(?:.*/)?\.rollspec-\d+-\d+\.tmp(?:/.*)?", re.DOTALL)

# ctime in ns, size, inode: a file that keeps them counts as unchanged. `tar`, `cp -p` and `touch` set the mtime back.
Stamp = tuple[int, int, int]

_CHUNK = 1 << 16  # bytes: a larger buffer costs a memory map for each file read, and Linux allows 65,530 of them
_TWICE = "there are two entries of this name"
LINK = "is a symbolic link, which is not followed: put its target here"


class TreeError(Failure):
    """A file could not be read or written; `path` is relative to the root, `message` is one line."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{printable(path) or '.'}: {message}")
        self.path = path
        self.message = message

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        """Errors are sent from one process to another."""
        return type(self), (self.path, self.message)


class TooLargeError(TreeError):
    """A file that is too large to be read."""


class NotAFileError(TreeError):
    """A symbolic link, a folder, a pipe: neither read nor replaced."""


def is_temporary(path: str) -> bool:
    """Whether it is one of our temporary files or folders, or in such a folder."""
    return ".rollspec-" in path and _TEMPORARY.fullmatch(path) is not None


class Folders:
    """The open folders from the root down to the last used one; paths are relative to the root, with `/`."""

    def __init__(self, root: str) -> None:
        try:
            self._open: list[tuple[str, int]] = [("", os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))]
        except OSError as error:
            fail(root, error)
        self._path: str | None = ""  # of the last one of them
        self._process = os.getpid()
        self._numbers = itertools.count()

    @property
    def root(self) -> int:
        """The root folder's descriptor."""
        return self._open[0][1]

    def close(self) -> None:
        """Close every folder."""
        while self._open:
            os.close(self._open.pop()[1])

    def folder(self, path: str, *, make: bool = False) -> int | None:
        """The folder's descriptor, valid until the next call; None if it does not exist and must not be created."""
        if path == self._path:
            return self._open[-1][1]
        self._path = None
        parts = path.split("/") if path else []
        depth = 0
        for part, (name, _) in zip(parts, self._open[1:], strict=False):
            if part != name:
                break
            depth += 1
        while len(self._open) > depth + 1:
            os.close(self._open.pop()[1])
        for index in range(depth, len(parts)):
            descriptor = self._enter(parts[index], "/".join(parts[: index + 1]), make)
            if descriptor is None:
                return None
            self._open.append((parts[index], descriptor))
        self._path = path
        return self._open[-1][1]

    def _enter(self, name: str, path: str, make: bool) -> int | None:
        parent = self._open[-1][1]
        try:
            return os.open(name, _FOLDER, dir_fd=parent)
        except FileNotFoundError:
            if not make:
                return None
        except OSError as error:
            if error.errno in (errno.ENOTDIR, errno.ELOOP):
                link = stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
                raise NotAFileError(path, LINK if link else "is not a folder") from None
            fail(path, error)
        try:
            with suppress(FileExistsError):  # another run made it meanwhile
                os.mkdir(name, dir_fd=parent)
            return os.open(name, _FOLDER, dir_fd=parent)
        except OSError as error:
            fail(path, error)

    def read(self, path: str) -> bytes:
        """The whole content. Raises NotAFileError, TooLargeError, TreeError."""
        folder, _, name = path.rpartition("/")
        descriptor = self.folder(folder)
        if descriptor is None:
            raise TreeError(path, "there is no such file")
        return read_in(descriptor, name, path)

    def write(self, path: str, content: bytes, *, replace: bool) -> Stamp:
        """Create or replace the file by renaming a finished one to it; a replaced file keeps its mode."""
        descriptor, name = self._above(path)
        try:
            mode = stat.S_IMODE(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode) if replace else None
            temporary, file = self._temporary(descriptor)
            try:
                _fill(file, content, mode)
                os.rename(temporary, name, src_dir_fd=descriptor, dst_dir_fd=descriptor)
                return stamp_of(os.stat(name, dir_fd=descriptor, follow_symlinks=False))  # a renaming sets the ctime
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary, dir_fd=descriptor)
                raise
        except OSError as error:
            fail(path, error)

    def write_folder(self, path: str, files: Mapping[str, bytes]) -> dict[str, Stamp]:
        """Create a folder with these files, by their names, by renaming a finished one to it; the stamps of the files.

        If that cannot be, as where another run made the folder meanwhile, the files are created one by one. One
        renaming for all files takes a third less time than one each.
        """
        descriptor, name = self._above(path)
        stamps: dict[str, Stamp] = {}
        at, is_made = path, False
        try:
            temporary = self._temporary_folder(descriptor)
            try:
                folder = os.open(temporary, _FOLDER, dir_fd=descriptor)
                try:
                    for file, content in files.items():
                        at = f"{path}/{file}"
                        stamps[file] = _fill(os.open(file, _CREATE, 0o666, dir_fd=folder), content, None)
                finally:
                    os.close(folder)  # some file systems rename no folder that is open
                with suppress(OSError):
                    os.rename(temporary, name, src_dir_fd=descriptor, dst_dir_fd=descriptor)
                    is_made = True
            finally:
                if not is_made:
                    _discard(descriptor, temporary, files)
        except OSError as error:
            fail(at, error)
        if is_made:
            return stamps
        return {file: self.write(f"{path}/{file}", content, replace=False) for file, content in files.items()}

    def create(self, path: str, content: bytes, mode: int) -> None:
        """Write a file that is not there yet, at once under its own name. Raises TreeError if something is there."""
        with self._new(path) as (folder, name):
            _fill(os.open(name, _CREATE, mode, dir_fd=folder), content, None)

    def link(self, path: str, target: bytes) -> None:
        """Make a symbolic link. Raises TreeError if something is there."""
        with self._new(path) as (folder, name):
            os.symlink(target, os.fsencode(name), dir_fd=folder)

    @contextmanager
    def _new(self, path: str) -> Iterator[tuple[int, str]]:
        """Where to make what is not there yet; errors of the system become TreeErrors."""
        try:
            yield self._above(path)
        except FileExistsError:
            raise TreeError(path, _TWICE) from None
        except OSError as error:
            fail(path, error)

    def _above(self, path: str) -> tuple[int, str]:
        """The folder of a path, made where it is missing, and the path's last part."""
        folder, _, name = path.rpartition("/")
        descriptor = self.folder(folder, make=True)
        assert descriptor is not None  # noqa: S101  (it was to be made)
        return descriptor, name

    def _temporary(self, folder: int) -> tuple[str, int]:
        while True:
            name = self._name()
            try:
                return name, os.open(name, _CREATE, 0o666, dir_fd=folder)
            except FileExistsError:  # created by a process with the same id in another container
                continue

    def _temporary_folder(self, folder: int) -> str:
        while True:
            name = self._name()
            try:
                os.mkdir(name, dir_fd=folder)
                return name
            except FileExistsError:
                continue

    def _name(self) -> str:
        return f".rollspec-{self._process}-{next(self._numbers)}.tmp"

    def remove(self, path: str) -> None:
        """Remove the file, and parent folders that are then empty; do nothing if it does not exist."""
        folder, _, name = path.rpartition("/")
        descriptor = self.folder(folder)
        if descriptor is None:
            return
        try:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=descriptor)
            self._remove_empty(folder)
        except OSError as error:
            fail(path, error)

    def _remove_empty(self, path: str) -> None:
        while path:
            path, _, name = path.rpartition("/")
            parent = self.folder(path)
            try:
                os.rmdir(name, dir_fd=parent)
            except OSError:  # not empty; or it cannot be removed, and an empty folder does no harm
                return


def read_in(folder: int, name: str, path: str, size: int | None = None) -> bytes:
    """The content of a file in an open folder, or its first `size` bytes.

    Raises NotAFileError, TreeError; for the whole content of more than MAX_MANIFESTS bytes, TooLargeError.
    """
    try:
        file = os.open(name, _READ, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise NotAFileError(path, _kind(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)) from None
        fail(path, error)
    try:
        content = os.read(file, size or _CHUNK)
        if not content:
            _check_is_file(file, path)
        elif size is None and len(content) == _CHUNK:
            if os.fstat(file).st_size > MAX_MANIFESTS:
                raise TooLargeError(path, "is too large")
            content += b"".join(iter(lambda: os.read(file, _CHUNK), b""))
        return content
    except OSError as error:
        _check_is_file(file, path)
        fail(path, error)
    finally:
        os.close(file)


def _check_is_file(file: int, path: str) -> None:
    mode = os.fstat(file).st_mode
    if not stat.S_ISREG(mode):
        raise NotAFileError(path, _kind(mode))


def stamp_of(status: os.stat_result) -> Stamp:
    """The stamp of a file as the system reports it."""
    return status.st_ctime_ns, status.st_size, status.st_ino


def stamps_of(root: str, files: Iterable[str]) -> dict[str, Stamp]:
    """How files look to the system now; without those that are missing."""
    found = {}
    for file in files:
        try:
            status = os.lstat(f"{root}/{file}")
        except OSError:
            continue
        found[file] = stamp_of(status)
    return found


def _fill(file: int, content: bytes, mode: int | None) -> Stamp:
    try:
        written = os.write(file, content)
        while written < len(content):
            written += os.write(file, memoryview(content)[written:])
        if mode is not None:
            os.fchmod(file, mode)
        return stamp_of(os.fstat(file))
    finally:
        os.close(file)


def _discard(folder: int, temporary: str, files: Iterable[str]) -> None:
    """Remove a temporary folder that holds at most these files."""
    with suppress(OSError):
        for file in files:
            with suppress(FileNotFoundError):
                os.unlink(f"{temporary}/{file}", dir_fd=folder)
        os.rmdir(temporary, dir_fd=folder)


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return LINK
    return "is a folder, not a file" if stat.S_ISDIR(mode) else "is not a plain file"


def fail(path: str, error: OSError) -> NoReturn:
    """Raise the operating system's error as a TreeError."""
    raise TreeError(path, (error.strerror or str(error)).lower()) from error
