"""How often the built-in checks are wrong: windows of random requests, judged as the queries judge them; seeded."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from itertools import pairwise

from renderer.checks import MIN_REQUESTS

WINDOWS = 20_000  # a row
MINUTES = 2  # a window; the checks are made every minute
LIMIT = 3  # failed windows that abort, with the default failureLimit

Counts = tuple[int, int, int, int]  # requests and errors of the canary, and of the stable version


@dataclass(frozen=True)
class Traffic:
    """Requests a second in all, the canary's percent of them, and the percent of errors of both versions."""

    rate: float
    share: float
    canary: float
    stable: float

    def minute(self, chance: random.Random) -> Counts:
        """What one minute of it is like."""
        own = round(self.rate * 60 * self.share / 100)
        others = round(self.rate * 60) - own
        return own, errors(chance, own, self.canary), others, errors(chance, others, self.stable)


def errors(chance: random.Random, requests: int, percent: float) -> int:
    """How many of so many requests fail, by jumps from one error to the next."""
    if percent in (0, 100):
        return requests if percent else 0
    found, at, scale = 0, 0, math.log1p(-percent / 100)
    while True:
        at += int(math.log(1.0 - chance.random()) / scale) + 1
        if at > requests:
            return found
        found += 1


def fails_threshold(counts: Counts, lowest: float, least: int) -> bool:
    """The verdict of `successRate`."""
    own, bad, _, _ = counts
    return own >= least and 100 * (own - bad) / own < lowest


def fails_comparison(counts: Counts, margin: float, least: int) -> bool:
    """The verdict of `compare.successRate`, by the formula of its query."""
    own, bad, others, others_bad = counts
    if own < least or others < least:
        return False
    sure = max(math.sqrt(bad + 1.92) - 1.85, 0) ** 2
    return 100 * sure / own - 100 * others_bad / others > margin


def windows(traffic: Traffic, seed: int, count: int = WINDOWS) -> list[Counts]:
    """So many windows, each of which shares a minute with the next, as in a run."""
    chance = random.Random(seed)
    minutes = [traffic.minute(chance) for _ in range(count + MINUTES - 1)]
    return [(a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]) for a, b in pairwise(minutes)]


def share_of(verdicts: list[bool]) -> float:
    """The percent of windows that fail."""
    return 100 * sum(verdicts) / len(verdicts)


def aborted(verdicts: list[bool], within: int) -> float:
    """The percent of runs of so many windows that abort."""
    runs = [verdicts[start : start + within] for start in range(0, len(verdicts) - within + 1, within)]
    return 100 * sum(sum(run) >= LIMIT for run in runs) / len(runs)


# Requests a second, percent at the canary, percent of errors of the canary and of the stable version.
ROWS = (
    Traffic(100, 1, 0.1, 0.1),
    Traffic(100, 20, 0.1, 0.1),
    Traffic(5, 20, 0.1, 0.1),
    Traffic(100, 20, 1, 1),
    Traffic(100, 1, 5, 0.1),
    Traffic(100, 20, 5, 0.1),
    Traffic(5, 20, 5, 0.1),
    Traffic(5, 20, 20, 0.1),
    Traffic(100, 1, 100, 0.1),
)
THRESHOLD, MARGIN = 99, 0.5  # successRate, compare.successRate


def verdicts(traffic: Traffic, least: int = MIN_REQUESTS) -> tuple[list[bool], list[bool]]:
    """Whether each window fails `successRate: 99`, and `compare: {successRate: 0.5}`."""
    found = windows(traffic, seed=1)
    plain = [fails_threshold(counts, THRESHOLD, least) for counts in found]
    return plain, [fails_comparison(counts, MARGIN, least) for counts in found]


def table() -> str:
    """The rows as Markdown: how many windows fail, and how many runs of 3 and of 10 windows abort."""
    lines = [
        "| requests a second | share | errors | | `successRate: 99` | | | `compare: {successRate: 0.5}` | | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        "| | | canary | stable | windows | in 3 | in 10 | windows | in 3 | in 10 |",
    ]
    for row in ROWS:
        cells = [f"{row.rate:g}", f"{row.share:g} %", f"{row.canary:g} %", f"{row.stable:g} %"]
        for failed in verdicts(row):
            cells += [f"{share_of(failed):.2f} %", f"{aborted(failed, 3):.1f} %", f"{aborted(failed, 10):.1f} %"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def least_requests() -> str:
    """What `minRequests` does for `successRate: 99` at 0.1 % of errors: windows that fail, runs of 30 that abort."""
    lines = ["| requests in a window | windows that fail | runs of 30 windows that abort |", "| --- | --- | --- |"]
    for requests in (30, 50, 80, 100, 200):
        failed, _ = verdicts(Traffic(requests / 12, 10, 0.1, 0.1), least=1)
        lines.append(f"| {requests} | {share_of(failed):.2f} % | {aborted(failed, 30):.1f} % |")
    return "\n".join(lines)
