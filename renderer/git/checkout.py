"""What the index says of the files on disk: which are left out on purpose, hidden from git, or in a merge conflict."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from renderer.git.run import asking, fields, literal, reading

SUBMODULE = "160000"


class IndexEntry(NamedTuple):
    """A file of the index. If it `is_skipped` (sparse) or `is_assumed` (unchanged), git does not read it on disk."""

    path: str
    mode: str
    oid: str
    stage: int  # 0, or 1 to 3 for the sides of a merge conflict
    is_skipped: bool
    is_assumed: bool


def index_entries(root: str, paths: Sequence[str] = (), **variables: str) -> list[IndexEntry]:
    """The files of the index beneath these paths, in the order of the index."""
    return [_entry(line) for line in fields(_said(root, paths, **variables))]


def overlooked_entries(root: str, paths: Sequence[str] = ()) -> list[IndexEntry]:
    """Those that are skipped or assumed: of many entries, few or none, so the others are not parsed."""
    unusual = [line for line in _said(root, paths).split(b"\0") if not line.startswith(b"H ")]
    entries = [_entry(line) for line in fields(b"\0".join(unusual))]
    return [entry for entry in entries if entry.is_skipped or entry.is_assumed]


def _said(root: str, paths: Sequence[str], **variables: str) -> bytes:
    return reading(root, ["ls-files", "-z", "-v", "--stage", "--", *literal(paths)], b"", **variables)


def skipped_files(root: str, paths: Sequence[str]) -> list[str]:
    """Files beneath these paths that are in the index and, on purpose, not on disk: a sparse checkout's."""
    skipped = [entry.path for entry in overlooked_entries(root, paths) if entry.is_skipped]
    return [path for path in skipped if not os.path.lexists(os.path.join(root, path))]


def is_sparse(root: str) -> bool:
    """Whether the configuration asks for a sparse checkout; files can be left out by hand, too."""
    return (asking(root, ["config", "--type=bool", "core.sparseCheckout"]) or b"").strip() == b"true"


def _entry(line: str) -> IndexEntry:
    """Of `<tag> <mode> <oid> <stage>\\t<path>`; a small letter is a file that is assumed to be unchanged."""
    about, _, path = line.partition("\t")
    tag, mode, oid, stage = about.split(" ")
    return IndexEntry(path, mode, oid, int(stage), tag in "Ss", tag.islower())
