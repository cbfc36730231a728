"""What an earlier run found in Git's history up to a commit: it counts if that commit is in the first-parent line."""

from __future__ import annotations

from renderer.git import GitError, is_shallow
from renderer.git.read import first_parents


def is_kept(root: str) -> bool:
    """Whether what is found here may be kept. A shallow clone may get older commits later, and then other answers."""
    return not is_shallow(root)


def counts(root: str, head: str, kept: str) -> bool:
    """Whether what was found at the commit `kept` counts for `head`: that commit is in its first-parent line."""
    if not kept or not is_kept(root):
        return False
    try:
        return head == kept or first_parents(root, kept, head) is not None
    except GitError:  # it is gone: the branch was rewritten
        return False
