"""What tells two moments of a release apart: what Git says, and what the simulated cluster makes of it.

Two sequences of verbs that lead to the same state go on alike, so that each state is looked at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from renderer.simulate import Cluster
from renderer.simulate.state import ReplicaSet, RolloutStatus, World
from tests.support.plans import Spec

_OLD = 60.0  # seconds, after which nothing that is timed by the controllers is still to come


def key_of(spec: Spec, cluster: Cluster) -> str:
    """The same text for states that cannot behave otherwise."""
    return json.dumps([spec, *_world(cluster.world)], sort_keys=True, default=str)


def _world(world: World) -> Iterable[Any]:
    sets = sorted(world.sets, key=lambda one: one.born)
    revisions = sorted({one.revision for one in sets})
    yield [_set(one, world.now, revisions.index(one.revision)) for one in sets]
    for rollout in world.rollouts.values():
        due = [pod.created < rollout.restart_before for one in sets for pod in one.pods]
        yield [rollout.key, rollout.replicas, _status(rollout.status, world.now), due]
    for deployment in world.deployments.values():
        yield [deployment.key, deployment.replicas, deployment.phase]
    yield [repr(world.services), repr(world.rules), repr(world.virtual_services)]
    yield [[one.target, _ahead(one.due, world.now)] for one in world.autoscalers.values()]


def _set(one: ReplicaSet, now: float, revision: int) -> list[Any]:
    pods = sorted((_ahead(pod.ready, now), _ahead(pod.ready + one.min_ready, now)) for pod in one.pods)
    deadline = None if one.deadline is None else _ahead(one.deadline, now)
    return [one.owner, one.hash, one.version, one.wanted, one.desired, revision, deadline, pods]


def _status(status: RolloutStatus, now: float) -> list[Any]:
    runs = (status.step_run, status.background_run, status.pre_run, status.post_run)
    return [
        status.stable, status.current, status.steps, status.index, status.aborted, status.controller_pause,
        status.weights, status.active, status.preview, status.checkpoint, status.restarted_at, status.phase,
        [reason for reason, _ in status.pauses], [run and (run.step, _ahead(run.ends, now)) for run in runs],
    ]  # fmt: skip


def _ahead(time: float, now: float) -> int:
    """Whole seconds until then; what is past or far away is alike."""
    return round(max(0.0, min(time - now, _OLD)))
