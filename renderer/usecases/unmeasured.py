"""A promotion before the analysis of a canary can have made its first check."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from renderer.checks import checks_of, duration
from renderer.console import say
from renderer.git import GitError, resolve
from renderer.usecases.project import Opened
from renderer.usecases.since import since
from renderer.usecases.status import read_rows
from renderer.usecases.watched import app_as_it_is


def say_if_unmeasured(opened: Opened, env: str, apps: Sequence[str], now: datetime | None) -> None:
    """Say of each canary that is promoted before its analysis can have made its first check."""
    if now is None:
        return
    for row in read_rows(opened, [env], [app for app in apps if app in opened.apps]):
        flight = row.standing.flight if row.standing else None
        found = app_as_it_is(opened, env, row.app) if flight and flight.role == "canary" else None
        checks = checks_of(found.strategy) if found else None
        if not row.standing or not checks:
            continue
        try:
            head = resolve(opened.root, "HEAD")
            started = since(opened.root, head, opened.layout, {(env, row.app, "flight"): row.standing}).found
        except GitError:
            continue
        for commit in started.values():
            age = int((now - commit.time).total_seconds())
            if 0 <= age < checks.initial_delay:
                say(
                    f"rollspec: {row.app} in {env}: the analysis has measured nothing yet: the canary was committed "
                    f"{duration(age)} ago, and the first check is {duration(checks.initial_delay)} after its first "
                    "weight"
                )
