"""Processes that work in two phases: when all have reported, either all finish or none does. Also a thread for git."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from mmap import mmap
from typing import Any, Generic, TypeVar

from renderer.failure import Failure

Item = TypeVar("Item")
Report = TypeVar("Report")
Done = TypeVar("Done")
Tick = Callable[[], None]
Work = Callable[[Sequence[Item], Tick], tuple[Report, Callable[[], Done]]]

SMALL = 40  # items that one process does faster than two can be started
_COUNTER = 8  # bytes
_KILLED = "a worker process was killed, and some files may not be written: run the command again"


class Crew(Generic[Report, Done]):
    """The shares' reports; `finish` then carries out the second phase of each."""

    def __init__(self, reports: list[Report], finish: Callable[[], list[Done]]) -> None:
        self.reports = reports
        self.finish = finish


@contextmanager
def crew(
    items: Sequence[Item],
    work: Work[Item, Report, Done],
    processes: int,
    watch: Callable[[int], None] = lambda _: None,
) -> Iterator[Crew[Report, Done]]:
    """Share `items` among `processes` forks, which call `work`; phase two runs only if `finish` is called.

    `work` takes its share and a function to call after each item; it returns a report (small: it goes through a pipe)
    and what phase two is to do. `watch` hears now and then how many items are done. What a process raises is raised
    here.
    """
    if processes < 2 or len(items) < SMALL:
        yield _alone(items, work, watch)
        return
    from multiprocessing import get_context  # costs start-up time that a small run must not pay

    context = get_context("fork")
    counters = mmap(-1, processes * _COUNTER)
    pipes: list[Any] = []
    workers = []
    for number in range(processes):
        here, there = context.Pipe()
        tick = _ticker(counters, number)
        pipes.append(here)
        share = items[number::processes]
        worker = context.Process(target=_serve, args=(there, tuple(pipes), work, share, tick), daemon=True)
        worker.start()
        there.close()
        workers.append(worker)
    try:
        reports = [_receive(pipe, lambda: watch(_total(counters))) for pipe in pipes]

        def finish_all() -> list[Done]:
            for pipe in pipes:
                _tell(pipe)
            return [_receive(pipe, lambda: None) for pipe in pipes]

        yield Crew(reports, finish_all)
    finally:
        for pipe in pipes:
            pipe.close()  # a worker that waits for its answer ends
        for worker in workers:
            worker.join()


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Call `work` in a thread while the block runs; what it raises is raised at the end of the block.

    For work that mostly waits for another program. The block must not start processes.
    """
    from threading import Thread  # start-up time that most runs must not pay

    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = Thread(target=run, name="meanwhile")
    thread.start()
    try:
        yield
    finally:
        thread.join()
    if raised:
        raise raised[0]


def reports(
    items: Sequence[Item],
    work: Callable[[Sequence[Item], Tick], Report],
    processes: int,
    watch: Callable[[int], None] = lambda _: None,
) -> list[Report]:
    """What the processes report of their shares, as `crew`, where nothing is to be done after that."""
    with crew(items, lambda share, tick: (work(share, tick), lambda: None), processes, watch) as workers:
        return workers.reports


def processors() -> int:
    """How many processes can run at the same time here."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _alone(items: Sequence[Item], work: Work[Item, Report, Done], watch: Callable[[int], None]) -> Crew[Report, Done]:
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        watch(done)

    report, finish = work(items, tick)
    return Crew([report], lambda: [finish()])


def _ticker(counters: mmap, number: int) -> Tick:
    slot = slice(number * _COUNTER, (number + 1) * _COUNTER)

    def tick() -> None:
        counters[slot] = (int.from_bytes(counters[slot], "little") + 1).to_bytes(_COUNTER, "little")

    return tick


def _total(counters: mmap) -> int:
    return sum(
        int.from_bytes(counters[start : start + _COUNTER], "little") for start in range(0, len(counters), _COUNTER)
    )


def _serve(pipe: Any, others: Sequence[Any], work: Work[Any, Any, Any], share: Sequence[Any], tick: Tick) -> None:
    """The worker's side. It closes `others`, the parent's pipes so far, which a fork has too."""
    for other in others:
        other.close()
    try:
        report, finish = work(share, tick)
        pipe.send((True, report))
        try:
            pipe.recv()
        except EOFError:
            return
        pipe.send((True, finish()))
    except KeyboardInterrupt:  # Ctrl-C reaches the parent too, which reports it
        return
    except BaseException as error:  # it is raised again in the parent, where there still is one
        with suppress(OSError):
            pipe.send((False, error))


def _tell(pipe: Any) -> None:
    """Let a worker go on to phase two."""
    try:
        pipe.send(True)
    except OSError:
        raise Failure(_KILLED) from None


def _receive(pipe: Any, while_waiting: Callable[[], None]) -> Any:
    try:
        while not pipe.poll(0.1):
            while_waiting()
        is_value, value = pipe.recv()
    except EOFError:
        raise Failure(_KILLED) from None
    if not is_value:
        raise value
    return value
