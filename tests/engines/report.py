"""What a run found, as data for `docs/evidence.md` and as lines for the terminal."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .invariants import deviation, measurements, shortest_capacity
from .planned import comparisons
from .play import Recording
from .scenario import Scenario
from .violation import Violation

Result = dict[str, Any]
NINETY_FIVE = 1.96  # standard deviations


def result(
    scenario: Scenario,
    rollouts: str,
    recording: Recording | None,
    found: Sequence[Violation],
    excused: Sequence[tuple[Violation, str]],
) -> Result:
    """One scenario's result; a negative control passes when just the invariants that it names do not hold."""
    broken = {violation.invariant for violation in found}
    requests = recording.requests + recording.pinned if recording else []
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "shows": scenario.shows,
        "rollouts": rollouts,
        "passed": recording is not None and broken == set(scenario.fails),
        "control": bool(scenario.fails),
        "requests": len(requests),
        "failed": sum(request.status != 200 for request in requests),
        "least": shortest_capacity(recording) if recording else {},
        "seconds": round(recording.played[-1].end - recording.played[0].start) if recording else 0,
        "plans": comparisons(recording) if recording else {},
        "moves": moves(recording) if recording else [],
        "shares": intervals(recording) if recording else [],
        "windows": [window(each) for each in (*found, *(violation for violation, _ in excused))],
        "excused": [{"text": str(violation), "why": why} for violation, why in excused],
        "violations": [dataclasses.asdict(violation) | {"text": str(violation)} for violation in found],
    }


def window(violation: Violation) -> Result:
    """How long an invariant did not hold: stretches or requests, seconds of the shortest (0: none) and longest."""
    shortest, longest = round(violation.shortest, 3), round(violation.longest, 3)
    return {"invariant": violation.invariant, "times": violation.times, "shortest": shortest, "longest": longest}


def intervals(recording: Recording) -> list[float]:
    """Of each edit whose shares were measured, the widest interval in percent: 95 % of such measurements keep it."""
    found: list[float] = []
    for number, _ in enumerate(recording.played[1:], 1):
        seen = measurements(recording, number, recording.during(number)) if recording.during(number) else ()
        wide = [NINETY_FIVE * deviation(percent, answers) for _, percent, _, answers in seen]
        found += [round(max(wide), 1)] if wide else []
    return found


def moves(recording: Recording) -> list[float]:
    """Of each edit that moved traffic, the seconds until the shares stood."""
    found: list[float] = []
    for number, played in enumerate(recording.played[1:], 1):
        pairs = itertools.pairwise(recording.during(number))
        changed = [at - played.start for (_, before), (at, after) in pairs if before.share != after.share]
        found += [round(changed[-1], 2)] if changed else []
    return found


def lines(result: Result, verbose: bool = False) -> str:
    """One line, and one for each violation where they matter."""
    verdict = "ok  " if result["passed"] else "FAIL"
    numbers = f"{result['requests']} requests, {result['failed']} failed, {result['seconds']} s"
    head = f"{verdict} {result['scenario']} ({numbers})"
    details = [f"       {violation['text']}" for violation in result["violations"]]
    return "\n".join([head, *(details if verbose or not result["passed"] else [])])


def summary(results: Sequence[Result]) -> str:
    """The last line of a run."""
    verdicts = Counter(result["passed"] for result in results)
    requests, failed = sum(r["requests"] for r in results), sum(r["failed"] for r in results if not r["control"])
    return (
        f"{verdicts[True]} passed, {verdicts[False]} failed; {requests} requests, {failed} failed outside the controls"
    )


_AGAINST_PLAN = {
    "held": "went as the plan said",
    "in part": "went as the plan said, but the run did not wait for their end",
    "elsewhere": "began with other shares than those of the plan",
    "not simulated": "had a plan without a simulation",
}


def extremes(results: Sequence[Result]) -> list[str]:
    """Outside the controls: what did not hold, allowed or not, with its shortest and longest windows; plans; moves."""
    mine = [result for result in results if not result["control"]]
    broken = [each for result in mine for each in result["windows"]]
    out = [] if broken else ["every check held all the time"]
    for invariant in sorted({each["invariant"] for each in broken}):
        these = [each for each in broken if each["invariant"] == invariant]
        windows, lasted = [each for each in these if each["shortest"]], ""
        if windows:
            shortest, longest = min(each["shortest"] for each in windows), max(each["longest"] for each in windows)
            often = sum(each["times"] for each in windows)
            lasted = f", in {often} windows of {shortest:.3f} to {longest:.3f} s"
        out.append(f"`{invariant}` did not hold in {len(these)} edits{lasted}")
    intervals = [each for result in mine for each in result["shares"]]
    if intervals:
        out.append(
            f"shares were measured by their answers in {len(intervals)} edits, to ±{max(intervals)} % at the widest"
        )
    plans = sum((Counter(result["plans"]) for result in mine), Counter[str]())
    if plans:
        said = "; ".join(f"{count} {_AGAINST_PLAN.get(how, how)}" for how, count in sorted(plans.items()))
        out.append(f"each commit was compared with its plan: {said}")
    moved = [seconds for result in mine for seconds in result["moves"]]
    if moved:
        out.append(
            f"{len(moved)} edits moved traffic; the shares changed for the last time {min(moved):.2f} to "
            f"{max(moved):.2f} s after the edit"
        )
    return out


def write(path: Path, results: Sequence[Result]) -> None:
    """Keep the results for `docs/evidence.md`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(ordered(results), indent=1, ensure_ascii=False) + "\n")


def ordered(results: Sequence[Result]) -> list[Result]:
    """In an order that does not depend on the run."""
    return sorted(results, key=lambda result: (result["scenario"], result["rollouts"]))
