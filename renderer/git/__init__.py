"""The only package that runs git: revisions, changed files, contents, history, and a commit of exactly some files.

The first argument of every function is the folder to work in (a project's root); paths are relative to it, with `/`,
and literal. Git runs without a shell, a pager or a prompt; reading takes no locks. All functions raise GitError.
"""

from __future__ import annotations

from renderer.git.differences import FileStatus, changed, renamed
from renderer.git.history import Commit, Touch, commits_of, log, log_files, read_commits
from renderer.git.index import tracked
from renderer.git.read import (
    TreeEntry,
    is_shallow,
    list_tree,
    merge_base,
    merge_base_of,
    read_blobs,
    read_many,
    remotes,
    resolve,
    top_folder,
    upstream_name,
)
from renderer.git.run import FailureReason, GitError

__all__ = [
    "Commit",
    "FailureReason",
    "FileStatus",
    "GitError",
    "Touch",
    "TreeEntry",
    "changed",
    "commits_of",
    "is_shallow",
    "list_tree",
    "log",
    "log_files",
    "merge_base",
    "merge_base_of",
    "read_blobs",
    "read_commits",
    "read_many",
    "remotes",
    "renamed",
    "resolve",
    "top_folder",
    "tracked",
    "upstream_name",
]
