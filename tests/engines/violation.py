"""One invariant that did not hold, and the stretches of time in which it did not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .timeline import Point

Points = list[tuple[float, Point]]


@dataclass(frozen=True)
class Violation:
    """One invariant that did not hold during one edit."""

    # available | share | plan | requests | pinned | hashes | answers | expect | diff | synced | fight | played
    invariant: str
    edit: str
    what: str
    longest: float = 0.0  # seconds of the longest window
    times: int = 1  # windows, or requests
    shortest: float = 0.0  # seconds of the shortest window

    def __str__(self) -> str:
        window = f", for {self.longest:.3f} s at the longest" if self.longest else ""
        often = f", {self.times} times" if self.times > 1 else ""
        return f"{self.invariant}: {self.edit}: {self.what}{window}{often}"


def windowed(invariant: str, edit: str, what: str, lengths: Sequence[float]) -> Violation:
    """A violation in windows of these lengths in seconds."""
    return Violation(invariant, edit, what, max(lengths), len(lengths), min(lengths))


def windows(points: Points, wrong: Callable[[Point], bool], end: float) -> list[float]:
    """Lengths in seconds of the stretches of time in which `wrong(point)` is true."""
    return stretches([(at, wrong(point)) for at, point in points], end)


def stretches(marks: Sequence[tuple[float, bool]], end: float) -> list[float]:
    """Lengths in seconds of the stretches of time that are marked."""
    out: list[float] = []
    begun: float | None = None
    for at, bad in marks:
        if bad:
            begun = at if begun is None else begun
        elif begun is not None:
            out.append(at - begun)
            begun = None
    return [*out, end - begun] if begun is not None else out
