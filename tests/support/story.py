"""What a release in a new repository is shown by: each command of rollspec or Git as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.cases import ROOT
from tests.support.repository import environment


def said(project: Path, words: Sequence[str], more: Mapping[str, str] | None = None) -> str:
    """What the command prints in a project; one that fails ends the program with its output.

    `more` are further variables of its environment.
    """
    command = [sys.executable, "-m", "renderer", "-C", str(project)] if words[0] == "rollspec" else [words[0]]
    env = environment(PYTHONPATH=str(ROOT), **(more or {}))
    done = subprocess.run([*command, *words[1:]], cwd=project, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(words)} ended with exit code {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def is_header(line: str) -> bool:
    """Whether it is one of the lines of a diff that only Git needs."""
    return line.startswith(("diff --git ", "index ", "new file", "--- ", "@@ "))
