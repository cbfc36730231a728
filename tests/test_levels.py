"""A released render level's bytes are held for ever: no script rewrites fixtures/levels/<level>.sha256 then.

A case that a later change renders otherwise is copied, with its `renderLevel`, before its expectation changes; a line
of a released level is only ever added. The level that is not released yet may still move (`make golden`).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from renderer.project import LEVEL
from tests.support.levels import FOLDER, OPEN, at_level, lines_of


@pytest.mark.parametrize("level", range(1, LEVEL + 1))
def test_level_renders_the_bytes_it_always_did(level: int, tmp_path: Path) -> None:
    lines = lines_of(level)
    assert lines
    found = [(at_level(case, level, tmp_path), case) for _, case in lines]
    assert found == lines


def test_every_level_is_held() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == {str(level) for level in range(1, LEVEL + 1)}
    assert OPEN in (None, LEVEL), "only the newest level may still move"


def test_a_fault_that_a_level_mends_is_shown_once_a_project() -> None:
    from renderer.overlay import Effective
    from renderer.pipeline.positions import of_findings
    from renderer.problem import in_order
    from renderer.rules.finding import of_level

    found = [of_findings(Effective({}, ()), [of_level("some-rule", "a fault")])[0] for _ in ("web", "api")]
    (problem,) = in_order(found)
    assert (problem.file, problem.pointer, problem.severity) == ("rollspec.yaml", "/spec/renderLevel", "warning")
    assert "`renderLevel: 2`" in problem.message
