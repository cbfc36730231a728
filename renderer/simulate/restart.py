"""`restartAt`: pods that are older are deleted, at most maxUnavailable (or one) at a time (`rollout/restart.go`)."""

from __future__ import annotations

from renderer.rounding import canary_fenceposts, preview_max_unavailable
from renderer.simulate.context import Context
from renderer.simulate.state import Pod, ReplicaSet


def restart_pods(ctx: Context) -> int:
    """Delete pods that are due; how many. Where none is left, the restart is done."""
    if ctx.spec.restart_at is None or ctx.old.restarted_at == ctx.spec.restart_at:
        return 0
    old = [(one, pod) for one in _in_order(ctx) for pod in one.pods if pod.created < ctx.rollout.restart_before]
    room = _room(ctx)
    going = old[: max(0, room)]
    for one, pod in going:
        _delete(one, pod)
    if going:
        ctx.edit.wrote()
    if len(old) == len(going):
        ctx.restarted_at = ctx.spec.restart_at
    return len(going)


def _in_order(ctx: Context) -> list[ReplicaSet]:
    """Stable, new, older ones."""
    return sorted(ctx.sets, key=lambda one: (one is not ctx.stable, one is not ctx.fresh, one.born))


def _room(ctx: Context) -> int:
    if ctx.spec.blue_green:
        unavailable = preview_max_unavailable(ctx.spec.blue_green.unavailable, ctx.replicas)
    else:
        _, unavailable = canary_fenceposts(ctx.canary.surge, ctx.canary.unavailable, ctx.replicas)
    total = sum(one.wanted for one in ctx.sets)
    least = max(ctx.replicas, total) - max(unavailable, 1)
    return sum(ctx.available(one) for one in ctx.sets) - least


def _delete(one: ReplicaSet, pod: Pod) -> None:
    one.pods = [*one.pods]
    one.pods.remove(pod)
