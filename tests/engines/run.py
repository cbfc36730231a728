"""Runs scenarios side by side on one lab, and hands each recording to who asked for it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from . import sandbox, traces
from .api import Watches
from .lab import Lab
from .lock import ROLLOUTS
from .play import Player, Recording
from .scenario import Scenario, scenarios

SIDE_BY_SIDE = 6


def run(arguments: argparse.Namespace) -> int:
    """Inside the sandbox: start the lab, run the command, end; returns the exit code."""
    sandbox.prepare()
    chosen = [
        s for name, s in scenarios().items() if arguments.name in name and (s.trace or arguments.command == "e2e")
    ]
    for version in arguments.rollouts or ROLLOUTS:
        lab = Lab(version, sandbox.RUN / f"logs-{version}")
        lab.start()
        for recording in play_all(lab, chosen):
            if arguments.command == "e2e":
                bad = [r for r in recording.requests if r.status != 200]
                print(
                    recording.scenario.name,
                    len(recording.requests),
                    "requests",
                    len(bad),
                    "bad",
                    [(e.edit.title, round(e.end - e.start, 1), e.settled) for e in recording.played],
                )
                from collections import Counter

                print(
                    "   ",
                    Counter((r.status, r.detail) for r in bad).most_common(6),
                    [round(r.time - recording.played[0].end, 2) for r in bad[:40]],
                )
                ends: dict[str, float] = {}
                for e in recording.events:
                    if e.kind == "Pod" and e.object["metadata"].get("deletionTimestamp"):
                        ends.setdefault(e.name, e.time)
                last = {r.pod: r.time for r in recording.requests}
                lags = sorted(round(last[p] - t, 3) for p, t in ends.items() if p in last)
                print("    lags", [lag for lag in lags if lag > -1])
                continue
            print(
                f"{traces.write(recording)}: {sum(len(e['points']) for e in traces.trace(recording)['edits'])} points",
                flush=True,
            )
        lab.stop()
    return 0


def play_all(lab: Lab, chosen: list[Scenario]) -> Iterable[Recording]:
    """Recordings as they get finished: first the scenarios that share the lab, then those that stop engines."""
    watches = Watches()
    folder = Path(lab.logs)
    play: Callable[[Scenario], Recording] = lambda s: Player(lab, watches, s, folder).play()  # noqa: E731
    started = time.monotonic()
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        futures = {pool.submit(play, scenario): scenario for scenario in chosen if not scenario.alone}
        for number, future in enumerate(as_completed(futures), 1):
            name = futures[future].name
            print(f"  {number}/{len(chosen)} {name}, {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
            yield future.result()
    for scenario in chosen:
        if scenario.alone:
            yield play(scenario)
