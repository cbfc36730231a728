"""docs/editors.md with the real YAML language server: problems, descriptions and completion in a project's specs."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integrations.language_server import Server, language_server
from tests.support.cases import ROOT, run
from tests.support.pages import blocks
from tests.support.repository import init

PAGE = (ROOT / "docs/editors.md").read_text()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the files that the page says to write."""
    folder = init(tmp_path / "p")
    assert run(folder, "init", "--env", "production").code == 0
    (commands,) = [text for text in blocks(PAGE, "console") if "schema App" in text]
    for line in commands.splitlines():
        _, *words, _, file = shlex.split(line.removeprefix("$ "))
        (folder / file).write_text(run(folder, *words).out)
    return folder


@pytest.fixture
def editor(project: Path) -> Iterator[Server]:
    (settings,) = blocks(PAGE, "json")
    schemas = {(project / path).as_uri(): files for path, files in json.loads(settings)["yaml.schemas"].items()}
    with language_server(project, schemas) as server:
        yield server


def at(path: Path, text: str) -> tuple[int, int]:
    """The line and column of a text, from 0."""
    lines = path.read_text().splitlines()
    line = next(number for number, each in enumerate(lines) if text in each)
    return line, lines[line].index(text)


def test_the_projects_own_files_have_no_problem(project: Path, editor: Server) -> None:
    for path in ("rollspec.yaml", "apps/hello.yaml", "overlays/production/overlay.yaml"):
        assert editor.open(project / path) == [], path


def test_a_wrong_field_is_underlined(project: Path, editor: Server) -> None:
    spec = project / "apps/hello.yaml"
    spec.write_text(spec.read_text() + "  replcas: 3\n")
    found = editor.open(spec)
    assert [each["range"]["start"]["line"] for each in found] == [at(spec, "replcas")[0]]


def test_a_field_is_described(project: Path, editor: Server) -> None:
    spec = project / "apps/hello.yaml"
    editor.open(spec)
    assert "image" in editor.hover(spec, *at(spec, "image:")).lower()


def test_fields_are_completed(project: Path, editor: Server) -> None:
    spec = project / "apps/hello.yaml"
    spec.write_text(spec.read_text().rstrip("\n") + "\n  strategy:\n    ty\n")
    editor.open(spec)
    line, column = at(spec, "    ty")
    assert "type" in editor.completion(spec, line, column + 6)


def test_the_line_that_init_writes_names_the_schema(tmp_path: Path) -> None:
    folder = init(tmp_path / "p")
    (command,) = [
        line for text in blocks(PAGE, "console") for line in text.splitlines() if line.endswith("init --editor")
    ]
    assert run(folder, *shlex.split(command)[2:]).code == 0
    spec = folder / "apps/hello.yaml"
    assert f"`{spec.read_text().splitlines()[0]}`" in PAGE
    with language_server(folder, {}) as server:
        for path in ("rollspec.yaml", "apps/hello.yaml", "overlays/production/overlay.yaml"):
            assert server.open(folder / path) == [], path
    spec.write_text(f"{spec.read_text()}  replcas: 3\n")
    with language_server(folder, {}) as server:
        assert [each["range"]["start"]["line"] for each in server.open(spec)] == [at(spec, "replcas")[0]]
