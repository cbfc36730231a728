"""Commands that only read change nothing under `.git` and nothing that is tracked, and start no hook."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.past import Repository

COMMANDS = [
    *("plan", "plan --base HEAD~1", "plan --base HEAD~1 --head HEAD", "validate", "validate --base HEAD~1"),
    *(
        "validate --staged",
        "plan --into HEAD~1",
        "validate --into HEAD~1",
        "render --check",
        "render --check --staged",
        "render --stdout",
        "status",
        "status --app web",
    ),
    *("history web", "board --output ../pages", "doctor", "fmt --check", "release web 1.6.0 --dry-run"),
    *("release --from-edits --base HEAD~1 --dry-run", "undo web --dry-run", "abort web --commit --dry-run"),
]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Two commits on a branch, with every hook that git has for a change, and an index whose times are out of date."""
    made = Repository(tmp_path / "repository")
    made.rendered()
    made.git("checkout", "--quiet", "-b", "feature")
    made.verb("release", "web", "1.5.0", "--weight", "20")
    for hook in ("post-index-change", "reference-transaction", "post-checkout", "pre-commit", "post-commit"):
        path = made.folder / ".git/hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ntouch {tmp_path}/hook-$$\n")
        path.chmod(0o755)
    for path in made.folder.rglob("*.yaml"):
        os.utime(path, (1, 1))
    return made


def state(folder: Path) -> dict[str, object]:
    """Every file of the repository but our cache: contents, and of git's own files the times too."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and not name.startswith(".rollspec"):
            status = path.stat()
            times = (status.st_mtime_ns, status.st_ino) if name.startswith(".git/") else ()
            found[name] = (sha256(path.read_bytes()).hexdigest(), *times)
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_a_reading_command_changes_nothing(repository: Repository, tmp_path: Path, command: str) -> None:
    before = state(repository.folder)
    done = repository.run(*command.split())
    assert done.code in (0, 1), done
    assert state(repository.folder) == before
    assert list(tmp_path.glob("hook-*")) == []


def test_the_state_sees_what_git_itself_would_change(repository: Repository, tmp_path: Path) -> None:
    before = state(repository.folder)
    repository.git("status")
    assert state(repository.folder) != before
    assert list(tmp_path.glob("hook-*")) != []
