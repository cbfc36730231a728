"""The pinned packages in requirements/: all that pyproject.toml asks for, in its bounds, with hashes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.lock import FOLDER, LOCKS, UV
from tests.support.cases import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
_PIN = re.compile(
    r"^([a-z0-9-]+)==(\S+)(?: ; [^\\\n]+)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)


def pins(name: str) -> dict[str, str]:
    """The version of each package in a file."""
    return {package: version for package, version, _ in _PIN.findall((FOLDER / name).read_text())}


def group(name: str) -> Iterator[str]:
    """The requirements of a dependency group."""
    for each in PROJECT["dependency-groups"][name]:
        if isinstance(each, dict):
            yield from group(each["include-group"])
        else:
            yield each


def wanted(name: str) -> list[str]:
    """What pyproject.toml asks for in a file."""
    own: dict[str, Any] = PROJECT["project"]
    build: list[str] = PROJECT["build-system"]["requires"]
    extras = [each for some in own["optional-dependencies"].values() for each in some]
    found: dict[str, list[str]] = {
        "dev.txt": [*own["dependencies"], *extras, *group("dev"), *build],
        "run.txt": own["dependencies"],
        "build.txt": [*group("build"), *build],
    }
    return found[name]


@pytest.mark.parametrize("name", LOCKS)
def test_it_pins_what_is_asked_for(name: str) -> None:
    pinned = pins(name)
    asked = [Requirement(each) for each in wanted(name)]
    assert asked
    outside = [str(each) for each in asked if not each.specifier.contains(pinned[canonicalize_name(each.name)])]
    assert outside == [], "run `make lock`"


@pytest.mark.parametrize("name", LOCKS)
def test_each_pin_has_a_hash(name: str) -> None:
    lines = [line for line in (FOLDER / name).read_text().splitlines() if line and not line.startswith(" ")]
    assert len(lines) == len(pins(name))


def test_a_package_has_one_version() -> None:
    assert pins("dev.txt").items() >= pins("run.txt").items() | pins("build.txt").items()


def test_the_workflow_publishes_with_the_same_uv() -> None:
    assert f"pipx run uv=={UV} publish" in (ROOT / ".github/workflows/release.yml").read_text()


@pytest.mark.parametrize("path", ["Containerfile", "action.yml", "Makefile", ".github/workflows/release.yml"])
def test_what_we_install_is_pinned(path: str) -> None:
    text = re.sub(r"ifdef NEWEST.*?else", "", (ROOT / path).read_text(), flags=re.DOTALL)
    lines = [line for line in text.splitlines() if re.search(r"pip install|^ *@?\$\(PIP\)|^ +install -", line)]
    loose = [line for line in lines if "--require-hashes" not in line and "--no-deps" not in line]
    allowed = ("PIP := ", "install() {", "bom/bin/python ")  # a name for it; and what a user gets, to list it
    assert [line for line in loose if not line.strip().startswith(allowed)] == []
