"""Every release state by every verb, held by a golden file a state; every pair works or explains itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderer.problem import errors
from renderer.usecases.project import build_all
from tests.support.cases import FIXTURES
from tests.support.verb_table import STATES, describe, project, rows

TABLE = FIXTURES / "verbs"


@pytest.mark.parametrize("state", STATES)
def test_state_by_every_verb(state: str, tmp_path: Path) -> None:
    assert table(state, tmp_path) == (TABLE / f"{state}.txt").read_text()


@pytest.mark.parametrize("state", STATES)
def test_state_is_valid(state: str, tmp_path: Path) -> None:
    found = build_all(project(state, tmp_path), ["web"], ["production"])
    assert errors(problem for each in found for problem in each.problems) == []


def test_no_state_is_orphaned() -> None:
    assert {path.stem for path in TABLE.iterdir()} == set(STATES)


def table(state: str, folder: Path) -> str:
    """The golden text of a state."""
    opened = project(state, folder)
    return "\n".join(describe(opened, row) for row in rows(opened))


def write(folder: Path) -> None:
    """The golden files anew, for `make golden`."""
    TABLE.mkdir(exist_ok=True)
    for state in STATES:
        (TABLE / f"{state}.txt").write_text(table(state, folder / state))
