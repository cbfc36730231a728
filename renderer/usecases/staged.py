"""The staged project in a folder of its own: what a commit would have, independent of the working tree."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from renderer.failure import Failure
from renderer.git import TreeEntry, read_blobs
from renderer.git.checkout import SUBMODULE, IndexEntry, index_entries
from renderer.git.index import own_index
from renderer.layout import PROJECT_FILE, Layout
from renderer.pipeline.setup import read_project
from renderer.problem import printable
from renderer.project import Versions
from renderer.resources import read_schema
from renderer.schema import Schemas
from renderer.usecases.checkout import is_around, nested
from renderer.usecases.project import find_root
from renderer.usecases.revision import asking_git

_LINK = "120000"


@contextmanager
def staged(directory: str) -> Iterator[str]:
    """A folder with the staged files of the project around `directory`; it is removed at the end."""
    root = find_root(directory)
    with asking_git():
        entries = index_entries(root, **own_index())
        conflict = next((entry.path for entry in entries if entry.stage), None)
        if conflict:
            raise Failure(f"{printable(conflict)}: a merge conflict: resolve it and `git add` the file")
        files = [entry for entry in entries if entry.mode != SUBMODULE]
        blobs = read_blobs(root, {entry.oid for entry in files})
    _refuse_submodules(entries, blobs)
    with tempfile.TemporaryDirectory(prefix="rollspec-") as folder:
        for entry in files:
            lay_out(os.path.join(folder, entry.path), entry.mode, blobs[entry.oid])
        yield folder


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


def _refuse_submodules(entries: Sequence[IndexEntry], blobs: Mapping[str, bytes]) -> None:
    others = [entry.path for entry in entries if entry.mode == SUBMODULE]
    if others:
        text = next((blobs[entry.oid] for entry in entries if entry.path == PROJECT_FILE and entry.oid in blobs), b"")
        project, _ = read_project(text, Schemas(Versions(), read_schema))
        layout = project.layout if project else Layout()
        for path in others:
            if is_around(path, (layout.apps, layout.overlays, layout.templates, layout.output)):
                raise nested(path)
