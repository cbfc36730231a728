"""What Git is in the middle of: a merge, a rebase and the like stop with a conflict and wait for somebody."""

from __future__ import annotations

import os

from renderer.git.run import reading, text

GIT_DIR = "--absolute-git-dir"
_COMMANDS = {"MERGE_HEAD": "merge", "CHERRY_PICK_HEAD": "cherry-pick", "REVERT_HEAD": "revert"}


def under_way(root: str) -> str | None:
    """The git command that waits to be continued or aborted, such as `merge`; None where there is none."""
    return under_way_in(text(reading(root, ["rev-parse", GIT_DIR])).removesuffix("\n"))


def under_way_in(folder: str) -> str | None:
    """The same of a repository whose own folder is known, as git says it when asked for GIT_DIR."""
    if os.path.exists(os.path.join(folder, "rebase-apply/applying")):
        return "am"
    if any(os.path.exists(os.path.join(folder, name)) for name in ("rebase-merge", "rebase-apply")):
        return "rebase"
    for name, command in _COMMANDS.items():
        if os.path.exists(os.path.join(folder, name)):
            return command
    return _in_sequence(folder)


def _in_sequence(folder: str) -> str | None:
    """A cherry-pick or a revert of several commits, between two of them."""
    try:
        with open(os.path.join(folder, "sequencer/todo"), "rb") as file:
            return "revert" if file.read(7) == b"revert " else "cherry-pick"
    except FileNotFoundError:
        return None
