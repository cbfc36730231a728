"""Which files git ignores, and which it does not compare with the index: a commit leaves both out."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Collection, Iterable, Sequence

from renderer.git.checkout import ENTRIES, IndexEntry, overlooked, overlooked_entries
from renderer.git.read import upwards
from renderer.git.run import attempt_reading, covering, fields, in_folders, literal, reading, reading_each, text

_IGNORED = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard")


def ignored_by(root: str, paths: Collection[str]) -> dict[str, str]:
    """Those of these paths that git ignores, and the line that says so: `.gitignore:3 (rendered/)`.

    A tracked file is not ignored, whatever the lines say.
    """
    if not paths:
        return {}
    asked = b"".join(os.fsencode(path) + b"\0" for path in sorted(paths))
    said = fields(attempt_reading(root, ["check-ignore", "--stdin", "-z", "--verbose"], asked))
    found = [each for each in zip(said[::4], said[1::4], said[2::4], said[3::4], strict=True) if each[2][:1] != "!"]
    above = text(reading(root, ["rev-parse", "--show-prefix"])).strip("\n") if found else ""
    return {path: f"{_from(above, file)}:{line} ({pattern})" for file, line, pattern, path in found}


def _from(above: str, file: str) -> str:
    """The path of a file with patterns, from the project's folder; Git names it from the top folder."""
    return file if posixpath.isabs(file) or not above else posixpath.relpath(file, above)


def hidden(root: str, paths: Sequence[str]) -> dict[str, str]:
    """The files at or beneath these paths whose changes git overlooks, and by which option."""
    return _among(overlooked_entries(root, covering(paths)) if paths else [], paths)


def ignored_and_hidden(root: str, files: Sequence[str], folders: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Of the files, and of the files in the folders: those that git ignores, and those as of `hidden`."""
    if not files and not folders:
        return [], {}
    some = [*literal(files), *in_folders(folders)]
    ignored, listed = reading_each(root, [[*_IGNORED, "--", *some], [*ENTRIES, "--", *some]])
    return fields(ignored), _among(overlooked(listed), [*files, *folders])


def _among(entries: Iterable[IndexEntry], paths: Sequence[str]) -> dict[str, str]:
    some = frozenset(paths)
    return {
        entry.path: "skip-worktree" if entry.is_skipped else "assume-unchanged"
        for entry in entries
        if not some.isdisjoint(upwards(entry.path))
    }


def all_ignored(root: str) -> list[str]:
    """What git ignores in `root`: files, and folders that it ignores as a whole (`name/`)."""
    return fields(reading(root, [*_IGNORED, "--directory", "--", "."]))


def has_tracked(root: str, folder: str) -> bool:
    """Whether the index has a file in this folder."""
    return bool(reading(root, ["ls-files", "-z", "--", *in_folders([folder])]))
