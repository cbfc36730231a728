"""The status of apps as text for a terminal, as Markdown, or as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from renderer.history import Flight, LiveCommit, Standing, VersionName
from renderer.problem import plural, printable, some_of
from renderer.report.as_json import as_json
from renderer.report.columns import columns
from renderer.report.commits import commit_data, duration_text, passed, time_text, who
from renderer.report.markdown import table

FORMATS = ("text", "json", "markdown")
_JSON_FORMAT = 1
_BOLD, _YELLOW, _RED, _END = "\033[1m", "\033[33m", "\033[31m", "\033[0m"
_HEAD = ("ENVIRONMENT", "APP", "STRATEGY", "STABLE", "IN FLIGHT", "SINCE", "AGE")


class AppStatus(NamedTuple):
    """One app in one environment, as in the working tree; `problem` says why there is no `standing`.

    `since` is the commit that brought the standing. `committed` says whether HEAD has the same; None: not checked.
    """

    env: str
    app: str
    standing: Standing | None
    problem: str | None = None
    since: LiveCommit | None = None
    committed: bool | None = None
    started: LiveCommit | None = None  # the commit that started what is in flight
    ladder: tuple[str, ...] = ()  # the rungs of the canary's ladder, in words
    labels: Mapping[str, str] = {}  # of the app spec
    has_previous: bool = False  # whether the state remembers what the last promotion replaced
    namespace: str = ""
    commands: tuple[str, ...] = ()  # those that are possible now, where they were asked for
    needs_weight: bool = False  # `release` must name the first weight of a canary
    replaced: VersionName | None = None  # what the last promotion replaced; None if an undo wrote it
    watched: tuple[str, ...] = ()  # what watches the canary in flight, of apps that were asked for by name

    @property
    def is_active(self) -> bool:
        """Whether a release, a pause or a switch is under way."""
        standing = self.standing
        return standing is not None and bool(standing.flight or standing.paused or standing.stage)

    def age(self, now: datetime) -> int | None:
        """Seconds since a release started, else since a pause or switch; None where there is none, or unknown."""
        return _seconds(self.started or self.since, now) if self.is_active else None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """All apps, by environment and name. `head` is None without Git; `differs` are specs that differ from HEAD.

    `complete` is False if the clone does not reach back to one of the commits, which may then be older.
    """

    head: str | None
    rows: Sequence[AppStatus]
    differs: Sequence[str] = ()
    complete: bool = True
    now: datetime | None = None  # the time that ages are counted to


def status_text(status: StatusReport, form: str, *, colour: bool = False) -> str:
    """The status in one of FORMATS, with a final newline."""
    if form == "json":
        return _json(status)
    return _markdown(status) if form == "markdown" else _text(status, colour=colour)


def _json(status: StatusReport) -> str:
    data = {
        "format": _JSON_FORMAT,
        "head": status.head,
        "differs": list(status.differs),
        "complete": status.complete,
        "now": time_text(status.now) if status.now else None,
        "apps": [_row_data(row, status.now) for row in status.rows],
    }
    return as_json(data)


def _row_data(row: AppStatus, now: datetime | None) -> dict[str, Any]:
    return {
        "env": row.env,
        "app": row.app,
        **_standing_data(row.standing),
        "ladder": list(row.ladder),
        "started": commit_data(row.started, row.env, row.app) if row.started else None,
        "since": commit_data(row.since, row.env, row.app) if row.since else None,
        "age": row.age(now) if now else None,
        "unchanged": _seconds(row.since, now) if now else None,
        "committed": row.committed,
        "commands": list(row.commands),
        "watched": list(row.watched),
        "problem": row.problem,
    }


def _seconds(commit: LiveCommit | None, now: datetime) -> int | None:
    """Since the commit; none less than 0, where a clock differs."""
    return max(0, round((now - commit.time).total_seconds())) if commit else None


def _standing_data(standing: Standing | None) -> dict[str, Any]:
    if standing is None:
        return {**dict.fromkeys(Standing._fields), "states": []}
    flight = standing.flight
    return {
        **standing._asdict(),
        "stable": standing.stable._asdict(),
        "flight": _flight_data(flight) if flight else None,
        "aborted": standing.aborted and standing.aborted._asdict(),
        "undone": standing.undone and standing.undone._asdict(),
        "states": standing.states,
    }


def _flight_data(flight: Flight) -> dict[str, Any]:
    name = flight.name._asdict()
    return {"kind": flight.role, **name, "weight": flight.weight, "overrides": flight.overrides}


def _text(status: StatusReport, *, colour: bool) -> str:
    head, *rows = columns(_table(status))
    lines = [f"{_BOLD}{head}{_END}" if colour else head] if rows else []
    for row, line in zip(status.rows, rows, strict=True):
        start = _colour(row) if colour else ""
        lines += [f"{start}{line}{_END}" if start else line, *(f"    {each}" for each in _details(row))]
    return "\n".join([*lines, *([""] if rows else []), *_closing(status)]) + "\n"


def _details(row: AppStatus) -> list[str]:
    return [*(f"watched  {printable(line)}" for line in row.watched), *row.commands]


def _markdown(status: StatusReport) -> str:
    lines = table(_table(status)) if status.rows else []
    for row in status.rows:
        for line in row.watched:
            lines += ["", f"{row.app} in {row.env}, watched {printable(line)}"]
        if row.commands:
            lines += ["", f"{row.app} in {row.env}:", "", "```sh", *row.commands, "```"]
    return "\n".join([*lines, *([""] if lines else []), *_closing(status)]) + "\n"


def _table(status: StatusReport) -> list[tuple[str, ...]]:
    """The headline and a row of cells for each app; without the last column where nothing has an age."""
    shown = cache(printable)  # most cells repeat: environments, strategies, authors
    rows = [_HEAD, *(tuple(map(shown, _cells(row, status.now))) for row in status.rows)]
    return rows if any(row[-1] for row in rows[1:]) else [row[:-1] for row in rows]


def _cells(row: AppStatus, now: datetime | None) -> tuple[str, ...]:
    if row.standing is None:
        return row.env, row.app, "unreadable", "", row.problem or "", "", ""
    standing = row.standing
    by = f" by {standing.router}" if standing.router else ""
    strategy, age = f"{standing.strategy}{by}", _age(row, now) if now else ""
    return row.env, row.app, strategy, str(standing.stable), _going_on(row, standing), _since(row), age


def _going_on(row: AppStatus, standing: Standing) -> str:
    ladder = f" on the ladder {' -> '.join(row.ladder)}" if row.ladder else ""
    words = [f"{standing.flight}{ladder}"] if standing.flight else []
    words += [f"switching ({standing.stage})"] if standing.stage else []
    words += ["paused"] if standing.paused else []
    words += [f"{version} {how}" for how, version in standing.stopped]
    return ", ".join(words)


def _age(row: AppStatus, now: datetime) -> str:
    """Since its start, and since its last change where that is another commit."""
    age, unchanged = row.age(now), _seconds(row.since, now)
    if age is None:
        return ""
    is_other = row.started and row.since and row.started != row.since
    return duration_text(age) + (
        f", changed {duration_text(unchanged)} ago" if is_other and unchanged is not None else ""
    )


def _since(row: AppStatus) -> str:
    if row.committed is False:
        return "not committed"
    if row.since is None:
        return ""
    glass = passed(row.since) or (passed(row.started) if row.started else "")
    return f"{time_text(row.since.time)} {who(row.since)}{glass}"


def _colour(row: AppStatus) -> str:
    return _RED if row.standing is None else _YELLOW if row.is_active else ""


def _closing(status: StatusReport) -> list[str]:
    rows = status.rows
    apps, envs = len({row.app for row in rows}), len({row.env for row in rows})
    active = sum(row.is_active for row in rows)
    wrong = sum(row.standing is None for row in rows)
    unreadable = f", {wrong} unreadable" if wrong else ""
    what = f"{plural(apps, 'app')} in {plural(envs, 'environment')}: {active or 'none'} in flight, paused or switching"
    return [f"{what}{unreadable}.", *_differs(status.differs)]


def _differs(files: Sequence[str]) -> list[str]:
    if not files:
        return []
    return [f"The working tree differs from HEAD: {some_of(files)}."]
