"""`make traces`: what the controllers did in each scenario: `fixtures/traces/<rollouts version>/<scenario>.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .play import Played, Recording
from .scenario import ROOT
from .timeline import trace_point

FOLDER = ROOT / "fixtures" / "traces"


def trace(recording: Recording) -> dict[str, Any]:
    """A recording as a trace."""
    return {
        "format": 1,
        "scenario": recording.scenario.name,
        "rollouts": recording.rollouts,
        "readyAfter": recording.scenario.facts.get("ready", 0.8),
        "edits": [edit(recording, number, played) for number, played in enumerate(recording.played)],
    }


def edit(recording: Recording, number: int, played: Played) -> dict[str, Any]:
    """One edit: what was applied, and a point for each change until the next one; the first is the state before."""
    what: dict[str, Any] = {"event": played.edit.event} if played.edit.event else {"manifests": played.applied}
    if played.deleted:
        what["deleted"] = played.deleted
    points: list[dict[str, Any]] = []
    for at, point in recording.during(number):
        made = trace_point(point, at - played.start)
        if not points or {**points[-1], "t": 0} != {**made, "t": 0}:
            points.append(made)
    begins = round(played.start - recording.played[0].start, 1)
    return {"title": played.edit.title, "begins": begins, **what, "points": points}


def write(recording: Recording, folder: Path = FOLDER) -> str:
    """Write the trace; returns its path from the project's root."""
    path = folder / recording.rollouts / f"{recording.scenario.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text(trace(recording)))
    return str(path.relative_to(ROOT))


def text(made: dict[str, Any]) -> str:
    """JSON with one point and one manifest a line: small, and a difference shows what changed."""
    head = json.dumps({key: value for key, value in made.items() if key != "edits"}, ensure_ascii=False)[:-1]
    edits = ",\n".join(edit_text(item) for item in made["edits"])
    return f'{head}, "edits": [\n{edits}\n]}}\n'


def edit_text(item: dict[str, Any]) -> str:
    """One edit of a trace."""
    lines = [f'"title": {json.dumps(item["title"], ensure_ascii=False)}']
    lines += [f'"{key}": {json.dumps(item[key])}' for key in ("begins", "event", "deleted") if key in item]
    for key in ("manifests", "points"):
        if key in item:
            rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in item[key])
            lines.append(f'"{key}": [\n  {rows}\n ]' if rows else f'"{key}": []')
    return "{" + ",\n ".join(lines) + "}"
