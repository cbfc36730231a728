"""The pinned inputs: a wheel of PyPI and modules of Go's proxy, in the user's cache, with their hashes proven."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from schemas.make.values import Schema
from tests.tools import go
from tests.tools.cache import cache, once

Lock = dict[str, Any]


class ChangedError(Exception):
    """An input is not the one that the lock names."""


def definitions(wheel: Path, minor: int) -> Mapping[str, Schema]:
    """`$defs` of Kubernetes 1.`minor` out of the wheel `kubernetes-validate`."""
    member = f"kubernetes_validate/kubernetes-json-schema/v1.{minor}.0-local-strict/_definitions.json"
    with zipfile.ZipFile(wheel) as archive:
        found: Mapping[str, Schema] = json.loads(archive.read(member))["$defs"]
    return found


def crds(module: Path, files: str) -> Iterator[Mapping[str, Any]]:
    """The CustomResourceDefinitions in a module's zip whose paths inside it start with `files`, in order of path."""
    with zipfile.ZipFile(module) as archive:
        for member in sorted(archive.namelist()):
            if member.partition("@")[2].partition("/")[2].startswith(files) and member.endswith(".yaml"):
                documents = yaml.load_all(archive.read(member), yaml.CSafeLoader)
                yield from (crd for crd in documents if crd and crd["kind"] == "CustomResourceDefinition")


def wheel(name: str, pin: Lock) -> Path:
    """The wheel of PyPI, downloaded once; raises ChangedError when its SHA-256 is not the pin's."""
    folder = once(cache("sources", f"{name}-{pin['version']}"), lambda target: _download(name, pin["version"], target))
    path = next(folder.glob("*.whl"))
    _prove(f"{name} {pin['version']}", pin, "sha256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


def module(name: str, pin: Lock) -> Path:
    """The zip of a Go module, downloaded once into Go's own cache; raises ChangedError when its h1 sum is another.

    Go proves the zip against the public checksum database. It may refuse a module that wants a newer Go, and has
    then downloaded it all the same: its manifests are all that is read.
    """
    with tempfile.TemporaryDirectory() as empty:
        command: list[str | Path] = [go.go(), "mod", "download", "-json", f"{name}@{pin['version']}"]
        asked = subprocess.run(command, cwd=empty, env=go.environment(), capture_output=True, text=True, check=False)
    told = json.loads(asked.stdout or "{}")
    if "Zip" not in told:
        raise ChangedError(f"{name}@{pin['version']}: {told.get('Error') or asked.stderr.strip()}")
    _prove(f"{name}@{pin['version']}", pin, "sum", told["Sum"])
    return Path(told["Zip"])


def _prove(what: str, pin: Lock, key: str, found: str) -> None:
    # A pin without a hash is a new version: it is taken, and written down.
    if pin.setdefault(key, found) != found:
        raise ChangedError(f"{what}: {key} is {found}, the lock has {pin[key]}")


def _download(name: str, version: str, folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--dest", str(folder), f"{name}=={version}"], check=True)
