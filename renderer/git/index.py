"""Reads the index of the commit that is being made, as a hook needs it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from renderer.git.read import TOP
from renderer.git.run import GitError, covering, fields, in_folders, literal, reading, reading_each, text
from renderer.problem import printable


def deletions(folder: str, span: Sequence[str] = ()) -> list[str]:
    """Files that this commit deletes, by absolute path; a renamed one under its old name.

    With a `span` of two revisions: the files that are in the first and not in the second.
    """
    question = ["diff", "-z", "--name-only", "--no-renames", "--diff-filter=D", "--no-ext-diff"]
    question += ["--ignore-submodules=all", *(("--end-of-options", *span, "--") if span else ("--cached",))]
    top, gone = reading_each(folder, [TOP, question], **own_index())
    return sorted(os.path.join(text(top).removesuffix("\n"), path) for path in fields(gone))


def unknown(root: str, folders: Sequence[str]) -> list[str]:
    """Files in these folders that are neither in the index nor ignored."""
    if not folders:
        return []
    question = ["ls-files", "-z", "--others", "--exclude-standard", "--", *in_folders(folders)]
    return sorted(fields(reading(root, question, b"", **own_index())))


def tracked(root: str, paths: Sequence[str]) -> list[str]:
    """Files of the index that are at or below these paths."""
    return sorted(fields(reading(root, ["ls-files", "-z", "--cached", "--", *literal(paths)], b"")))


def in_conflict(path: str) -> GitError:
    """What to say of a file that is in a merge conflict."""
    return GitError(f"{printable(path)}: a merge conflict: resolve it and `git add` the file")


def own_index() -> dict[str, str]:
    """`git commit -a` and `git commit -- FILES` use an index of their own, and pass its relative path to hooks."""
    own = os.environ.get("GIT_INDEX_FILE")
    return {"GIT_INDEX_FILE": os.path.abspath(own)} if own else {}


def staged_ids(root: str, paths: Sequence[str]) -> dict[str, str]:
    """The ids of the files at or beneath these paths, and perhaps of others, that the next commit would have."""
    return _ids(reading(root, ["ls-files", "-z", "--stage", "--", *literal(covering(paths))], b"", **own_index()))


def tracked_like(root: str, pattern: str) -> dict[str, str]:
    """The tracked files of the whole repository whose path fits a glob: path from its top -> object id."""
    said = reading(
        root, ["ls-files", "-z", "--stage", "--full-name", "--", f":(top,glob){pattern}"], b"", **own_index()
    )
    return _ids(said)


def _ids(said: bytes) -> dict[str, str]:
    """The object ids by path, of what git says to `ls-files --stage`."""
    entries = [entry.partition("\t") for entry in fields(said)]
    return {path: about.split()[1] for about, _, path in entries}
