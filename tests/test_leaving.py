"""A project that names a minor which the next release of rollspec leaves out reads a note about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderer.layout import PROJECT_FILE
from renderer.pipeline import setup
from renderer.problem import Problem
from renderer.project import LEAVING, Versions
from renderer.resources import read_schema
from renderer.schema import Schemas
from schemas.make import add
from tests.support.cases import FIXTURES, lay_out, run
from tests.support.cases import PROJECT as SPECS

PROJECT = b"""\
apiVersion: rollspec/v1
kind: Project
spec:
  renderLevel: 2
  versions: {istio: "1.30", argoRollouts: "1.10"}
"""


def test_a_note_where_the_project_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "LEAVING", {"istio": ("1.29", "1.30"), "argoRollouts": ("1.9",)})
    project, problems = setup.read_project(PROJECT, Schemas(Versions(), read_schema))
    assert project is not None
    assert problems == [
        Problem(
            "rollspec.yaml",
            5,
            21,
            "leaving-version",
            "the next release of rollspec does not render for 1.30: upgrade the cluster, then name a newer minor here",
            "/spec/versions/istio",
            "note",
        )
    ]


@pytest.mark.parametrize("command", [("validate",), ("render",), ("render", "--check", "--cached")])
def test_a_run_prints_the_note(command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    minor = Versions().istio
    project = lay_out(FIXTURES / "ok/rolling-update", tmp_path / "p", leave=frozenset(("expected",)))
    (project / PROJECT_FILE).write_text(f'{SPECS}  versions: {{istio: "{minor}"}}\n')
    assert run(project, "render").code == 0
    monkeypatch.setattr(setup, "LEAVING", {"istio": (minor,)})
    outcome = run(project, *command)
    assert outcome.code == 0
    assert f"leaving-version: the next release of rollspec does not render for {minor}" in outcome.err


def test_no_note_while_every_minor_stays() -> None:
    assert setup.read_project(PROJECT, Schemas(Versions(), read_schema))[1] == []


def test_the_table_is_that_of_make_minor() -> None:
    assert dict(LEAVING) == add.leaving()


def test_the_oldest_leaves_after_another_minor(monkeypatch: pytest.MonkeyPatch) -> None:
    minors = add.supported
    monkeypatch.setattr(add, "supported", lambda name: [*minors(name), *(["1.33"] if name == "istio" else [])])
    assert add.leaving() == {"istio": ("1.30",)}
