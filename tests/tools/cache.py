"""The user's cache for checkers and their sources: each thing is put there once, whole or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def cache(*parts: str) -> Path:
    """A path under `${XDG_CACHE_HOME:-~/.cache}/rollspec`; nothing is made."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home, "rollspec", *parts)


def once(folder: Path, make: Callable[[Path], None]) -> Path:
    """The folder; made first, by `make(empty folder)`, where it is missing.

    A folder that exists is complete: it is filled beside its place and renamed. A second run waits for the first.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_name(f".{folder.name}.lock")):
        if not folder.is_dir():
            _fill(folder, make)
    return folder


def _fill(folder: Path, make: Callable[[Path], None]) -> None:
    # No TemporaryDirectory: after the rename there is nothing left to remove.
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        draft.chmod(0o755)
        make(draft)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # goes with the process, so a killed run leaves no lock
        yield
