"""`make lock`: pins what the program, its build and its tests need, with hashes for every Python and every system."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.tools import folder, pypi
from tests.tools.cache import once

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "requirements"
UV = "0.13.9"
# Each file, and what it pins. The first has all versions, and the others take theirs from it.
LOCKS = {
    "dev.txt": ("pyproject.toml", "--all-extras", "--group", "dev"),
    "run.txt": ("pyproject.toml",),
    "build.txt": ("--group", "build"),
}


def uv() -> Path:
    """A program that resolves for every Python and every system at once."""
    return once(folder("uv", UV), lambda target: pypi.install(f"uv=={UV}", target)) / "bin/uv"


def main() -> None:
    """Write the files."""
    compile_ = [str(uv()), "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header"]
    first, *_ = LOCKS
    for name, what in LOCKS.items():
        versions = ["--upgrade"] if name == first else ["--constraint", str(FOLDER / first)]
        command = [*compile_, "--python-version", "3.11", *versions, *what, "--output-file", str(FOLDER / name)]
        subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
