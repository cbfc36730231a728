"""The built wheel, installed into an empty environment away from the checkout, renders the samples byte by byte."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support.cases import ROOT
from tests.support.repository import environment
from tests.support.wheel import build, renders_the_samples, run
from tests.tools.wheels import wheels

# The files of the program: its code, the pages of the board, and the lists that kustomize merges by key.
FILES = ("**/*.py", "board/pages/*.html.j2", "board/pages/*.css", "board/pages/*.js", "patch/merge_keys.json")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("dist"))


@pytest.mark.parametrize("target", ["wheel", "sdist"])
def test_it_is_the_same_from_another_checkout_at_another_time(target: str, tmp_path: Path) -> None:
    """Building it again from the same sources gives the same bytes."""
    other = tmp_path / "elsewhere"
    for name in ("renderer", "schemas", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", ".gitignore"):
        source = ROOT / name
        ignore = shutil.ignore_patterns("__pycache__")
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, other / name, ignore=ignore) if source.is_dir() else shutil.copy(source, other / name)
    for path in other.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    one, two = build(target, ROOT, tmp_path / "one"), build(target, other, tmp_path / "two")
    assert one.name == two.name
    assert one.read_bytes() == two.read_bytes()


def test_it_holds_the_program_and_every_schema_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    program = {str(path.relative_to(ROOT)) for pattern in FILES for path in (ROOT / "renderer").glob(pattern)}
    sets = [path for path in (ROOT / "schemas").iterdir() if any(path.rglob("*.json")) and path.name != "make"]
    for_editors = ROOT / "schemas/rollspec/v1"  # which the program makes from the others
    files = [path for each in sets for path in each.rglob("*.json") if path.parent != for_editors]
    schemas = {f"renderer/_schemas/{path.relative_to(ROOT / 'schemas')}" for path in files}
    assert schemas
    assert names == program | schemas
    assert not any("schema.json" in name for name in names)


def test_it_renders_the_samples(wheel: Path, tmp_path: Path) -> None:
    python = _install(wheel, tmp_path / "env")
    ask = "import json, sys, renderer; print(json.dumps([renderer.__file__, sys.path]))"
    file, path = json.loads(run(python, "-c", ask, cwd=tmp_path))
    assert not [part for part in (file, *path) if part.startswith(str(ROOT))]
    renders_the_samples(python.with_name("rollspec"), tmp_path / "samples")


def _install(wheel: Path, folder: Path) -> Path:
    """The Python of a new environment that has the wheel and what it needs."""
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-index", "--find-links", str(wheels()), "--no-compile", str(wheel)]
    subprocess.run([*pip, *offline], env=environment(PIP_CONFIG_FILE="/dev/null"), check=True)
    return python
