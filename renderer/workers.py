"""Processes that work in two phases: all report first, and only then all finish, or none does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from renderer.failure import Failure

Item = TypeVar("Item")
Report = TypeVar("Report")
Done = TypeVar("Done")
Work = Callable[[Sequence[Item]], tuple[Report, Callable[[], Done]]]

SMALL = 40  # items that one process does faster than two can be started


class Crew(Generic[Report, Done]):
    """The shares' reports; `finish` then carries out the second phase of each."""

    def __init__(self, reports: list[Report], finish: Callable[[], list[Done]]) -> None:
        self.reports = reports
        self.finish = finish


@contextmanager
def crew(items: Sequence[Item], work: Work[Item, Report, Done], processes: int) -> Iterator[Crew[Report, Done]]:
    """`work` over `items`, shared out to `processes` forks of this one; without `finish` nothing of phase two is done.

    `work` takes its share and returns a report (small: it goes through a pipe) and what phase two is to do. What a
    process raises is raised here.
    """
    if processes < 2 or len(items) < SMALL:
        report, finish = work(items)
        yield Crew([report], lambda: [finish()])
        return
    from multiprocessing import get_context  # costs start-up time that a small run must not pay

    context = get_context("fork")
    pipes = []
    workers = []
    for number in range(processes):
        here, there = context.Pipe()
        worker = context.Process(target=_serve, args=(there, work, items[number::processes]), daemon=True)
        worker.start()
        there.close()
        pipes.append(here)
        workers.append(worker)
    try:
        reports = [_receive(pipe) for pipe in pipes]

        def finish_all() -> list[Done]:
            for pipe in pipes:
                pipe.send(True)
            return [_receive(pipe) for pipe in pipes]

        yield Crew(reports, finish_all)
    finally:
        for pipe in pipes:
            pipe.close()  # a worker that waits for its answer ends
        for worker in workers:
            worker.join()


def processors() -> int:
    """How many processes can run at the same time here."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _serve(pipe: Any, work: Work[Any, Any, Any], share: Sequence[Any]) -> None:
    try:
        report, finish = work(share)
        pipe.send((True, report))
        try:
            pipe.recv()
        except EOFError:
            return
        pipe.send((True, finish()))
    except BaseException as error:  # it is raised again in the parent
        pipe.send((False, error))


def _receive(pipe: Any) -> Any:
    try:
        fine, value = pipe.recv()
    except EOFError:
        raise Failure("a worker process was killed; nothing more was written") from None
    if not fine:
        raise value
    return value
