"""Shares of work in several processes: each outcome ends them all, whether the second phase is wanted or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from renderer.workers import SMALL, crew

ITEMS = range(SMALL * 3)


def work(share: Sequence[int], tick: Callable[[], None]) -> tuple[list[int], Callable[[], int]]:
    for _ in share:
        tick()
    return list(share), lambda: len(share)


def failing(share: Sequence[int], tick: Callable[[], None]) -> tuple[list[int], Callable[[], int]]:
    if share[0] == 1:
        raise ValueError("the second share")
    return work(share, tick)


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_every_item_is_in_one_share(processes: int) -> None:
    with crew(ITEMS, work, processes) as workers:
        assert sorted(item for report in workers.reports for item in report) == list(ITEMS)
        assert sum(workers.finish()) == len(ITEMS)


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_without_finish_nobody_waits(processes: int, tmp_path: Path) -> None:
    def writing(share: Sequence[int], tick: Callable[[], None]) -> tuple[int, Callable[[], int]]:
        return len(share), lambda: (tmp_path / "done").write_text("done")

    with crew(ITEMS, writing, processes) as workers:
        assert sum(workers.reports) == len(ITEMS)
    assert not (tmp_path / "done").exists()


def test_what_one_raises_is_raised_here_and_ends_the_others() -> None:
    with pytest.raises(ValueError, match="the second share"), crew(ITEMS, failing, 3):
        pass
