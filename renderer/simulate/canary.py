"""One pass of the Rollouts controller over a canary (`rollout/canary.go`)."""

from __future__ import annotations

from dataclasses import replace

from renderer.simulate.analysis import ANALYSIS_STEPS, reconcile_analysis, succeeded
from renderer.simulate.context import (
    CANARY_PAUSE,
    Context,
    base_status,
    fast_rollback,
    fully_promoted,
    persist,
    promote,
    reset,
    rollback_within_window,
    template_changed,
)
from renderer.simulate.istio import reconcile_traffic
from renderer.simulate.restart import restart_pods
from renderer.simulate.scaling import (
    at_desired_counts,
    counts,
    drop_history,
    progressed,
    remove_deadlines,
    scale,
    scale_down_old_canaries,
    scale_new,
)
from renderer.simulate.services import reconcile_services
from renderer.simulate.state import RolloutStatus


def reconcile_canary(ctx: Context) -> None:
    """`rolloutCanary`: the order of these is what makes dips and overload."""
    if _template_or_steps_changed(ctx):
        _write_status(ctx)
        return
    if restart_pods(ctx):
        return
    drop_history(ctx)
    reconcile_services(ctx)
    if not reconcile_traffic(ctx):
        return
    reconcile_analysis(ctx)
    if not scale_canary(ctx):
        _reconcile_pause(ctx)
    _write_status(ctx)


def scale_canary(ctx: Context) -> bool:
    """Stable, then new, then older pods; each waits for the previous one (`reconcileCanaryReplicaSets`)."""
    if ctx.spec.paused:
        return False
    remove_deadlines(ctx)
    if ctx.stable and ctx.stable is not ctx.fresh and scale(ctx, ctx.stable, counts(ctx, ctx.old.weights)[1]):
        return True
    return scale_new(ctx) or scale_down_old_canaries(ctx)


def _template_or_steps_changed(ctx: Context) -> bool:
    return ctx.old.steps != ctx.canary.steps_hash or template_changed(ctx)


def _reconcile_pause(ctx: Context) -> None:
    """Begin a pause; its end is seen in the status (`reconcileCanaryPause`)."""
    paused = ctx.spec.paused or ctx.old.pause(CANARY_PAUSE) is not None
    if ctx.step and ctx.step.type == "pause" and not paused and not ctx.old.controller_pause:
        ctx.pauses_added.append(CANARY_PAUSE)


def _completed_step(ctx: Context) -> bool:
    """`completedCurrentCanaryStep`."""
    step = ctx.step
    if ctx.spec.paused or step is None:
        return False
    if step.type == "pause":
        return _pause_over(ctx, step.seconds)
    if step.type in ("setCanaryScale", "setWeight"):
        return at_desired_counts(ctx, ctx.weights)
    return succeeded(ctx, "step") if step.type in ANALYSIS_STEPS else True


def _pause_over(ctx: Context, seconds: float | None) -> bool:
    since = ctx.old.pause(CANARY_PAUSE)
    if since is None:
        return ctx.old.controller_pause
    return seconds is not None and ctx.now >= since + seconds


def _full_promote(ctx: Context) -> bool:
    """`shouldFullPromote`."""
    if ctx.stable is None:
        return True
    ready = ctx.available(ctx.fresh) >= ctx.replicas or progressed(ctx, ctx.fresh, ctx.replicas)
    if ctx.aborted or not ready:
        return False
    return fast_rollback(ctx) or not ctx.canary.steps or ctx.old.index == len(ctx.canary.steps)


def _write_status(ctx: Context) -> None:
    """`syncRolloutStatusCanary`."""
    status = replace(base_status(ctx), steps=ctx.canary.steps_hash)
    last = len(ctx.canary.steps) or None
    if _template_or_steps_changed(ctx):
        persist(ctx, _restarted_list(ctx, status))
        return
    index = ctx.index
    if rollback_within_window(ctx):
        ctx.pauses_cleared = ctx.abort_removed = True
        index = last
    if _full_promote(ctx):
        persist(ctx, promote(ctx, status))
    elif ctx.aborted:
        persist(ctx, replace(status, index=last and (last if fully_promoted(status) else 0)))
    else:
        if index is not None and _completed_step(ctx):
            index += 1
            status = replace(status, step_run=None)
            ctx.pauses_removed.append(CANARY_PAUSE)
        persist(ctx, replace(status, index=index))


def _restarted_list(ctx: Context, status: RolloutStatus) -> RolloutStatus:
    """From step 0 again; past all steps where the stable version is wanted, or a rollback within the window."""
    status = reset(ctx, status)
    back = ctx.old.stable == ctx.fresh.hash or (rollback_within_window(ctx) and ctx.fresh.wanted > 0)
    return replace(status, index=len(ctx.canary.steps)) if back and ctx.canary.steps else status
