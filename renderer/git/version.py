"""A short text that changes whenever the last commit or one of some files does, and what a branch's remote has."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256

from renderer.git.branches import fetched_tip, push
from renderer.git.differences import changed
from renderer.git.read import find, merge_base_of
from renderer.git.run import GitError, asking, check, committing, text


def version_of_files(root: str, paths: Sequence[str]) -> str:
    """A text that is equal as long as HEAD and these files and folders are; also when a changed file changes again."""
    head = find(root, "HEAD")
    if head is None:
        return "no commit"
    digest = sha256(head.encode())
    for status, path in changed(root, "HEAD", None, paths):
        digest.update(f"{status} {path} {_touched(os.path.join(root, path))}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()[:20]


def _touched(file: str) -> str:
    try:
        found = os.lstat(file)
    except OSError:
        return "-"
    return f"{found.st_ctime_ns} {found.st_size}"


def current_branch(root: str) -> str:
    """The branch that is checked out. Raises GitError if there is none."""
    said = asking(root, ["symbolic-ref", "--quiet", "--short", "HEAD"])
    if said is None:
        raise GitError("no branch is checked out, so there is nothing to push: `git switch BRANCH` first")
    return text(said).strip()


def is_detached(root: str) -> bool:
    """Whether no branch is checked out, so that a commit belongs to none."""
    return asking(root, ["symbolic-ref", "--quiet", "HEAD"]) is None


def switch_to(root: str, branch: str) -> bool:
    """Check out a branch, which is made from HEAD if it does not exist; whether it was made."""
    if asking(root, ["rev-parse", "--verify", "--quiet", f"refs/heads/{branch}"]) is None:
        check(committing(root, ["switch", "--quiet", "--create", branch]))
        return True
    check(committing(root, ["switch", "--quiet", "--no-guess", branch]))
    return False


def remote_of(root: str, branch: str) -> str:
    """The remote that a branch is pushed to: its own, or `origin`."""
    said = asking(root, ["config", "--get", f"branch.{branch}.remote"])
    return text(said).strip() if said else "origin"


def commit_ahead(root: str, remote: str, branch: str) -> str | None:
    """Fetch the remote's branch; its last commit if our branch lacks it, else None. Raises GitError."""
    tip = fetched_tip(root, remote, branch)
    return tip if tip and merge_base_of(root, tip, "HEAD") != tip else None


def fast_forward(root: str, commit: str) -> bool:
    """Move the branch that is checked out to a commit; False if the two have different commits."""
    head = find(root, "HEAD")
    if merge_base_of(root, commit, "HEAD") != head:
        return False
    check(committing(root, ["merge", "--quiet", "--ff-only", commit]))
    return True


def push_branch(root: str, remote: str, branch: str) -> bool:
    """Push the branch that is checked out; False if the remote has other new commits. Raises GitError."""
    return push(root, remote, {f"refs/heads/{branch}": find(root, "HEAD") or "HEAD"})
