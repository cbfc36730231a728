"""Works for the tests of processes; a spawned process imports this module, so it imports little."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from renderer.workers import Processes, StartMethod, Tick, Work, crew

Two = tuple[list[int], Callable[[], int]]  # what is reported, and the second phase


class Counting(Work[int, Two]):
    """Reports its items, and then how many there were."""

    seconds: ClassVar[float] = 1.0

    def __call__(self, items: Sequence[int], tick: Tick) -> Two:
        for _ in items:
            tick()
        return list(items), lambda: len(items)


@dataclass(frozen=True)
class Failing(Counting):
    """Raises an error in the process that has the item 1."""

    error: type[BaseException]

    def __call__(self, items: Sequence[int], tick: Tick) -> Two:
        if items[0] == 1:
            raise self.error("the second share")
        return super().__call__(items, tick)


@dataclass(frozen=True)
class Writing(Counting):
    """Writes a file in the second phase."""

    folder: Path

    def __call__(self, items: Sequence[int], tick: Tick) -> Two:
        return list(items), lambda: (self.folder / "done").write_text("done")


class Dying(Counting):
    """Is killed while it works."""

    def __call__(self, items: Sequence[int], tick: Tick) -> Two:
        os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(items, tick)


class Slow(Counting):
    """Works for longer than two messages about how far it is."""

    def __call__(self, items: Sequence[int], tick: Tick) -> Two:
        for _ in items:
            time.sleep(0.3 / len(items))
            tick()
        return super().__call__(items, lambda: None)


class Ticking(Counting):
    """Says that it began, and how far it is, for a long time."""

    def __call__(self, items: Sequence[int], tick: Tick) -> Two:
        os.write(1, b".")
        for _ in range(6000):
            time.sleep(0.01)
            tick()
        return super().__call__(items, tick)


@dataclass(frozen=True)
class Listing(Work[int, list[str]]):
    """The modules of ours that a process has imported; `held` is of the items, by item."""

    held: dict[int, str]
    seconds: ClassVar[float] = 1.0

    def __call__(self, items: Sequence[int], tick: Tick) -> list[str]:
        return [*(name for name in sys.modules if name.startswith("renderer")), *self.held.values()]

    def part(self, items: Sequence[int]) -> Listing:
        """With what is held of these items."""
        return Listing({item: self.held[item] for item in items})


def ticking(start_method: StartMethod) -> int:
    """The exit code of a long run of two processes: 130 if Ctrl-C ends it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background begins without it
    try:
        os.write(1, b"!")
        with crew(range(200), Ticking(), Processes(2, start_method)):
            return 0
    except KeyboardInterrupt:
        return 130
