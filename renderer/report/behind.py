"""Which versions run where, for how long, and what is due: as text, as Markdown, or as JSON."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from renderer.history.due import Due, Placed
from renderer.problem import printable
from renderer.report.as_json import as_json
from renderer.report.columns import columns
from renderer.report.commits import commit_data, duration_text, time_text
from renderer.report.markdown import md, table

_JSON_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Behind:
    """The apps to show: named ones, or all that differ or cannot be read; `environments` are in the order of promotion.

    `count` is the number of all checked apps; `complete` is False if the clone is shallow.
    """

    environments: Sequence[str]
    apps: Mapping[str, Mapping[str, Placed]]  # by app and environment
    due: Sequence[Due]
    count: int
    head: str
    now: datetime
    complete: bool = True


def behind_text(behind: Behind, form: str) -> str:
    """In one of the formats of `status`, with a final newline."""
    if form == "json":
        return _json(behind)
    rows = [("APP", *behind.environments), *(_cells(behind, app) for app in behind.apps)]
    lines = (table(rows) if form == "markdown" else columns(rows)) if behind.apps else []
    due = [*_unreadable(behind), *_due(behind.due)]
    if form == "markdown":
        due = [f"- {md(line)}" for line in due]
    everywhere = [placed.values() for placed in behind.apps.values()]
    differing, wrong = sum(map(differ, everywhere)), sum(map(cannot_be_read, everywhere))
    unreadable = f", {wrong} unreadable" if wrong else ""
    do = "does" if differing == 1 else "do"
    closing = f"{differing} of {behind.count} apps {do} not have the same version everywhere{unreadable}."
    return "\n".join([*lines, *([""] if lines else []), *due, *([""] if due else []), closing]) + "\n"


def differ(placed: Collection[Placed]) -> bool:
    """Whether an app does not have the same tag everywhere, as far as its specs can be read."""
    return len({each.standing.stable.tag for each in placed if each.standing}) > 1


def cannot_be_read(placed: Collection[Placed]) -> bool:
    """Whether the state of an app is unknown somewhere."""
    return any(each.standing is None for each in placed)


def _cells(behind: Behind, app: str) -> tuple[str, ...]:
    return (app, *(_cell(behind.apps[app].get(env)) for env in behind.environments))


def _cell(placed: Placed | None) -> str:
    """The stable version, how long it has been stable, and what is in flight."""
    if placed is None:
        return ""
    if placed.standing is None:
        return "unreadable"
    age = f" {_age(placed)}" if placed.age is not None else ""
    flight = f", {placed.standing.flight}" if placed.standing.flight else ""
    return printable(f"{placed.standing.stable}{age}{flight}")


def _age(placed: Placed) -> str:
    return duration_text(max(0, round(placed.age.total_seconds()))) if placed.age is not None else ""


def _unreadable(behind: Behind) -> Iterator[str]:
    """Why the state of an app cannot be read, with the file; a file of several environments is named once."""
    for app, placed in behind.apps.items():
        envs_of: dict[str, list[str]] = {}
        for env, each in placed.items():
            if each.standing is None:
                envs_of.setdefault(each.problem, []).append(env)
        for problem, envs in envs_of.items():
            yield printable(f"unreadable: {app} in {', '.join(envs)}: {problem}")


def _due(due: Sequence[Due]) -> Iterator[str]:
    """What is due with its command, one line for environments that get the same; then what is held, and why."""
    envs_of: dict[tuple[str, str, str, str], list[str]] = {}
    for each in due:
        if not each.held:
            weight = " --weight WEIGHT" if each.needs_weight else ""
            envs_of.setdefault((each.app, each.source, str(each.version), weight), []).append(each.env)
    for (app, source, version, weight), envs in envs_of.items():
        named = " ".join(f"--env {env}" for env in envs)
        command = f"rollspec release {app} --from-env {source}{weight} {named}"
        yield printable(f"due: {app} {version} in {', '.join(envs)}: `{command}`")
    for each in due:
        if each.held:
            yield printable(f"held: {each.app} {each.version} in {each.env}: {each.held}")


def _json(behind: Behind) -> str:
    data = {
        "format": _JSON_FORMAT,
        "head": behind.head,
        "complete": behind.complete,
        "now": time_text(behind.now),
        "environments": list(behind.environments),
        "apps": [
            {"app": app, "environments": [_placed_data(each) for each in placed.values()]}
            for app, placed in behind.apps.items()
        ],
        "due": [_due_data(each) for each in behind.due],
    }
    return as_json(data)


def _placed_data(placed: Placed) -> dict[str, Any]:
    standing = placed.standing
    flight = standing.flight if standing else None
    return {
        "env": placed.env,
        "stable": standing.stable._asdict() if standing else None,
        "problem": placed.problem or None,
        "flight": {"kind": flight.role, **flight.name._asdict(), "weight": flight.weight} if flight else None,
        "since": commit_data(placed.since, placed.env, placed.app) if placed.since else None,
        "age": None if placed.age is None else max(0, round(placed.age.total_seconds())),
    }


def _due_data(due: Due) -> dict[str, Any]:
    return {
        "app": due.app,
        "env": due.env,
        "source": due.source,
        **due.version._asdict(),
        "held": due.held or None,
    }
