"""Every command that shares its work writes and says the same however its processes start: by fork or by spawn."""

from __future__ import annotations

import os
import pickle
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from renderer import workers
from renderer.usecases import live
from renderer.workers import START_METHOD, _tell
from tests.bench.projects import generate
from tests.bench.rows import commit
from tests.support.cases import run, snapshot

APPS = 24  # of which two processes get 12 each
# Of an app without a partial app: of those, every process is sent the paths.
OF_AN_APP = (b"apps/app-00004.yaml", b"name: app-00004\n", b"rendered/production/app-00004")
FOLDERS = ("apps", "overlays", "rendered", "board")


def fleet(folder: Path) -> Path:
    """Rendered and committed, with a problem for `validate`, and environments that promote."""
    project = generate(folder, APPS, 2)
    with (project / "rollspec.yaml").open("a") as file:
        file.write("  promotion: [staging, production]\n")
    assert run(project, "fmt").code == 0
    assert run(project, "render").code == 0
    commit(project)
    return project


def edited(project: Path, pattern: str, text: str, only: str = "apps/*.yaml") -> None:
    for path in project.glob(only):
        path.write_text(re.sub(pattern, text, path.read_text(), flags=re.MULTILINE))


def written(project: Path) -> dict[str, dict[str, str]]:
    """Every file of the project's own folders, without the times that a board shows."""
    files = {folder: snapshot(project / folder) for folder in FOLDERS}
    board = {path: re.sub(r"<time[^>]*>[^<]*</time>", "", text) for path, text in files["board"].items()}
    return {**files, "board": board}


def unchanged(_: Path) -> None:
    """Nothing to prepare."""


def faulty(project: Path) -> None:
    edited(project, "^  tag: ", "  tagg: ", "apps/app-0001*.yaml")


def unformatted(project: Path) -> None:
    edited(project, "^  tag: ", "  tag:    ")


def touched(project: Path) -> None:
    edited(project, "LOG_LEVEL: info", "LOG_LEVEL: debug", "apps/app-0001*.yaml")
    for path in project.glob("apps/app-0000*.yaml"):
        os.utime(path, (1, 1))  # the contents are the same


def released(project: Path) -> None:
    edited(project, "^  tag: .*", "  tag: 9.9.9")


def everywhere(project: Path) -> None:
    edited(project, "maxUnavailable: 1", "maxUnavailable: 2", "overlays/*/overlay.yaml")
    edited(project, "^  tag: .*", "  tag: 9.9.9", "apps/app-0001*.yaml")


def forgotten(project: Path) -> None:
    shutil.rmtree(project / ".rollspec")


COMMANDS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "render": (forgotten, ("render", "--no-cache")),
    "render of touched files": (touched, ("render",)),
    "validate with problems": (faulty, ("validate",)),
    "validate --cached": (touched, ("validate", "--cached")),
    "validate --base": (everywhere, ("validate", "--base", "HEAD")),
    "fmt": (unformatted, ("fmt",)),
    "plan": (everywhere, ("plan", "--format", "json")),
    "status": (forgotten, ("status", "--format", "json", "--at", "2030-01-01T00:00:00Z")),
    "board": (unchanged, ("board", "--all")),
    "release --from-edits": (released, ("release", "--from-edits", "--base", "HEAD", "--weight", "10")),
    "release --train": (released, ("release", "--train", "--env", "production", "--dry-run")),
    "weight": (unchanged, ("weight", "--all", "35", "--env", "production")),
    "promote": (unchanged, ("promote", "--all", "--env", "production")),
}


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fleet(tmp_path_factory.mktemp("start-methods") / "project")


@pytest.fixture
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes share the work of every command, however little it is."""
    monkeypatch.setattr(workers, "processors", lambda: 2)
    monkeypatch.setattr(workers, "_SPAWNING", 0.0)
    for module in (workers, live):
        monkeypatch.setattr(module, "SMALL", 2)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.usefixtures("two_processes")
def test_a_command_says_and_writes_the_same(
    name: str, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, words = COMMANDS[name]
    sent: list[bytes] = []

    def tell(pipe: Any, what: object) -> None:
        sent.extend([pickle.dumps(what)] if isinstance(what, tuple) else [])
        _tell(pipe, what)

    monkeypatch.setattr(workers, "_tell", tell)
    found = {}
    for method in ("fork", "spawn"):
        monkeypatch.setenv(START_METHOD, method)
        project = tmp_path / "project"
        shutil.copytree(start, project, copy_function=shutil.copy2)
        prepare(project)
        outcome = run(project, *words)
        assert outcome.code in (0, 1)
        assert bool(sent) is (method == "spawn")
        found[method] = (outcome, written(project))
        shutil.rmtree(project)
    assert found["spawn"] == found["fork"]
    for one, other in zip(sent[::2], sent[1::2], strict=True):  # each process is sent what it needs of its own apps
        for path in OF_AN_APP:
            assert not (path in one and path in other), path
