"""The engines' versions: `lock.json` as values, and where each engine lies in the user's cache."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
LOCK = HERE / "lock.json"
ROLLOUTS = ("1.10.2", "1.9.3")  # the newest first: what runs when nobody says which


@dataclass(frozen=True)
class Engine:
    """One engine of the lock file; `build`: Go package by program, `files`: where its source has a file."""

    name: str
    version: str = ""
    pypi: str = ""
    module: str = ""
    source: str = ""
    main: str = ""
    staging: str = ""
    build: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    replace: dict[str, str] = field(default_factory=dict)
    crds: list[str] = field(default_factory=list)
    tags: str = field(default="", repr=False)  # of `go build`

    @property
    def key(self) -> str:
        """What its files depend on: with another key it is another folder, so that nothing old is taken for new."""
        facts = [repr(self), *([self.tags] if self.tags else []), *(path.read_text() for path in self.sources())]
        return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:10]

    @property
    def folder(self) -> Path:
        """Where its programs and files are, once it is built."""
        return cache() / f"{self.name}-{self.key}"

    def sources(self) -> list[Path]:
        """Our own source files that it is built from."""
        return sorted((HERE / self.source).glob("*")) if self.source else []


def cache() -> Path:
    """The folder of all engines: `$XDG_CACHE_HOME/rollspec/engines`, by default under `~/.cache`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rollspec" / "engines"


def engines() -> dict[str, Engine]:
    """Every engine of the lock file by name, in the order in which they are built."""
    return {name: Engine(name, **facts) for name, facts in json.loads(LOCK.read_text())["engines"].items()}


def go_version() -> tuple[str, str]:
    """PyPI package and version of the Go toolchain."""
    go = json.loads(LOCK.read_text())["go"]
    return go["pypi"], go["version"]


def missing() -> list[str]:
    """The engines that are not built yet."""
    return [engine.name for engine in engines().values() if not engine.folder.is_dir()]


def program(engine: str, name: str) -> Path:
    """The path of one program (or file) of an engine."""
    return engines()[engine].folder / name
