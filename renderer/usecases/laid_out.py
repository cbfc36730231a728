"""Writes files of a commit into a folder of their own, with their content in Git."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from renderer.failure import Failure
from renderer.git import TreeEntry, list_tree, read_blobs, read_many
from renderer.git.checkout import SUBMODULE
from renderer.layout import PROJECT_FILE, Layout
from renderer.lazy import regex
from renderer.pipeline.setup import read_project
from renderer.problem import printable
from renderer.project import Versions
from renderer.resources import read_schema
from renderer.schema import Schemas
from renderer.tree import lay_out

_LINK = "120000"
# Characters that macOS ignores in the name of a file (Git, utf8.c).
_IGNORED = regex("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")


def lay_out_files(folder: str, commit: str, is_wanted: Callable[[str], bool]) -> None:
    """Write those files of the commit that are wanted, by their path, where the trial's repository has none."""
    entries = {
        path: entry
        for path, entry in list_tree(folder, commit).items()
        if is_wanted(path) and not os.path.lexists(os.path.join(folder, path))
    }
    lay_out_all(folder, folder, entries)


def layout_of(folder: str, commit: str) -> Layout:
    """The folders of the project at a commit; the usual ones where its project file cannot be read."""
    text = read_many(folder, commit, [PROJECT_FILE])[PROJECT_FILE]
    project = read_project(text, Schemas(Versions(), read_schema))[0] if text is not None else None
    return project.layout if project else Layout()


def lay_out_all(root: str, folder: str, entries: Mapping[str, TreeEntry]) -> None:
    """Write files of the repository at `root` below a folder, with their content in Git; submodules are left out.

    Raises Failure for a path that git itself would not write, and where two entries of the commit have one path: also
    for a file system that ignores the case of letters.
    """
    files = {path: entry for path, entry in entries.items() if entry.mode != SUBMODULE}
    blobs = read_blobs(root, {entry.oid for entry in files.values()})
    for path in files:
        if any(_is_reserved(part) for part in path.split("/")):
            raise Failure(f"{printable(path)}: git never writes a file of this name, and neither does rollspec")
    links = {path: blobs[entry.oid] for path, entry in files.items() if entry.mode == _LINK}
    lay_out(folder, {path: blobs[entry.oid] for path, entry in files.items() if path not in links}, links)


def _is_reserved(name: str) -> bool:
    """Whether a file system takes the name for that of this folder, of the one above, or of a repository."""
    return name in ("", ".", "..") or _IGNORED.sub("", name).casefold() == ".git"
