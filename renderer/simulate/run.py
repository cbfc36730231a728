"""Time: the controllers act until nothing changes, then the clock goes on to the next event, until all is at rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from renderer.simulate.autoscaler import autoscalers
from renderer.simulate.deployment import deployments
from renderer.simulate.istio import release_rules
from renderer.simulate.pods import replica_sets
from renderer.simulate.record import Edit
from renderer.simulate.rollout import rollouts
from renderer.simulate.services import release_services
from renderer.simulate.state import NEVER, TICK, Rollout, World

PASSES = 500  # for one event; more would be controllers that fight forever
EVENTS = 10_000  # for one edit: pods of a large app that are replaced one by one
OF_ROLLOUTS = (release_services, release_rules, rollouts)
CONTROLLERS = (autoscalers, deployments, replica_sets)


def settle(edit: Edit) -> None:
    """The controllers act until nothing changes; no pod gets Ready meanwhile but by the time that this takes."""
    for _ in range(PASSES):
        writes = edit.world.writes
        for controller in CONTROLLERS if edit.options.controller_down else (*OF_ROLLOUTS, *CONTROLLERS):
            controller(edit)
        if edit.world.writes == writes:
            return
        edit.world.now += TICK


def run(edit: Edit, *, until: float = NEVER, stop: Callable[[], bool] = lambda: False) -> None:
    """Until at rest, but for pods that only wait for their scale-down delay; or until a time, those included.

    Ends earlier as soon as `stop` says so.
    """
    for _ in range(EVENTS):
        settle(edit)
        edit.record()
        due = min(_events(edit.world), default=NEVER)
        delayed = min(_deadlines(edit.world), default=NEVER)
        limit = min(until, edit.since + edit.options.horizon)
        if min(due, delayed) > limit or (due == NEVER and until == NEVER) or stop():
            break
        edit.world.now = max(edit.world.now, min(due, delayed))
        edit.record()
    if until != NEVER:
        edit.world.now = max(edit.world.now, until)


def _events(world: World) -> Iterable[float]:
    """Times ahead at which something happens by itself."""
    for one in world.sets:
        for pod in one.pods:
            yield from (at for at in (pod.ready, pod.ready + one.min_ready) if world.now < at < NEVER)
    for rollout in world.rollouts.values():
        yield from (at for at in _waits(rollout) if at > world.now)
    yield from (one.due for one in world.autoscalers.values() if one.due > world.now)


def _waits(rollout: Rollout) -> Iterable[float]:
    """Ends of timed pauses and analyses."""
    status, spec = rollout.status, rollout.spec
    if spec.paused:
        return
    for run in (status.step_run, status.background_run, status.pre_run, status.post_run):
        if run:
            yield run.ends
    for _, since in status.pauses:
        if spec.blue_green and spec.blue_green.auto and spec.blue_green.auto_seconds:
            yield since + spec.blue_green.auto_seconds
        if spec.canary and status.index is not None and status.index < len(spec.canary.steps):
            seconds = spec.canary.steps[status.index].seconds
            if seconds is not None:
                yield since + seconds


def _deadlines(world: World) -> Iterable[float]:
    """Times ahead at which old pods are scaled down."""
    return (one.deadline for one in world.sets if one.deadline is not None and one.deadline > world.now)
