"""How a clone is set up: what `rollspec doctor` asks git."""

from __future__ import annotations

import os.path

from renderer.git.read import git_path
from renderer.git.run import asking, reading


def git_version(root: str) -> str:
    """`2.47.1`."""
    return reading(root, ["--version"]).decode().strip().removeprefix("git version ")


def has_hook(root: str, name: str) -> bool:
    """Whether a hook of this name is installed."""
    return os.path.exists(git_path(root, f"hooks/{name}"))


def line_ending(root: str, path: str) -> str:
    """How git checks a text file out: `crlf`, or `lf`."""
    eol, text = (
        reading(root, ["check-attr", "-z", name, "--", path]).split(b"\0")[2].decode() for name in ("eol", "text")
    )
    if eol in ("lf", "crlf"):
        return eol
    is_text = text in ("set", "auto", "unspecified")
    converts = (asking(root, ["config", "core.autocrlf"]) or b"").strip() == b"true"
    return "crlf" if converts and is_text else "lf"


def files_with(root: str, pattern: str, *paths: str) -> list[str]:
    """The files, but for ignored ones, that have a line of this extended regular expression."""
    found = asking(root, ["grep", "--untracked", "-l", "-z", "-I", "-E", pattern, "--", *paths]) or b""
    return [path.decode(errors="surrogateescape") for path in found.split(b"\0") if path]
