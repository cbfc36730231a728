"""How far a run is: a progress bar on a terminal for long work, and what `--verbose` says of each step."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import perf_counter

from renderer.console import say

Lap = Callable[..., None]
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]  # as `progress` below
_LONG = 200  # items that take about as long as a person waits without wondering


def laps(is_verbose: bool) -> Lap:
    """A function to call at the end of each step, with its name and facts about it, such as how much was read."""
    start = perf_counter()

    def lap(name: str, *facts: str) -> None:
        nonlocal start
        now = perf_counter()
        if is_verbose:
            details = f" ({', '.join(facts)})" if facts else ""
            say(f"rollspec: {name}: {(now - start) * 1000:.0f} ms{details}")
        start = now

    return lap


def no_laps(_name: str, *_facts: str) -> None:
    """Where nobody asked for the steps."""


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A function that takes how many of `total` items are done."""
    if total < _LONG or not sys.stderr.isatty():
        yield lambda _: None
        return
    import click

    with click.progressbar(length=total, label=label, file=sys.stderr) as bar:
        yield lambda done: bar.update(done - bar.pos)


@contextmanager
def no_progress(_label: str, _total: int) -> Iterator[Callable[[int], None]]:
    """Where nobody waits."""
    yield lambda _: None


def counted(number: int, name: str) -> str:
    """`1 app`, `2 apps`."""
    return f"{number:,} {name}{'' if number == 1 else 's'}"
