"""Shares of work in several processes: each outcome ends them all, whether the second phase is wanted or not."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from renderer import workers
from renderer.failure import Failure
from renderer.workers import SMALL, _serve, crew
from tests.bench.projects import generate
from tests.support.cases import run

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
    with crew(ITEMS, work, processes) as started:
        assert sorted(item for report in started.reports for item in report) == list(ITEMS)
        assert sum(started.finish()) == len(ITEMS)


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_a_process_reports_one_part_after_the_other(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_BLOCK", block)
    with crew(ITEMS, work, 2) as both:
        assert max(map(len, both.reports)) == min(block, len(ITEMS) // 2)
        assert [item for report in both.reports for item in report] == [*ITEMS[::2], *ITEMS[1::2]]
        assert both.finish() == [len(report) for report in both.reports]


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_without_finish_nobody_waits(processes: int, tmp_path: Path) -> None:
    def writing(share: Sequence[int], tick: Callable[[], None]) -> tuple[int, Callable[[], int]]:
        return len(share), lambda: (tmp_path / "done").write_text("done")

    with crew(ITEMS, writing, processes) as started:
        assert sum(started.reports) == len(ITEMS)
    assert not (tmp_path / "done").exists()


def test_what_one_raises_is_raised_here_and_ends_the_others() -> None:
    with pytest.raises(ValueError, match="the second share"), crew(ITEMS, failing, 3):
        pass


def test_a_worker_that_is_killed_between_the_phases_is_told_of() -> None:
    def told(share: Sequence[int], tick: Callable[[], None]) -> tuple[int, Callable[[], int]]:
        return os.getpid(), lambda: 0

    with crew(ITEMS, told, 2) as started:
        for process in multiprocessing.active_children():
            process.kill()
            process.join()
        with pytest.raises(Failure, match="was killed"):
            started.finish()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_worker_whose_parent_is_gone_ends_without_a_word(error: type[BaseException]) -> None:
    def failing(_share: Sequence[int], _tick: Callable[[], None]) -> Any:
        raise error

    here, there = multiprocessing.Pipe()
    here.close()
    _serve(there, (), failing, ITEMS, lambda: None)


SLOW = """
import os, signal, sys, time
from renderer.workers import crew

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background begins without it

def work(share, tick):
    os.write(1, b".")
    time.sleep(600)

try:
    with crew(range(200), work, 2):
        pass
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_ctrl_c_ends_the_workers_without_a_word() -> None:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", SLOW]
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, start_new_session=True, text=True) as process:
        assert process.stdout
        assert process.stdout.read(2) == ".."  # both are at it
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate()
    assert (process.returncode, err) == (130, "")


@pytest.mark.parametrize("arguments", [(), ("--no-cache",)])
def test_what_a_killed_run_left_goes_whoever_writes_beside_it(arguments: tuple[str, ...], tmp_path: Path) -> None:
    project = generate(tmp_path / "p", SMALL, 1)
    assert run(project, "render", "--jobs", "3").code == 0
    folders = [path.parent for path in (project / "rendered").rglob("service.yaml")]
    for folder in folders:
        (folder / ".rollspec-7-0.tmp").write_text("half")
    assert run(project, "render", "--check", *arguments).code == 0
    assert len(list(project.rglob("*.tmp"))) == len(folders) == SMALL
    assert run(project, "render", "--jobs", "3", *arguments).code == 0
    assert list(project.rglob("*.tmp")) == []
