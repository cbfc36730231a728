"""Processes that work in two phases: when all have reported, either all finish or none does. Also a thread for git."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic
from typing import Any, ClassVar, Generic, Literal, NamedTuple, Self, TypeVar

from renderer.failure import Failure

Item = TypeVar("Item")
Report = TypeVar("Report")
Done = TypeVar("Done")
Result = TypeVar("Result")
Tick = Callable[[], None]
StartMethod = Literal["fork", "spawn"]  # as `multiprocessing` calls them

START_METHOD = "ROLLSPEC_START_METHOD"  # the variable that names one
_SAFE_PATH = "PYTHONSAFEPATH"  # the variable by which Python leaves the working directory out
SMALL = 40  # items that one process does faster than two can start
_SPAWNING = 0.2  # seconds until two spawned processes begin their work
_BLOCK = 500  # items that a process works on before it reports: it need not hold, nor pack, all of its share at once
_OFTEN = 0.1  # seconds between two messages about how far a process is
_KILLED = "a worker process was killed, and some files may not be written: run the command again"


class Processes(NamedTuple):
    """How many processes share work, and how they start.

    A fork has the memory of this process. A spawned process is a new Python, which imports what it needs and is sent
    the rest.
    """

    number: int
    start_method: StartMethod

    def start(self, work: Work[Any, Any], items: Sequence[Any]) -> bool:
        """Whether that is faster than to work on these items alone."""
        is_quick = self.start_method == "fork" or work.takes(items) > 2 * _SPAWNING
        return self.number > 1 and len(items) >= SMALL and is_quick


def processes(number: int | None = None, environ: Mapping[str, str] = os.environ) -> Processes:
    """As many processes as can run at the same time here, or `number`; Failure for a start method that is not there."""
    return Processes(number or processors(), _start_method(environ.get(START_METHOD, ""), sys.platform))


def _start_method(named: str, platform: str) -> StartMethod:
    """Fork, which is faster, where it is safe.

    It is not on macOS: libraries of the system start threads there, and a fork of a process with threads may crash
    (https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods).
    """
    if named not in ("", "fork", "spawn"):
        raise Failure(f"{START_METHOD}={named}: there is no such start method: write fork or spawn, or unset it", 2)
    if named:
        return "fork" if named == "fork" else "spawn"
    return "spawn" if platform == "darwin" else "fork"


class Work(Generic[Item, Result]):
    """What to do with a part of the items: a frozen dataclass whose fields are all that it needs.

    Another process may get it pickled, so no field is a closure or an open file. `seconds`: about how long an item
    takes.
    """

    seconds: ClassVar[float] = 0.001

    def __call__(self, items: Sequence[Item], tick: Tick) -> Result:
        """Work on these items, and call `tick` after each of them."""
        raise NotImplementedError

    def takes(self, items: Sequence[Item]) -> float:
        """About how many seconds one process works on these items."""
        return self.seconds * len(items)

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
    processes: Processes,
    watch: Callable[[int], None] = lambda _: None,
) -> Iterator[Crew[Report, Done]]:
    """Share `items` among processes, which call `work`; phase two runs only if `finish` is called.

    `work` takes a part of the items and a function to call after each of them; it returns a report (small: it is sent
    through a pipe) and what phase two is to do. A process calls it for one part after the other. `watch` hears now and
    then how many items are done. What a process raises is raised here.
    """
    if not processes.start(work, items):
        yield _alone(items, work, watch)
        return
    shares = [items[number :: processes.number] for number in range(processes.number)]
    is_spawned = processes.start_method == "spawn"
    started = _spawned(len(shares)) if is_spawned else _forked(work, shares)
    pipes = [pipe for pipe, _ in started]
    try:
        for pipe, share in zip(pipes, shares, strict=True) if is_spawned else ():
            _tell(pipe, (work.part(share), share))
        reports = _receive(pipes, watch)

        def finish_all() -> list[Done]:
            for pipe in pipes:
                _tell(pipe, True)
            return _receive(pipes, lambda _: None)

        yield Crew(reports, finish_all)
    finally:
        for pipe in pipes:
            pipe.close()  # a worker that waits for its answer ends
        for _, worker in started:
            worker.join()


class Later(Generic[Done]):
    """What another thread finds, or raises."""

    def __init__(self, work: Callable[[], Done]) -> None:
        # concurrent.futures would import logging, too: start-up time that hooks must not pay
        from threading import Thread

        self._work = work
        self._found: list[Done] = []
        self._raised: list[BaseException] = []
        self._thread = Thread(target=self._run, name="meanwhile")
        self._thread.start()

    def _run(self) -> None:
        try:
            self._found.append(self._work())
        except BaseException as error:
            self._raised.append(error)

    def value(self) -> Done:
        """What it found; waits for it. Raises what it raised."""
        self.wait()
        for error in self._raised:
            raise error
        return self._found[0]

    def wait(self) -> None:
        """Wait until it has ended."""
        self._thread.join()


@contextmanager
def meanwhile(work: Callable[[], Done]) -> Iterator[Later[Done]]:
    """Call `work` in a thread while the block runs; what it raises is raised at the end of the block.

    For work that mostly waits for another program. The block must not start processes.
    """
    later = Later(work)
    try:
        yield later
    finally:
        later.wait()
    later.value()


def reports(
    items: Sequence[Item],
    work: Work[Item, Report],
    processes: Processes,
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

    def takes(self, items: Sequence[Item]) -> float:
        return self.work.takes(items)

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


def _forked(work: Work[Any, Any], shares: Sequence[Sequence[Any]]) -> list[tuple[Any, Any]]:
    """A process for each share, with the pipe to it."""
    from multiprocessing import get_context  # costs start-up time that a small run must not pay

    context = get_context("fork")
    started: list[tuple[Any, Any]] = []
    for share in shares:
        here, there = context.Pipe()
        ours = (*(pipe for pipe, _ in started), here)
        worker = context.Process(target=_serve_forked, args=(there, ours, work, share), daemon=True)
        worker.start()
        there.close()
        started.append((here, worker))
    return started


def _serve_forked(pipe: Any, ours: Sequence[Any], work: Work[Any, Any], share: Sequence[Any]) -> None:
    """The worker's side. It closes `ours`, the parent's pipes so far, which a fork has too."""
    for each in ours:
        each.close()
    _serve(pipe, lambda: (work, share))


def _spawned(number: int) -> list[tuple[Any, Any]]:
    """So many processes that wait for their work, each with the pipe to it.

    They start at the same time: their work is sent only then, since one that starts reads nothing for a while.
    """
    import gc
    from multiprocessing import get_context

    context = get_context("spawn")
    started = []
    with safe_path() as restore, _interrupts_held():
        for _ in range(number):
            here, there = context.Pipe()
            worker = context.Process(target=_serve_spawned, args=(there, gc.get_threshold(), restore), daemon=True)
            worker.start()
            there.close()
            started.append((here, worker))
    return started


@contextmanager
def safe_path() -> Iterator[Callable[[], None]]:
    """A Python that starts meanwhile imports nothing from the working directory: that may be a stranger's checkout.

    `multiprocessing` gives a new Python its program by `-c`, which looks there first
    (https://docs.python.org/3/using/cmdline.html#envvar-PYTHONSAFEPATH). Yields what the new process is to call, so
    that programs which it starts, such as git's hooks, find the variable as it was here.
    """
    before = os.environ.get(_SAFE_PATH)
    restore = partial(_restore, before)
    os.environ[_SAFE_PATH] = "1"
    try:
        yield restore
    finally:
        restore()


def _restore(before: str | None) -> None:
    if before is None:
        os.environ.pop(_SAFE_PATH, None)
    else:
        os.environ[_SAFE_PATH] = before


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let Ctrl-C wait, here and in the processes that are started: one that still imports would print where it was."""
    import signal
    from multiprocessing.resource_tracker import ensure_running

    ensure_running()  # else the first start would do that, which lets Ctrl-C through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve_spawned(pipe: Any, collecting: tuple[int, int, int], restore: Callable[[], None]) -> None:
    """The worker's side. `collecting` is when the parent collects garbage; `restore` see `safe_path`."""
    import gc

    restore()

    def take() -> tuple[Work[Any, Any], Sequence[Any]]:
        import signal

        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        work, share = pipe.recv()
        return work, share

    gc.set_threshold(*collecting)
    _serve(pipe, take)


def _serve(pipe: Any, take: Callable[[], tuple[Work[Any, Any], Sequence[Any]]]) -> None:
    """Do the work that `take` returns, and send what comes of it."""
    try:
        work, share = take()
        tick = _Ticker(pipe)
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


class _Ticker:
    """Counts the items that are done, and says so now and then: a message for each would take too long."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe
        self._done = 0
        self._next = monotonic() + _OFTEN

    def __call__(self) -> None:
        self._done += 1
        if monotonic() >= self._next:
            self._pipe.send(("done", self._done))
            self._next = monotonic() + _OFTEN


def _tell(pipe: Any, what: object) -> None:
    """Give a worker its work, or let it go on to phase two."""
    try:
        pipe.send(what)
    except OSError:
        raise Failure(_KILLED) from None


def _receive(pipes: Sequence[Any], watch: Callable[[int], None]) -> list[Any]:
    """What the workers send until each of them ends, one worker's values after the other's."""
    from multiprocessing.connection import wait  # with the processes

    found: dict[Any, list[Any]] = {pipe: [] for pipe in pipes}
    done: dict[Any, int] = {}
    busy = list(pipes)
    while busy:
        for pipe in wait(busy):
            kind, value = _next(pipe)
            if kind == "value":
                found[pipe].append(value)
            elif kind == "done":
                done[pipe] = value
                watch(sum(done.values()))
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
