"""The wheel on every Python that we support, with the newest and with the lowest versions of its dependencies."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.integrations.pythons import VERSIONS, lowest, python
from tests.support.cases import ROOT
from tests.support.repository import init, save
from tests.support.wheel import build, renders_the_samples, run


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("dist"))


@pytest.mark.parametrize("dependencies", ["newest", "lowest"])
@pytest.mark.parametrize("version", VERSIONS)
def test_it_installs_and_does_its_main_job(wheel: Path, tmp_path: Path, version: str, dependencies: str) -> None:
    interpreter = python(version)
    if interpreter is None:
        pytest.skip(f"neither this machine nor a registry has Python {version}")
    subprocess.run([interpreter, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    program = tmp_path / "env/bin/rollspec"
    pip = [sys.executable, "-m", "pip", "--python", str(program.with_name("python")), "install", "--quiet"]
    pinned = lowest() if dependencies == "lowest" else []
    subprocess.run([*pip, "--disable-pip-version-check", str(wheel), *pinned], check=True)
    renders_the_samples(program, tmp_path / "samples")
    _plays_a_release(program, init(tmp_path / "shop"))


def _plays_a_release(program: Path, root: Path) -> None:
    """One command of each kind: what reads, what writes, what commits, and what takes over running objects."""
    run(program, "init", "--app", "web", cwd=root)
    run(program, "render", cwd=root)
    save(root, "a project")
    for words in ("switch web --to Canary", "switch web --continue", "release web 6.8.0 --weight 20", "promote web"):
        run(program, *words.split(), "--commit", cwd=root)
    for words in ("validate --strict", "fmt --check", "render --check", "plan --base HEAD~1", "status", "history web"):
        run(program, *words.split(), cwd=root)
    (root / "found.yaml").write_text(run(program, "render", "--stdout", cwd=root))
    assert "web" in run(program, "import", "found.yaml", "--env", "found", "--dry-run", cwd=root)


def test_the_workflow_runs_on_each_of_them() -> None:
    matrix = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text())["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python"] == list(VERSIONS)
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert requires == f">={VERSIONS[0]}"
