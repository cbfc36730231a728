"""The project's files on disk: reads trees of files, and alone writes files of the project.

Other packages write only what is in Git's own folder, in the cache, or in a temporary folder of theirs.
Nothing here follows a symbolic link under the root, so neither a spec nor an output folder can lead out of the tree.
At any moment a file has its old or its new content, even if the process is killed (no `fsync`: render again after a
power cut).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields, replace
from functools import partial

from renderer.layout import HEADER
from renderer.problem import Problem
from renderer.tree.folders import (
    Folders,
    NotAFileError,
    Stamp,
    TooLargeError,
    TreeError,
    fail,
    is_temporary,
    read_in,
    stamp_of,
    stamps_of,
)
from renderer.yamlio import too_large

__all__ = [
    "Difference",
    "Stamp",
    "Summary",
    "TreeError",
    "by_folder",
    "compare",
    "is_temporary",
    "lay_out",
    "listing",
    "locked",
    "read",
    "reader",
    "sources",
    "stamp_of",
    "stamps_of",
    "sweep",
    "write_all",
]


Read = Callable[[Iterable[str]], tuple[dict[str, bytes], list[Problem]]]

_NO_NAMES = frozenset(("", ".", ".."))


@dataclass(frozen=True, slots=True)
class Difference:
    """What a write would do: paths relative to the root, each list sorted."""

    new: list[str] = field(default_factory=list)
    new_folders: list[str] = field(default_factory=list)  # of some of the new files
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)  # at the path of one of ours or to be removed, but not ours
    line_ends: list[str] = field(default_factory=list)  # changed, but only from CRLF to LF
    stale: list[str] = field(default_factory=list)  # temporary files and folders of a run that was killed

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.removed)

    def seen_from(self, folder: str) -> Difference:
        """The same with paths that begin with `folder`, which is the root of these."""
        lists = {each.name: [f"{folder}/{path}" for path in getattr(self, each.name)] for each in fields(self)}
        return Difference(**lists)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a write did: numbers of files, and the files that were left unchanged because they are not ours."""

    written: int = 0
    unchanged: int = 0
    removed: int = 0
    foreign: tuple[str, ...] = ()
    stamps: Mapping[str, Stamp] = field(default_factory=dict, compare=False)  # of the files written

    def seen_from(self, folder: str) -> Summary:
        """As for a Difference, and without stamps."""
        return replace(self, foreign=tuple(f"{folder}/{path}" for path in self.foreign), stamps={})


def listing(root: str, folder: str) -> list[str]:
    """Every file below `folder`, relative to the root, sorted; none if the folder does not exist.

    A symbolic link is listed like a file and never followed; `read` refuses it. Raises TreeError if the disk cannot be
    read.
    """
    found: list[str] = []
    pending = [folder]
    with _opened(root) as folders:
        while pending:
            path = pending.pop()
            try:
                below, files = _entries(folders, path)
            except NotAFileError:
                found.append(path)
                continue
            pending += below
            found += files
    return sorted(found)


def sources(root: str, folder: str) -> list[str]:
    """The same without the temporary files of a killed run."""
    return [path for path in listing(root, folder) if not is_temporary(path)]


def read(root: str, paths: Iterable[str]) -> tuple[dict[str, bytes], list[Problem]]:
    """The bytes of each file, sorted by path, and a problem (rule `path`) for each path that is not a plain file.

    A file of more than MAX_MANIFESTS bytes is not read, and is a problem of rule `yaml-size`.
    Raises TreeError if the disk cannot be read, and for a file that does not exist.
    """
    with reader(root) as read_some:
        return read_some(paths)


@contextmanager
def reader(root: str) -> Iterator[Read]:
    """`read` for many calls: the last used folder stays open between them."""
    with _opened(root) as folders:
        yield partial(_read, folders)


def _read(folders: Folders, paths: Iterable[str]) -> tuple[dict[str, bytes], list[Problem]]:
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    for path in sorted(paths):
        try:
            _check_inside(path)
            files[path] = folders.read(path)
        except NotAFileError as error:
            problems.append(Problem(error.path, 0, 0, "path", error.message))
        except TooLargeError:
            problems.append(too_large(path))
    return files, problems


def compare(
    root: str, files: Mapping[str, bytes], remove: Collection[str] = (), *, mark: str | None = HEADER
) -> Difference:
    """What `write_all` would do with the same arguments; changes nothing. Raises TreeError like `write_all`."""
    for path in (*files, *remove):
        _check_inside(path)
    if not os.path.isdir(root):
        return Difference(new=sorted(files))
    with _opened(root) as folders:
        return _difference(folders, files, set(remove) - files.keys(), mark)


def write_all(
    root: str, files: Mapping[str, bytes], remove: Collection[str] = (), *, mark: str | None = HEADER
) -> Summary:
    """Write `files` under `root`, remove those of `remove`, and leave everything else unchanged.

    Only a file that starts with `mark` is replaced or removed; others are named in the summary. With `mark=None`
    (specs, which people write) any plain file may be replaced or removed. Everything is checked before the first byte
    is written. Folders are created, and removed if a removal empties them; a new one for files with a mark appears with
    all of them. Raises TreeError for anything in the way.
    """
    for path in (*files, *remove):
        _check_inside(path)
    _make(root)
    with _opened(root) as folders:
        alone = _claim(folders)
        difference = _difference(folders, files, set(remove) - files.keys(), mark)
        for path in difference.stale if alone else ():
            for file in _rests(folders, path):
                folders.remove(file)
        _share(folders)
        new = {path: files[path] for path in difference.new}
        stamps = _create(folders, new, {*difference.new_folders} if mark else ())
        stamps |= {path: folders.write(path, files[path], replace=True) for path in difference.changed}
        for path in difference.removed:
            folders.remove(path)
    return Summary(len(stamps), len(difference.unchanged), len(difference.removed), tuple(difference.foreign), stamps)


def _rests(folders: Folders, path: str) -> list[str]:
    """The temporary file, or the files of the temporary folder."""
    try:
        return _entries(folders, path)[1]
    except NotAFileError:
        return [path]


def _create(folders: Folders, files: Mapping[str, bytes], new_folders: Collection[str]) -> dict[str, Stamp]:
    """Create the files; a new folder appears with all of its files. Their stamps."""
    stamps: dict[str, Stamp] = {}
    for folder, paths in by_folder(files).items():
        if folder in new_folders:
            names = {path[len(folder) + 1 :]: path for path in paths}
            made = folders.write_folder(folder, {name: files[path] for name, path in names.items()})
            stamps |= {names[name]: stamp for name, stamp in made.items()}
        else:
            stamps |= {path: folders.write(path, files[path], replace=False) for path in paths}
    return stamps


def lay_out(root: str, files: Mapping[str, bytes], links: Mapping[str, bytes], *, mode: int = 0o666) -> None:
    """Write files and symbolic links that are not there yet into a folder. Raises TreeError, also for what is there.

    The links come last, so that nothing is written through one. The files get the mode that the umask leaves of `mode`.
    """
    with _opened(root) as folders:
        for path, content in files.items():
            folders.create(path, content, mode)
        for path, target in links.items():
            folders.link(path, target)


@contextmanager
def locked(root: str, file: str, waiting: Callable[[], None]) -> Iterator[None]:
    """Lock a file; others that lock it call `waiting` and wait. The lock ends with the process at the latest.

    On a file system without locks, nobody waits.
    """
    with open(os.path.join(root, file), "rb") as locked:
        with suppress(OSError):
            try:
                fcntl.flock(locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(locked, fcntl.LOCK_EX)
        yield


def sweep(root: str, paths: Iterable[str]) -> None:
    """Remove temporary files of a killed run among the paths, unless another run is writing.

    For a run of several processes: each of them sees the others writing, and so leaves such files.
    """
    rests = list(filter(is_temporary, paths))
    if rests:
        with _opened(root) as folders:
            for path in rests if _claim(folders) else ():
                folders.remove(path)


def _difference(folders: Folders, files: Mapping[str, bytes], remove: Collection[str], mark: str | None) -> Difference:
    result = Difference()
    own = (mark or "").encode()
    for folder, paths in sorted(by_folder(sorted([*files, *remove])).items()):
        descriptor = folders.folder(folder)
        if descriptor is None:
            result.new.extend(path for path in paths if path in files)
            result.new_folders.append(folder)
            continue
        present = set(os.listdir(descriptor))
        result.stale.extend(f"{folder}/{name}" if folder else name for name in sorted(filter(is_temporary, present)))
        for path in paths:
            name = path[len(folder) + 1 :] if folder else path
            content = files.get(path)
            if name not in present:
                verdict = result.new if content is not None else None
            else:
                verdict = _verdict(descriptor, name, path, content, own, result)
            if verdict is not None:
                verdict.append(path)
    return result


def _verdict(
    folder: int, name: str, path: str, content: bytes | None, own: bytes, result: Difference
) -> list[str] | None:
    """The list that an existing file belongs in; with `content` None, it will be removed."""
    if content is None and is_temporary(path):
        return None
    try:
        found = read_in(folder, name, path, max(len(content or b"") + 1, len(own)))
    except NotAFileError:
        if not own:
            raise
        return result.foreign
    if found == content:
        return result.unchanged
    if not found.startswith(own):
        return result.foreign
    if content is not None and _is_equal_with_crlf(folder, name, path, content):
        result.line_ends.append(path)
    return result.removed if content is None else result.changed


def _is_equal_with_crlf(folder: int, name: str, path: str, content: bytes) -> bool:
    """Whether the file differs from the content in its line ends alone."""
    most = len(content) + content.count(b"\n") + 1
    return read_in(folder, name, path, most).replace(b"\r\n", b"\n") == content


def _entries(folders: Folders, path: str) -> tuple[list[str], list[str]]:
    """The folders and the files directly in a folder."""
    descriptor = folders.folder(path)
    if descriptor is None:
        return [], []
    prefix = f"{path}/" if path else ""
    below: list[str] = []
    files: list[str] = []
    with os.scandir(descriptor) as entries:
        for entry in entries:
            (below if entry.is_dir(follow_symlinks=False) else files).append(prefix + entry.name)
    return below, files


def by_folder(paths: Iterable[str]) -> dict[str, list[str]]:
    """The paths by the folder that they are directly in."""
    found: dict[str, list[str]] = {}
    for path in paths:
        found.setdefault(path.rpartition("/")[0], []).append(path)
    return found


def _check_inside(path: str) -> None:
    if not _NO_NAMES.isdisjoint(path.split("/")) or "\0" in path:
        raise NotAFileError(path, "leads out of the tree")


def _make(root: str) -> None:
    try:
        os.makedirs(root, exist_ok=True)
    except OSError as error:
        fail(root, error)


@contextmanager
def _opened(root: str) -> Iterator[Folders]:
    folders = Folders(root)
    try:
        yield folders
    finally:
        folders.close()


def _claim(folders: Folders) -> bool:
    """Whether no other run is writing: then temporary files are those of a killed run.

    The lock is on the root folder itself, and ends with the process in any case.
    """
    try:
        fcntl.flock(folders.root, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another run is writing, or the file system has no locks
        return False
    return True


def _share(folders: Folders) -> None:
    """A shared lock: other runs may write too, but do not take our temporary files for those of a killed run."""
    with suppress(OSError):
        fcntl.flock(folders.root, fcntl.LOCK_SH)
