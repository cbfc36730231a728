"""A promotion before the analysis of a canary can have made its first check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from renderer.checks import checks_of, duration
from renderer.console import say
from renderer.git import GitError, log, resolve
from renderer.layout import Layout
from renderer.plan import AppPlan
from renderer.usecases.project import Opened
from renderer.usecases.since import start_of_flight
from renderer.usecases.watched import app_as_it_is


def say_if_unmeasured(opened: Opened, env: str, apps: Sequence[str], now: datetime) -> None:
    """Say of each canary that is promoted before its analysis can have made its first check."""
    for name in apps:
        found = app_as_it_is(opened, env, name) if name in opened.apps else None
        checks = checks_of(found.strategy) if found and found.canary else None
        if not checks:
            continue
        try:
            head = resolve(opened.root, "HEAD")
            note = _note(opened.root, head, opened.layout, (env, name, checks.initial_delay), now)
        except GitError:
            continue
        if note:
            say(f"rollspec: {name} in {env}: {note}")


def with_first_check(
    root: str, layout: Layout, base: str, plan: AppPlan, moment: tuple[str | None, datetime | None]
) -> AppPlan:
    """The plan, with a line where it promotes a canary too early. Raises GitError.

    `moment` is the promotion's commit, or the present time where it is not committed.
    """
    head, now = moment
    if not plan.first_check:
        return plan
    now = next(log(root, revision=head)).time if head else now
    note = _note(root, base, layout, (plan.env, plan.app, plan.first_check), now) if now else ""
    return replace(plan, remarks=(*plan.remarks, note)) if note else plan


def _note(root: str, revision: str, layout: Layout, canary: tuple[str, str, int], now: datetime) -> str:
    """What to say of a canary in flight at a revision, with its environment, its app and its first check."""
    env, app, first_check = canary
    started = start_of_flight(root, revision, layout, env, app)
    age = int((now - started.time).total_seconds()) if started else first_check
    if not 0 <= age < first_check:
        return ""
    return (
        f"the analysis has measured nothing yet: the canary was committed {duration(age)} before, and the first check "
        f"is {duration(first_check)} after its first weight"
    )
