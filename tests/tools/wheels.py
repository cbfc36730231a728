"""A folder with the wheels that rollspec and its build need, so that tests install it without a network."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

from tests.tools.cache import cache

ROOTS = ("rollspec", "hatchling")  # what an environment of pre-commit asks for


def wheels() -> Path:
    """The folder; raises FileNotFoundError with what to run when it is not there."""
    found = folder()
    if not found.is_dir():
        raise FileNotFoundError(f"{found} is not there: run `make tools`")
    return found


def folder() -> Path:
    """Where they lie: one folder for each Python and each set of versions."""
    mark = hashlib.sha256("\n".join(pinned()).encode()).hexdigest()[:12]
    return cache("wheels", f"{sys.implementation.cache_tag}-{sys.platform}-{mark}")


def pinned() -> list[str]:
    """`name==version` of all that the roots need, as this environment has them; rollspec itself aside."""
    found: dict[str, str] = {}
    pending = list(ROOTS)
    while pending:
        name = pending.pop()
        if name not in found:
            found[name] = distribution(name).version
            pending += _needs(name)
    return sorted(f"{name}=={version}" for name, version in found.items() if name != "rollspec")


def download(target: Path) -> None:
    """Fetch them from the package index."""
    print("fetching the wheels that rollspec needs", file=sys.stderr)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--only-binary", ":all:", "--dest", target, *pinned()], check=True)


def _needs(name: str) -> Iterator[str]:
    for line in distribution(name).requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name.lower().replace("_", "-")
