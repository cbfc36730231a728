"""What git has for merges of our own: a driver for each kind of file, and a merge by lines."""

from __future__ import annotations

import os
from typing import NamedTuple

from renderer.git.read import git_path
from renderer.git.run import check, committing, refusal, text


class Lines(NamedTuple):
    """A merge by lines; where it has a conflict, its text has the marks."""

    text: str
    has_conflict: bool


def merged_lines(ours: str, base: str, theirs: str) -> Lines:
    """Merge three files line by line, as git does by itself."""
    labels = [part for label in ("ours", "base", "theirs") for part in ("-L", label)]
    files = [os.path.abspath(path) for path in (ours, base, theirs)]
    done = committing(os.getcwd(), ["merge-file", "-p", "-q", *labels, *files])
    if done.returncode > 127:
        raise refusal(text(done.stderr))
    return Lines(done.stdout.decode(errors="replace"), done.returncode > 0)


def set_driver(root: str, name: str, command: str) -> None:
    """Name a merge driver in the repository's own configuration."""
    check(committing(root, ["config", f"merge.{name}.name", name]))
    check(committing(root, ["config", f"merge.{name}.driver", command]))


def hooks_folder(root: str) -> str:
    """The folder in which git looks for hooks."""
    return os.path.normpath(git_path(root, "hooks"))
