"""Writes files of a commit into a folder of their own, with their content in Git."""

from __future__ import annotations

import os
from collections.abc import Mapping

from renderer.git import TreeEntry, read_blobs
from renderer.git.checkout import SUBMODULE

_LINK = "120000"


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
