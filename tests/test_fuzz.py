"""Mutants of the fixtures: each command ends with an error that says where, and writes nothing.

`make fuzz` plays many more, on all processors.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fuzz import play

MUTANTS = 2_000
PIECE = 100  # mutants of one test, so that the workers of pytest share them


@pytest.mark.parametrize("first", range(0, MUTANTS, PIECE))
def test_no_mutant_ends_as_a_defect(first: int, tmp_path: Path) -> None:
    figures = play(range(first, first + PIECE), tmp_path)
    print(figures)
    assert not figures.wrong, "\n".join(figures.wrong)
