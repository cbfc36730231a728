"""What a run found, as data for `docs/evidence.md` and as lines for the terminal."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .invariants import Violation, shortest_capacity
from .play import Recording
from .scenario import Scenario

Result = dict[str, Any]


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
        "excused": [{"text": str(violation), "why": why} for violation, why in excused],
        "violations": [dataclasses.asdict(violation) | {"text": str(violation)} for violation in found],
    }


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


def write(path: Path, results: Sequence[Result]) -> None:
    """Keep the results for `docs/evidence.md`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = sorted(results, key=lambda result: (result["scenario"], result["rollouts"]))
    path.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n")
