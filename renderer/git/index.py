"""Reads the index of the commit that is being made, as a hook needs it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from renderer.git.run import fields, in_folders, literal, reading


def staged_deletions(root: str) -> list[str]:
    """Files that this commit deletes, relative to `root`; a renamed one under its old name."""
    question = ["diff", "--cached", "-z", "--name-only", "--no-renames", "--diff-filter=D", "--relative"]
    return sorted(fields(reading(root, [*question, "--no-ext-diff", "--ignore-submodules=all"], b"", **own_index())))


def deletions_between(root: str, base: str, head: str) -> list[str]:
    """Files that are in the revision `base` and not in `head`, relative to `root`."""
    question = ["diff", "-z", "--name-only", "--no-renames", "--diff-filter=D", "--relative", "--no-ext-diff"]
    return sorted(fields(reading(root, [*question, "--end-of-options", base, head, "--"], b"", **own_index())))


def unknown(root: str, folders: Sequence[str]) -> list[str]:
    """Files in these folders that are neither in the index nor ignored."""
    if not folders:
        return []
    question = ["ls-files", "-z", "--others", "--exclude-standard", "--", *in_folders(folders)]
    return sorted(fields(reading(root, question, b"", **own_index())))


def tracked(root: str, paths: Sequence[str]) -> list[str]:
    """Files of the index that are at or below these paths."""
    return sorted(fields(reading(root, ["ls-files", "-z", "--cached", "--", *literal(paths)], b"")))


def own_index() -> dict[str, str]:
    """`git commit -a` and `git commit -- FILES` use an index of their own, and pass its relative path to hooks."""
    own = os.environ.get("GIT_INDEX_FILE")
    return {"GIT_INDEX_FILE": os.path.abspath(own)} if own else {}


def tracked_like(root: str, pattern: str) -> dict[str, str]:
    """The tracked files of the whole repository whose path fits a glob: path from its top -> object id."""
    said = reading(root, ["ls-files", "-z", "--stage", "--full-name", "--", f":(top,glob){pattern}"], b"")
    entries = [entry.partition("\t") for entry in fields(said)]
    return {path: about.split()[1] for about, _, path in entries}
