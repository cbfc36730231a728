"""Restarts that a change puts off until a time in the future."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from renderer.overlay import Environment
from renderer.plan import AppPlan
from renderer.problem import Problem

_CLOCKS_DIFFER = timedelta(minutes=10)


def future_restarts(environments: Iterable[Environment], plans: Sequence[AppPlan], now: datetime) -> Iterator[Problem]:
    """A warning for each restart that waits for a time in the future; a year may be mistyped."""
    files = {each.name: each.chain[0].file for each in environments}
    for plan in plans:
        mark = plan.restarts_at
        if plan.env in files and _later(mark, now):
            message = (
                f"restartedAt of {plan.app} is in the future ({mark}): a Rollout restarts its pods only then; to "
                f"restart it now, use `rollspec restart {plan.app} --env {plan.env}`"
            )
            yield Problem(files[plan.env], 1, 1, "restart-in-future", message, severity="warning")


def put_off(plans: Iterable[AppPlan], now: datetime | None) -> tuple[AppPlan, ...]:
    """The plans; a Rollout that restarts in the future says so in its headline."""
    return tuple(_put_off(plan, now) if now and plan.class_ == "restart" else plan for plan in plans)


def _put_off(plan: AppPlan, now: datetime) -> AppPlan:
    first = plan.effects[0]
    mark = plan.restarts_at
    if mark not in {path.after for path in first.paths} or not _later(mark, now):
        return plan
    reason = f"nothing happens until {mark}, which is in the future; then {first.reason}"
    return replace(plan, effects=(first._replace(reason=reason), *plan.effects[1:]))


def _later(mark: str, now: datetime) -> bool:
    try:
        found = datetime.fromisoformat(mark)
    except ValueError:
        return False
    return (found if found.tzinfo else found.replace(tzinfo=UTC)) - now > _CLOCKS_DIFFER
