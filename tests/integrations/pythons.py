"""The versions of Python that we support: the machine's own, pyenv's, or a build of it that a registry has."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import tomllib
from pathlib import Path

from tests.support.cases import ROOT
from tests.tools import folder, go
from tests.tools.cache import once

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
_MODULE = "github.com/kluctl/go-embed-python"  # python-build-standalone's builds, as a Go module
_BUILDS = {"3.11": "v0.0.0-3.11.11-20241219-1", "3.14": "v0.0.0-3.14.6-20260610-1"}


def python(version: str) -> Path | None:
    """A Python of this minor version; None if neither the machine nor a registry has one."""
    own = shutil.which(f"python{version}")
    if own and _is(Path(own), version):
        return Path(own)
    homes = sorted((Path.home() / ".pyenv/versions").glob(f"{version}.*/bin/python{version}"))
    found = next((home for home in homes if _is(home, version)), None)
    if found is None and version in _BUILDS:
        found = once(folder("python", _BUILDS[version]), lambda target: _unpack(version, target)) / "bin/python3"
    return found


def lowest() -> list[str]:
    """The lowest version of each run-time dependency that pyproject.toml allows, such as `click==8.2`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bounds = [each.split(",")[0] for each in project["dependencies"] if ">=" in each]
    return [bound.replace(">=", "==") for bound in bounds]


def _is(command: Path, version: str) -> bool:
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([command, "-c", ask], capture_output=True, text=True, check=False).stdout.strip() == version


def _unpack(version: str, target: Path) -> None:
    command: list[str | Path] = [go.go(), "mod", "download", "-json", f"{_MODULE}@{_BUILDS[version]}"]
    said = subprocess.run(
        command, env=go.environment(GOFLAGS="-mod=mod"), cwd=target, capture_output=True, text=True, check=True
    )
    (source,) = Path(json.loads(said.stdout)["Dir"]).glob("python/internal/data/linux-amd64")
    for each in json.loads((source / "files.json").read_text())["files"]:
        path = target / each["name"]
        path.parent.mkdir(parents=True, exist_ok=True)
        if "symlink" in each:
            path.symlink_to(each["symlink"])
        elif (source / f"{each['name']}.gz").exists():
            path.write_bytes(gzip.decompress((source / f"{each['name']}.gz").read_bytes()))
        elif (source / each["name"]).is_file():
            shutil.copyfile(source / each["name"], path)
        if path.is_file() and not path.is_symlink():
            path.chmod(each["perm"] & 0o777)
