"""Which files git ignores, and which it does not compare with the index: a commit leaves both out."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Collection, Sequence

from renderer.git.checkout import overlooked_entries
from renderer.git.read import upwards
from renderer.git.run import attempt_reading, covering, fields, literal, reading, text

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
    some = frozenset(paths)
    return {
        entry.path: "skip-worktree" if entry.is_skipped else "assume-unchanged"
        for entry in (overlooked_entries(root, covering(paths)) if paths else ())
        if not some.isdisjoint(upwards(entry.path))
    }


def ignored_in(root: str, folders: Sequence[str]) -> list[str]:
    """The files in these folders that git ignores."""
    return fields(reading(root, [*_IGNORED, "--", *literal(folders)])) if folders else []


def all_ignored(root: str) -> list[str]:
    """What git ignores in `root`: files, and folders that it ignores as a whole (`name/`)."""
    return fields(reading(root, [*_IGNORED, "--directory", "--", "."]))


def has_tracked(root: str, folder: str) -> bool:
    """Whether the index has a file in this folder."""
    return bool(reading(root, ["ls-files", "-z", "--", *literal([folder])]))
