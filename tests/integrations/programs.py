"""The programs of others, at pinned versions, installed once into the user's cache."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.tools import folder, go
from tests.tools.cache import once

ACTIONLINT = "1.7.12"
NPM = {"@microsoft/jest-sarif": "1.0.0-beta.0", "yaml-language-server": "2.0.0"}


def actionlint() -> Path:
    """The linter of GitHub's workflows."""
    package = f"github.com/rhysd/actionlint/cmd/actionlint@v{ACTIONLINT}"
    return once(folder("actionlint", ACTIONLINT), lambda target: go.install(package, target)) / "actionlint"


def npm(package: str) -> Path:
    """The `node_modules` that has the package."""
    version = NPM[package]

    def install(target: Path) -> None:
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(target)]
        subprocess.run([*command, f"{package}@{version}"], check=True)

    return once(folder(package.replace("/", "+"), version), install) / "node_modules"
