"""The only caller of git: revisions, changed files, contents, history, and a commit of exactly some files.

Every function takes the folder to work in (a project's root) first; paths are relative to it, with `/`, and taken
literally. Git runs without a shell, a pager or a prompt, and takes no locks to read. Raises GitError.
"""

from __future__ import annotations

from renderer.git.commits import commit
from renderer.git.history import Commit, Touch, log, log_files
from renderer.git.read import (
    Entry,
    Status,
    changed,
    is_shallow,
    list_tree,
    merge_base,
    read_blobs,
    read_many,
    renamed,
    resolve,
    root,
)
from renderer.git.run import GitError, Kind

__all__ = [
    "Commit",
    "Entry",
    "GitError",
    "Kind",
    "Status",
    "Touch",
    "changed",
    "commit",
    "is_shallow",
    "list_tree",
    "log",
    "log_files",
    "merge_base",
    "read_blobs",
    "read_many",
    "renamed",
    "resolve",
    "root",
]
