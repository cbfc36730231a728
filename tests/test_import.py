"""`rollspec import`: what comes out of every case, and that it renders what went in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import import_cases
from tests.support.cases import FIXTURES, run, snapshot

cases = pytest.mark.parametrize("name", import_cases.names())


@cases
def test_import_writes_a_project_as_expected(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    outcome = import_cases.imported(name, folder)
    case = FIXTURES / "import" / name
    assert import_cases.report(outcome) == (case / "report.txt").read_text()
    assert import_cases.made(folder) == snapshot(case / "expected")
    assert run(folder, "fmt", "--check").code == 0
    outcome = run(folder, "render")
    assert outcome.code == 0, outcome.err


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    outcome = import_cases.imported("plain", folder, "--dry-run")
    assert (outcome.code, import_cases.made(folder)) == (0, {})
