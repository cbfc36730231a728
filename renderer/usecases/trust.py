"""Whether the cache in a project's folder may be believed, and with which key its texts must be signed."""

from __future__ import annotations

from renderer import cache
from renderer.cache_key import NoKeyError, signing_key
from renderer.console import say
from renderer.layout import CACHE_FOLDER, Layout
from renderer.sealed import Sealed
from renderer.usecases.index_file import may_have


def trusted_key(root: str) -> bytes:
    """The key of this user for this folder. NoKeyError says why no cache may be used here; a tracked one is named."""
    secret = signing_key(root)
    if _is_tracked(root):
        say(f"rollspec: {CACHE_FOLDER}/ is not used, because Git tracks it: run `git rm -r --cached {CACHE_FOLDER}`")
        raise NoKeyError("Git tracks it")
    return secret


def sealed(root: str, layout: Layout, name: str) -> Sealed | None:
    """Where a run of this program keeps what it found in a project; None where no cache may be used."""
    try:
        secret = trusted_key(root)
    except (NoKeyError, OSError):
        return None
    return Sealed(root, name, cache.digest({"": f"{cache.program()} {layout!r}".encode()}), secret)


def _is_tracked(root: str) -> bool:
    """Whether a commit has the cache's files."""
    if not may_have(root, cache.NAMED):  # a quick look, before Git is asked
        return False
    from renderer.git import GitError, tracked  # git: a plain run does not need it

    try:
        return bool(tracked(root, [CACHE_FOLDER]))
    except GitError:  # what is signed is believed, tracked or not
        return False
