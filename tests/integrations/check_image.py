"""The Containerfile: its linter, and its steps without a container. No image is built here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.integrations.programs import hadolint
from tests.support.cases import ROOT
from tests.support.repository import environment

TEXT = (ROOT / "Containerfile").read_text()


def test_the_linter_finds_nothing() -> None:
    command = [str(hadolint()), "--failure-threshold=info", str(ROOT / "Containerfile")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_base_is_pinned_and_the_user_is_not_root() -> None:
    bases = re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)
    assert len(bases) == 2
    assert all(re.search(r"@sha256:[0-9a-f]{64}$", base) for base in bases)
    assert re.findall(r"^USER (\S+)", TEXT, re.MULTILINE) == ["999:999"]


def test_what_it_copies_is_enough_to_install_and_run_as_another_user(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    source, target = tmp_path / "source", tmp_path / "rollspec"
    source.mkdir()
    for line in re.findall(r"^COPY (?!--)(.+)$", TEXT, re.MULTILINE):
        *names, _ = line.split()
        for name in names:
            path = ROOT / name
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(path, source / name, ignore=ignore) if path.is_dir() else shutil.copy(path, source)
    subprocess.run([sys.executable, "-m", "venv", target], check=True)
    pip = [str(target / "bin/python"), "-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-compile", "."]
    subprocess.run(pip, cwd=source, check=True)
    project = tmp_path / "work"
    shutil.copytree(
        ROOT,
        project,
        symlinks=True,
        ignore=lambda _, names: {name for name in names if name.startswith(".")} | {"dist"},
    )
    env = environment(PYTHONDONTWRITEBYTECODE="1", HOME="/nonexistent")
    other = 999 if os.getuid() == 0 else None
    for arguments in (["--version"], ["validate"], ["render", "--check"]):
        command = [str(target / "bin/rollspec"), *arguments]
        done = subprocess.run(
            command, cwd=project, env=env, capture_output=True, text=True, check=False, user=other, group=other
        )
        assert done.returncode == 0, done.stderr
