"""Processes that work in two phases: when all have reported, either all finish or none does. Also a thread for git."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from mmap import mmap
from typing import Any, Generic, Self, TypeVar

from renderer.failure import Failure

Item = TypeVar("Item")
Report = TypeVar("Report")
Done = TypeVar("Done")
Result = TypeVar("Result")
Tick = Callable[[], None]

SMALL = 40  # items that one process does faster than two can be started
_BLOCK = 500  # items that a process works on before it reports: it need not hold, nor pack, all of its share at once
_COUNTER = 8  # bytes
_KILLED = "a worker process was killed, and some files may not be written: run the command again"


class Work(Generic[Item, Result]):
    """What to do with a part of the items: a frozen dataclass whose fields are all that it needs.

    Another process may get it pickled. So no field is a closure or an open file.
    """

    def __call__(self, items: Sequence[Item], tick: Tick) -> Result:
        """Work on these items, and call `tick` after each of them."""
        raise NotImplementedError

    def part(self, items: Sequence[Item]) -> Self:
        """The same work, for these items alone: without what only the other items need."""
        return self


class Crew(Generic[Report, Done]):
    """The reports of all parts of the work; `finish` then carries out the second phase of each."""

    def __init__(self, reports: list[Report], finish: Callable[[], list[Done]]) -> None:
        self.reports = reports
        self.finish = finish


@contextmanager
def crew(
    items: Sequence[Item],
    work: Work[Item, tuple[Report, Callable[[], Done]]],
    processes: int,
    watch: Callable[[int], None] = lambda _: None,
) -> Iterator[Crew[Report, Done]]:
    """Share `items` among `processes` forks, which call `work`; phase two runs only if `finish` is called.

    `work` takes a part of the items and a function to call after each of them; it returns a report (small: it is sent
    through a pipe) and what phase two is to do. A process calls it for one part after the other. `watch` hears now and
    then how many items are done. What a process raises is raised here.
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
        reports = _receive(pipes, lambda: watch(_total(counters)))

        def finish_all() -> list[Done]:
            for pipe in pipes:
                _tell(pipe)
            return _receive(pipes, lambda: None)

        yield Crew(reports, finish_all)
    finally:
        for pipe in pipes:
            pipe.close()  # a worker that waits for its answer ends
        for worker in workers:
            worker.join()


class Later(Generic[Done]):
    """What another thread finds, or raises; to be asked after the block of `meanwhile`."""

    def __init__(self, work: Callable[[], Done]) -> None:
        self._work = work
        self._found: list[Done] = []
        self._raised: list[BaseException] = []

    def run(self) -> None:
        """For the other thread."""
        try:
            self._found.append(self._work())
        except BaseException as error:
            self._raised.append(error)

    def value(self) -> Done:
        """What it found. Raises what it raised."""
        for error in self._raised:
            raise error
        return self._found[0]


@contextmanager
def meanwhile(work: Callable[[], Done]) -> Iterator[Later[Done]]:
    """Call `work` in a thread while the block runs; what it raises is raised at the end of the block.

    For work that mostly waits for another program. The block must not start processes.
    """
    from threading import Thread  # concurrent.futures would import logging, too: start-up time that hooks must not pay

    later = Later(work)
    thread = Thread(target=later.run, name="meanwhile")
    thread.start()
    try:
        yield later
    finally:
        thread.join()
    later.value()


def reports(
    items: Sequence[Item],
    work: Work[Item, Report],
    processes: int,
    watch: Callable[[int], None] = lambda _: None,
) -> list[Report]:
    """What the processes report of the parts of their work, as `crew`, where nothing is to be done after that."""
    with crew(items, _InOnePhase(work), processes, watch) as workers:
        return workers.reports


@dataclass(frozen=True)
class _InOnePhase(Work[Item, tuple[Report, Callable[[], None]]]):
    """Work that has nothing to do in the second phase."""

    work: Work[Item, Report]

    def __call__(self, items: Sequence[Item], tick: Tick) -> tuple[Report, Callable[[], None]]:
        return self.work(items, tick), _nothing

    def part(self, items: Sequence[Item]) -> Self:
        return replace(self, work=self.work.part(items))


def _nothing() -> None:
    """The second phase of work in one phase."""


def processors() -> int:
    """How many processes can run at the same time here."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _alone(
    items: Sequence[Item], work: Work[Item, tuple[Report, Callable[[], Done]]], watch: Callable[[int], None]
) -> Crew[Report, Done]:
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


def _serve(pipe: Any, others: Sequence[Any], work: Work[Any, Any], share: Sequence[Any], tick: Tick) -> None:
    """The worker's side. It closes `others`, the parent's pipes so far, which a fork has too."""
    for other in others:
        other.close()
    try:
        finishes = []
        for start in range(0, len(share), _BLOCK):
            report, finish = work(share[start : start + _BLOCK], tick)
            finishes.append(finish)
            pipe.send(("value", report))
        pipe.send(("end", None))
        try:
            pipe.recv()
        except EOFError:
            return
        while finishes:
            pipe.send(("value", finishes.pop(0)()))
        pipe.send(("end", None))
    except KeyboardInterrupt:  # Ctrl-C reaches the parent too, which reports it
        return
    except BaseException as error:  # it is raised again in the parent, where there still is one
        with suppress(OSError):
            pipe.send(("error", error))


def _tell(pipe: Any) -> None:
    """Let a worker go on to phase two."""
    try:
        pipe.send(True)
    except OSError:
        raise Failure(_KILLED) from None


def _receive(pipes: Sequence[Any], while_waiting: Callable[[], None]) -> list[Any]:
    """What the workers send until each of them ends, one worker's values after the other's."""
    from multiprocessing.connection import wait  # with the processes

    found: dict[Any, list[Any]] = {pipe: [] for pipe in pipes}
    busy = list(pipes)
    while busy:
        ready = wait(busy, 0.1)
        if not ready:
            while_waiting()
        for pipe in ready:
            kind, value = _next(pipe)
            if kind == "value":
                found[pipe].append(value)
            else:
                busy.remove(pipe)
    return [value for values in found.values() for value in values]


def _next(pipe: Any) -> tuple[str, Any]:
    try:
        kind, value = pipe.recv()
    except EOFError:
        raise Failure(_KILLED) from None
    if kind == "error":
        raise value
    return kind, value
