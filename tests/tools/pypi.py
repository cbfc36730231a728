"""Packages of PyPI in a folder of their own: unlike a venv, it can be moved."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def install(wanted: str, target: Path, *options: str, timeout: float | None = None) -> None:
    """Install a package, such as `uv==0.13.9`, and what it needs; at most `timeout` seconds."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options]
    subprocess.run([*pip, "--root-user-action=ignore", "--target", target, wanted], check=True, timeout=timeout)
