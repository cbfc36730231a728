"""A Git repository in a temporary folder, with no configuration but its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

IDENTITY = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "A Team",
    "GIT_AUTHOR_EMAIL": "team@example.com",
    "GIT_COMMITTER_NAME": "A Team",
    "GIT_COMMITTER_EMAIL": "team@example.com",
}


def environment(**more: str) -> dict[str, str]:
    """The environment of this process without what a hook of Git has set around us, and with an identity to commit."""
    here = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT"))}
    return {**here, **IDENTITY, **more}


def git(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    """What git says; its refusal is an error of the test."""
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=env or environment(), check=False)
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return done.stdout


def init(folder: Path) -> Path:
    """A new repository with the branch main."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    return folder


def save(folder: Path, message: str = "save") -> None:
    """Commit everything that lies there."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--no-verify", "--message", message)
