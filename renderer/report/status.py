"""The status of apps as text for a terminal, or as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from renderer.history import Commit, Flight, Standing
from renderer.problem import printable
from renderer.report.as_json import as_json
from renderer.report.columns import columns
from renderer.report.commits import commit_data, time_text, who

FORMATS = ("text", "json")
_JSON_FORMAT = 1
_NAMED = 3  # files that are named
_BOLD, _YELLOW, _RED, _END = "\033[1m", "\033[33m", "\033[31m", "\033[0m"
_HEAD = ("ENVIRONMENT", "APP", "STRATEGY", "STABLE", "IN FLIGHT", "SINCE")


@dataclass(frozen=True, slots=True)
class AppStatus:
    """One app in one environment, as in the working tree; `problem` says why there is no `standing`.

    `since` is the commit that brought the standing. `committed` says whether HEAD has the same; None: not checked.
    """

    env: str
    app: str
    standing: Standing | None
    problem: str | None = None
    since: Commit | None = None
    committed: bool | None = None
    started: Commit | None = None  # the commit that started what is in flight
    ladder: tuple[str, ...] = ()  # the rungs of the canary's ladder, in words
    labels: Mapping[str, str] = field(default_factory=dict)  # of the app spec
    has_previous: bool = False  # whether the state remembers what the last promotion replaced

    @property
    def is_active(self) -> bool:
        """Whether a release, a pause or a switch is under way."""
        standing = self.standing
        return standing is not None and bool(standing.flight or standing.paused or standing.stage)


@dataclass(frozen=True, slots=True)
class StatusReport:
    """All apps, by environment and name. `head` is None without Git; `differs` are specs that differ from HEAD.

    `complete` is False if the clone does not reach back to one of the commits, which may then be older.
    """

    head: str | None
    rows: Sequence[AppStatus]
    differs: Sequence[str] = ()
    complete: bool = True


def status_text(status: StatusReport, form: str, *, colour: bool = False) -> str:
    """The status in one of FORMATS, with a final newline."""
    return _json(status) if form == "json" else _text(status, colour=colour)


def _json(status: StatusReport) -> str:
    data = {
        "format": _JSON_FORMAT,
        "head": status.head,
        "differs": list(status.differs),
        "complete": status.complete,
        "apps": [_row_data(row) for row in status.rows],
    }
    return as_json(data)


def _row_data(row: AppStatus) -> dict[str, Any]:
    return {
        "env": row.env,
        "app": row.app,
        **_standing_data(row.standing),
        "since": commit_data(row.since, row.env, row.app) if row.since else None,
        "committed": row.committed,
        "problem": row.problem,
    }


def _standing_data(standing: Standing | None) -> dict[str, Any]:
    if standing is None:
        return dict.fromkeys(Standing._fields)
    flight = standing.flight
    return {
        **standing._asdict(),
        "stable": standing.stable._asdict(),
        "flight": _flight_data(flight) if flight else None,
        "aborted": standing.aborted and standing.aborted._asdict(),
        "undone": standing.undone and standing.undone._asdict(),
    }


def _flight_data(flight: Flight) -> dict[str, Any]:
    name = flight.name._asdict()
    return {"kind": flight.kind, **name, "weight": flight.weight, "overrides": flight.overrides}


def _text(status: StatusReport, *, colour: bool) -> str:
    cells = [_HEAD, *(_cells(row) for row in status.rows)]
    lines = columns(cells)
    colours = [_BOLD, *(_colour(row) for row in status.rows)]
    shown = [f"{start}{line}{_END}" if colour and start else line for start, line in zip(colours, lines, strict=True)]
    return "\n".join([*(shown if status.rows else []), *([""] if status.rows else []), _closing(status)]) + "\n"


def _cells(row: AppStatus) -> tuple[str, ...]:
    if row.standing is None:
        return (row.env, row.app, "unreadable", "", printable(row.problem or ""), "")
    standing = row.standing
    by = f" by {standing.router}" if standing.router else ""
    cells = (row.env, row.app, f"{standing.strategy}{by}", str(standing.stable), _going_on(standing), _since(row))
    return tuple(map(printable, cells))


def _going_on(standing: Standing) -> str:
    words = [str(standing.flight)] if standing.flight else []
    words += [f"switching ({standing.stage})"] if standing.stage else []
    words += ["paused"] if standing.paused else []
    words += [f"{standing.aborted} aborted"] if standing.aborted else []
    words += [f"{standing.undone} undone"] if standing.undone else []
    return ", ".join(words)


def _since(row: AppStatus) -> str:
    if row.committed is False:
        return "not committed"
    return f"{time_text(row.since.time)} {who(row.since)}" if row.since else ""


def _colour(row: AppStatus) -> str:
    return _RED if row.standing is None else _YELLOW if row.is_active else ""


def _closing(status: StatusReport) -> str:
    rows = status.rows
    apps, envs = len({row.app for row in rows}), len({row.env for row in rows})
    active = sum(row.is_active for row in rows)
    wrong = sum(row.standing is None for row in rows)
    unreadable = f", {wrong} unreadable" if wrong else ""
    what = f"{_count(apps, 'app')} in {_count(envs, 'environment')}: {active or 'none'} in flight, paused or switching"
    return f"{what}{unreadable}.{_differs(status.differs)}"


def _differs(files: Sequence[str]) -> str:
    if not files:
        return ""
    named = ", ".join(map(printable, files[:_NAMED]))
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    return f"\nThe working tree differs from HEAD: {named}{more}."


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
