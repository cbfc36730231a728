"""What a command imports: a command that starts quickly imports only what it needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.projects import generate
from tests.support.cases import ROOT

# What takes long to import: libraries, and packages of ours with many modules.
HEAVY = (
    *("asyncio", "kr8s", "renderer.cluster", "renderer.live"),
    *("cronsim", "difflib", "http", "importlib.metadata", "jinja2", "jsonschema", "jsonschema_rs", "logging"),
    *("multiprocessing", "ruamel", "sqlite3", "subprocess", "tempfile", "urllib.request", "yaml", "zoneinfo"),
    *("renderer.board", "renderer.edit", "renderer.git", "renderer.history", "renderer.importing", "renderer.pipeline"),
    *("renderer.plan", "renderer.rules", "renderer.scaffold", "renderer.simulate", "renderer.web"),
    *("starlette", "uvicorn"),
)
SPECS = {"difflib", "jsonschema_rs", "renderer.pipeline", "renderer.rules", "yaml"}  # to read and check a spec
GIT = {"renderer.git", "subprocess", "tempfile"}
CHANGE = {"renderer.plan"}  # what a change of specs will do
ALLOWED = {
    "--help": {"difflib"},
    "--version": {"difflib"},
    "render": SPECS | {"sqlite3"},
    "render --no-cache": SPECS,
    "render --check": SPECS | GIT,
    "validate": SPECS,
    "validate --cached": SPECS | {"sqlite3"},
    "validate --base HEAD": SPECS | GIT | CHANGE,
    "validate --hook --cached apps/app-00000.yaml": SPECS | GIT | CHANGE | {"sqlite3"},
    "render --hook apps/app-00000.yaml": SPECS | GIT | {"sqlite3"},
    "fmt --check": SPECS | {"renderer.edit"},
    "plan": SPECS | GIT | CHANGE,
    "status": SPECS | GIT | {"renderer.history"},
    "history app-00000": SPECS | GIT | {"renderer.history"},
    "weight app-00000 30 --dry-run": SPECS | GIT | {"renderer.edit"},
}
PROGRAM = f"""
import sys
before = set(sys.modules)  # under coverage, its own modules
from renderer.cli import run
code = run(sys.argv[1:])
found = [name for name in {HEAVY!r} if name in sys.modules and name not in before]
sys.stderr.write(f"\\nfound {{code}} {{' '.join(found)}}")
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = generate(tmp_path_factory.mktemp("start") / "project", 1, 1)
    subprocess.run([sys.executable, "-m", "renderer", "-C", made, "render"], cwd=ROOT, check=True, capture_output=True)
    (made / ".gitignore").write_text(".rollspec/\n")
    for words in (
        ("init",),
        ("add", "-A"),
        ("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-m", "a"),
    ):
        subprocess.run(["git", *words], cwd=made, check=True, capture_output=True)
    return made


@pytest.mark.parametrize("command", ALLOWED)
def test_a_command_imports_only_what_it_needs(command: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRE_COMMIT", "1")  # runs the hooks in the working tree
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, "-C", str(project), *command.split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    found, code, *heavy = told.rpartition("\n")[2].split()
    assert (found, code in ("0", "1")) == ("found", True), told
    assert set(heavy) - ALLOWED[command] == set()
