"""The package as users get it: built from the checkout, installed elsewhere, and run away from the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.cases import ROOT
from tests.support.repository import environment

_SAMPLES = ("rollspec.yaml", "overlays", "fixtures/apps")


def build(target: str, checkout: Path, folder: Path) -> Path:
    """The wheel or sdist of a checkout, in an empty folder."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    done = subprocess.run(command, cwd=checkout, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (found,) = folder.iterdir()
    return found


def renders_the_samples(program: Path, folder: Path) -> None:
    """Assert that the installed program renders a copy of the samples to the bytes of fixtures/rendered."""
    for path in _SAMPLES:
        source, target = ROOT / path, folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    said = run(program, "render", cwd=folder)
    assert said.endswith(" written, 0 unchanged, 0 removed\n")
    assert _contents(folder / "fixtures/rendered") == _contents(ROOT / "fixtures/rendered")


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints, without this Python's own variables; it must succeed."""
    env = {name: value for name, value in environment().items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
