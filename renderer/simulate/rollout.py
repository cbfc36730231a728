"""The Rollouts controller: what is common to a canary and a BlueGreen (`rollout/controller.go`, `sync.go`)."""

from __future__ import annotations

from dataclasses import replace

from renderer.simulate.analysis import runs_of
from renderer.simulate.blue_green import reconcile_blue_green, scale_blue_green, valid_services
from renderer.simulate.canary import reconcile_canary, scale_canary
from renderer.simulate.context import Context, persist, rollout_owner
from renderer.simulate.istio import valid
from renderer.simulate.pods import add_set
from renderer.simulate.record import Edit
from renderer.simulate.state import ReplicaSet, Rollout


def rollouts(edit: Edit) -> None:
    """One pass over all Rollouts."""
    for rollout in edit.world.rollouts.values():
        _sync(edit, rollout)


def _sync(edit: Edit, rollout: Rollout) -> None:
    """`syncHandler`."""
    blue_green = rollout.spec.blue_green
    if not valid(edit, rollout) or (blue_green and not valid_services(edit, blue_green)):
        _set_phase(edit, rollout, "Degraded")
        return
    sets = edit.world.sets_of(rollout_owner(rollout))
    fresh = next((one for one in sets if one.hash == rollout.spec.template.hash), None)
    if fresh is None:
        fresh = _new_set(edit, rollout, sets)
        if not edit.options.before_1_10:
            return  # 1.10 leaves the rest to the next pass
    ctx = _context(edit, rollout, fresh)
    _sync_revision(ctx)
    if any(one.wanted and one.desired != ctx.replicas for one in (ctx.fresh, ctx.stable) if one):
        _sync_replicas_only(ctx)
    elif blue_green:
        reconcile_blue_green(ctx, blue_green)
    else:
        reconcile_canary(ctx)


def _set_phase(edit: Edit, rollout: Rollout, phase: str) -> None:
    if rollout.status.phase != phase:
        rollout.status = replace(rollout.status, phase=phase)
        edit.wrote()


def _new_set(edit: Edit, rollout: Rollout, sets: list[ReplicaSet]) -> ReplicaSet:
    """The ReplicaSet of the present template, without pods yet (`createDesiredReplicaSet`)."""
    template = rollout.spec.template
    version = edit.world.names[template.hash]
    fresh = ReplicaSet(rollout_owner(rollout), template.hash, version, template.labels, 0, rollout.spec.min_ready)
    fresh.desired = rollout.replicas
    fresh.revision = 1 + max((one.revision for one in sets), default=0)
    return add_set(edit, fresh)


def _context(edit: Edit, rollout: Rollout, fresh: ReplicaSet) -> Context:
    old = rollout.status
    stable = next(
        (one for one in edit.world.sets_of(rollout_owner(rollout)) if old.stable and one.hash == old.stable), None
    )
    within_delay = fresh.deadline is not None and (edit.options.before_1_10 or fresh.deadline > edit.world.now)
    return Context(edit, rollout, old, fresh, stable, within_delay, old.weights, old.restarted_at, runs_of(old))


def _sync_revision(ctx: Context) -> None:
    """The new ReplicaSet has the highest revision (`syncReplicaSetRevision`)."""
    latest = 1 + max((one.revision for one in ctx.sets if one is not ctx.fresh), default=0)
    ctx.fresh.revision = max(ctx.fresh.revision, latest)
    ctx.fresh.min_ready = ctx.spec.min_ready


def _sync_replicas_only(ctx: Context) -> None:
    """Another number of replicas: scale, and nothing else (`syncReplicasOnly`)."""
    if ctx.spec.blue_green:
        scale_blue_green(ctx, ctx.spec.blue_green)
    else:
        scale_canary(ctx)
    persist(ctx, replace(ctx.old, controller_pause=ctx.old.controller_pause))
