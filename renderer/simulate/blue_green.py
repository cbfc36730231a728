"""One pass of the Rollouts controller over a BlueGreen (`rollout/bluegreen.go`, `rollout/service.go`)."""

from __future__ import annotations

from dataclasses import replace

from renderer.simulate.analysis import completed_pre_analysis, reconcile_analysis, succeeded
from renderer.simulate.context import (
    BLUE_GREEN_PAUSE,
    Context,
    base_status,
    fast_rollback,
    persist,
    promote,
    reset,
    rollback_within_window,
    template_changed,
)
from renderer.simulate.record import Edit
from renderer.simulate.restart import restart_pods
from renderer.simulate.scaling import (
    drop_history,
    ready_for_pause,
    remove_deadlines,
    saturated,
    scale,
    scale_down_old_previews,
    scale_new,
)
from renderer.simulate.services import switch_service
from renderer.simulate.spec import BlueGreen
from renderer.simulate.state import RolloutStatus, Service


def reconcile_blue_green(ctx: Context, strategy: BlueGreen) -> None:
    """`rolloutBlueGreen`."""
    if strategy.preview and not ctx.spec.paused:
        switch_service(ctx, strategy.preview, ctx.fresh.hash)
    if template_changed(ctx):
        _write_status(ctx, strategy)
        return
    restart_pods(ctx)
    scale_blue_green(ctx, strategy)
    _reconcile_pause(ctx, strategy)
    _reconcile_active(ctx, strategy)
    reconcile_analysis(ctx)
    _write_status(ctx, strategy)


def valid_services(edit: Edit, strategy: BlueGreen) -> bool:
    """Whether the Services that it names are there."""
    return all(key in edit.world.services for key in (strategy.active, strategy.preview) if key)


def scale_blue_green(ctx: Context, strategy: BlueGreen) -> None:
    """`reconcileBlueGreenReplicaSets`."""
    remove_deadlines(ctx)
    if ctx.stable:
        scale(ctx, ctx.stable, ctx.replicas)
    scale_new(ctx)
    if not _waits_for_analysis(ctx, strategy):
        scale_down_old_previews(ctx)
    drop_history(ctx)


def _waits_for_analysis(ctx: Context, strategy: BlueGreen) -> bool:
    """Old pods stay while the post-promotion analysis runs, where no delay is given."""
    if not strategy.post_analysis or ctx.spec.scale_down_delay_set or succeeded(ctx, "post"):
        return False
    switched = ctx.old.active == ctx.fresh.hash and ctx.old.stable != ctx.fresh.hash
    return switched and ("post" in ctx.runs or saturated(ctx, ctx.fresh))


def _fast_tracked(ctx: Context, active: Service) -> bool:
    """`isBlueGreenFastTracked`; 1.9 skips the pause for every version that still waits to be scaled down."""
    rollback = ctx.within_delay if ctx.edit.options.before_1_10 else fast_rollback(ctx)
    return rollback or active.hash in ("", ctx.fresh.hash)


def _reconcile_pause(ctx: Context, strategy: BlueGreen) -> None:
    if ctx.old.aborted or not ready_for_pause(ctx, strategy) or ctx.spec.paused:
        return
    active = ctx.edit.world.services[strategy.active]
    needs_pause = not strategy.auto or strategy.auto_seconds > 0
    if _fast_tracked(ctx, active) or ctx.old.checkpoint or not needs_pause:
        ctx.pauses_removed.append(BLUE_GREEN_PAUSE)
    elif completed_pre_analysis(ctx):
        if ctx.old.pause(BLUE_GREEN_PAUSE) is None:
            if not ctx.old.controller_pause:
                ctx.pauses_added.append(BLUE_GREEN_PAUSE)
        elif _pause_over(ctx, strategy):
            ctx.pauses_removed.append(BLUE_GREEN_PAUSE)


def _pause_over(ctx: Context, strategy: BlueGreen) -> bool:
    """`CompletedBlueGreenPause`."""
    since = ctx.old.pause(BLUE_GREEN_PAUSE)
    if ctx.pauses_added:
        return False
    if ctx.old.checkpoint:
        return True
    if strategy.auto:
        if not strategy.auto_seconds:
            return True
        return since is not None and ctx.now >= since + strategy.auto_seconds
    return ctx.old.controller_pause and since is None


def _reconcile_active(ctx: Context, strategy: BlueGreen) -> None:
    if ctx.spec.paused or not ready_for_pause(ctx, strategy) or not saturated(ctx, ctx.fresh):
        return
    active = ctx.edit.world.services[strategy.active]
    target = active.hash
    if _fast_tracked(ctx, active) or (_pause_over(ctx, strategy) and completed_pre_analysis(ctx)):
        target = ctx.fresh.hash
    if ctx.old.aborted:
        target = ctx.old.stable
    switch_service(ctx, strategy.active, target)


def _write_status(ctx: Context, strategy: BlueGreen) -> None:
    """`syncRolloutStatusBlueGreen`."""
    services = ctx.edit.world.services
    status = base_status(ctx)
    if template_changed(ctx):
        status = reset(ctx, status)
    if rollback_within_window(ctx):
        ctx.pauses_cleared = ctx.abort_removed = True
    preview = services[strategy.preview].hash if strategy.preview else ""
    status = replace(status, active=services[strategy.active].hash, preview=preview)
    if _full_promote(ctx, strategy, status):
        persist(ctx, promote(ctx, status))
    else:
        persist(ctx, replace(status, checkpoint=_checkpoint(ctx, strategy)))


def _full_promote(ctx: Context, strategy: BlueGreen, status: RolloutStatus) -> bool:
    if ctx.stable is None or not status.active:
        return True
    if status.active != status.current:
        return False
    if fast_rollback(ctx):
        return True
    if ctx.aborted:
        return False
    within_delay = ctx.within_delay and ctx.edit.options.before_1_10
    return not strategy.post_analysis or within_delay or succeeded(ctx, "post")


def _checkpoint(ctx: Context, strategy: BlueGreen) -> bool:
    """The preview was approved; from now on it is scaled up (`calculateScaleUpPreviewCheckPoint`)."""
    if strategy.preview_count is None:
        return False
    if ctx.old.checkpoint:
        return True
    approved = completed_pre_analysis(ctx) and _pause_over(ctx, strategy)
    return approved and strategy.preview_count == ctx.available(ctx.fresh)
