"""Writes files of a commit into a folder of their own, with their content in Git."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from renderer.git import TreeEntry, list_tree, read_blobs, read_many
from renderer.git.checkout import SUBMODULE
from renderer.layout import PROJECT_FILE, Layout, holds
from renderer.pipeline.setup import read_project
from renderer.project import Versions
from renderer.resources import read_schema
from renderer.schema import Schemas

_LINK = "120000"


def lay_out_files(folder: str, commit: str, paths: Iterable[str] | None = None, without: str = "") -> None:
    """Write files of the commit (None: all but those in the folder `without`) where the trial's repository has none."""
    entries = {
        path: entry
        for path, entry in list_tree(folder, commit).items()
        if (path in paths if paths is not None else not (without and holds(without, path)))
        and not os.path.lexists(os.path.join(folder, path))
    }
    lay_out_all(folder, folder, entries)


def layout_of(folder: str, commit: str) -> Layout:
    """The folders of the project at a commit; the usual ones where its project file cannot be read."""
    text = read_many(folder, commit, [PROJECT_FILE])[PROJECT_FILE]
    project = read_project(text, Schemas(Versions(), read_schema))[0] if text is not None else None
    return project.layout if project else Layout()


def lay_out_all(root: str, folder: str, entries: Mapping[str, TreeEntry]) -> None:
    """Write files of the repository at `root` below a folder, with their content in Git; submodules are left out."""
    files = {path: entry for path, entry in entries.items() if entry.mode != SUBMODULE}
    blobs = read_blobs(root, {entry.oid for entry in files.values()})
    for path, entry in files.items():
        lay_out(os.path.join(folder, path), entry.mode, blobs[entry.oid])


def lay_out(path: str, mode: str, content: bytes) -> None:
    """Write one file or symbolic link with its content in Git."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if mode == _LINK:
        os.symlink(content, os.fsencode(path))
        return
    with open(path, "wb") as file:
        file.write(content)
