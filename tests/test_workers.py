"""Shares of work in several processes: each outcome ends them all, whether the second phase is wanted or not."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from renderer import workers
from renderer.failure import Failure
from renderer.workers import SMALL, Tick, Work, _serve, crew
from tests.bench.projects import generate
from tests.support.cases import run

ITEMS = range(SMALL * 3)


class Counting(Work[int, tuple[list[int], Callable[[], int]]]):
    def __call__(self, items: Sequence[int], tick: Tick) -> tuple[list[int], Callable[[], int]]:
        for _ in items:
            tick()
        return list(items), lambda: len(items)


class Failing(Counting):
    def __call__(self, items: Sequence[int], tick: Tick) -> tuple[list[int], Callable[[], int]]:
        if items[0] == 1:
            raise ValueError("the second share")
        return super().__call__(items, tick)


@dataclass(frozen=True)
class Writing(Work[int, tuple[int, Callable[[], int]]]):
    folder: Path

    def __call__(self, items: Sequence[int], tick: Tick) -> tuple[int, Callable[[], int]]:
        return len(items), lambda: (self.folder / "done").write_text("done")


@dataclass(frozen=True)
class Raising(Work[int, tuple[int, Callable[[], int]]]):
    error: type[BaseException]

    def __call__(self, items: Sequence[int], tick: Tick) -> tuple[int, Callable[[], int]]:
        raise self.error


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_every_item_is_in_one_share(processes: int) -> None:
    with crew(ITEMS, Counting(), processes) as started:
        assert sorted(item for report in started.reports for item in report) == list(ITEMS)
        assert sum(started.finish()) == len(ITEMS)


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_a_process_reports_one_part_after_the_other(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_BLOCK", block)
    with crew(ITEMS, Counting(), 2) as both:
        assert max(map(len, both.reports)) == min(block, len(ITEMS) // 2)
        assert [item for report in both.reports for item in report] == [*ITEMS[::2], *ITEMS[1::2]]
        assert both.finish() == [len(report) for report in both.reports]


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_without_finish_nobody_waits(processes: int, tmp_path: Path) -> None:
    with crew(ITEMS, Writing(tmp_path), processes) as started:
        assert sum(started.reports) == len(ITEMS)
    assert not (tmp_path / "done").exists()


def test_what_one_raises_is_raised_here_and_ends_the_others() -> None:
    with pytest.raises(ValueError, match="the second share"), crew(ITEMS, Failing(), 3):
        pass


def test_a_worker_that_is_killed_between_the_phases_is_told_of() -> None:
    with crew(ITEMS, Counting(), 2) as started:
        for process in multiprocessing.active_children():
            process.kill()
            process.join()
        with pytest.raises(Failure, match="was killed"):
            started.finish()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_worker_whose_parent_is_gone_ends_without_a_word(error: type[BaseException]) -> None:
    here, there = multiprocessing.Pipe()
    here.close()
    _serve(there, (), Raising(error), ITEMS, lambda: None)


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
