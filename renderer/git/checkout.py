"""What the index says of the files on disk: which are left out on purpose, hidden from git, or in a merge conflict."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from renderer.git.run import asking, literal, reading, text
from renderer.lazy import regex

SUBMODULE = "160000"
ENTRIES = ("ls-files", "-z", "-v", "--stage")  # lists the index with all that an IndexEntry has
_USUAL = regex(rb"H 100\d{3} [0-9a-f]+ 0\t")  # a plain file in no conflict, which git compares with the disk


class IndexEntry(NamedTuple):
    """A file of the index. If it `is_skipped` (sparse) or `is_assumed` (unchanged), git does not read it on disk."""

    path: str
    mode: str
    oid: str
    stage: int  # 0, or 1 to 3 for the sides of a merge conflict
    is_skipped: bool
    is_assumed: bool


def unusual_entries(root: str, paths: Sequence[str] = (), **variables: str) -> list[IndexEntry]:
    """The entries at or beneath these paths, in the order of the index, that are not just files as git has them.

    So links, submodules, the sides of a merge conflict, and files that git does not read on disk. Of many entries, few
    or none are such, so the others are not parsed.
    """
    return _unusual(reading(root, [*ENTRIES, "--", *literal(paths)], b"", **variables))


def overlooked_entries(root: str, paths: Sequence[str] = ()) -> list[IndexEntry]:
    """Those that are skipped or assumed."""
    return overlooked(reading(root, [*ENTRIES, "--", *literal(paths)]))


def overlooked(said: bytes) -> list[IndexEntry]:
    """The same, of what git said to `ENTRIES`."""
    return [entry for entry in _unusual(said) if entry.is_skipped or entry.is_assumed]


def _unusual(said: bytes) -> list[IndexEntry]:
    is_usual = _USUAL.match
    return [_entry(text(line)) for line in said.split(b"\0") if line and not is_usual(line)]


def submodules(root: str) -> list[str]:
    """The paths of the index's submodules."""
    return [entry.path for entry in unusual_entries(root) if entry.mode == SUBMODULE]


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
