"""A short day of a team: random commits by clones leave nothing broken, and no app without a verb that leads on."""

from __future__ import annotations

from pathlib import Path

from tests.support.team_day import TeamDay


def test_a_short_day_leaves_no_dead_end(tmp_path: Path) -> None:
    day = TeamDay(tmp_path, seed=1, apps=7)
    day.play(10)
    assert sum(day.done.values()) >= 10
    assert len(day.done) > 4
