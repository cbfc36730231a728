"""Whether the working tree has all of a project's files: what was left out on purpose must not look deleted."""

from __future__ import annotations

import os
from collections.abc import Sequence

from renderer.failure import Failure
from renderer.problem import printable


def refuse_left_out(root: str, folders: Sequence[str]) -> None:
    """Failure where a sparse checkout leaves out files of these folders."""
    if not _may_skip(root):
        return
    from renderer.git.checkout import is_sparse, left_out  # start-up time that only a sparse checkout must pay

    files = left_out(root, folders)
    if not files:
        return
    first = printable(files[0])
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    cure = "git sparse-checkout disable" if is_sparse(root) else f"git update-index --no-skip-worktree {first}"
    raise Failure(
        f"{first}{more}: tracked by Git and left out of this working tree (skip-worktree), so rollspec would take it "
        f"for deleted: `{cure}` ends that; then check the file out"
    )


def _may_skip(root: str) -> bool:
    """Whether some file may be left out, without running git: version 2 of the index cannot say so of any."""
    folder = _git_folder(root)
    if folder is None:
        return False
    try:
        with open(os.path.join(folder, "index"), "rb") as index:
            version = index.read(8)[4:]
    except OSError:
        return False
    return version != b"\0\0\0\2" or any(name.startswith("sharedindex.") for name in os.listdir(folder))


def _git_folder(root: str) -> str | None:
    """The repository's own folder: `.git` here or above, or what a file `.git` (of a worktree) names."""
    folder = os.path.abspath(root)
    while not os.path.lexists(found := os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    if os.path.isdir(found):
        return found
    try:
        with open(found, encoding="utf-8", errors="surrogateescape") as file:
            named = file.read(4096).removeprefix("gitdir:").strip()
    except OSError:
        return None
    return os.path.join(folder, named)
