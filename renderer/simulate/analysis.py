"""AnalysisRuns of a Rollout: when one starts, and what its end does (`rollout/analysis.go`)."""

from __future__ import annotations

from renderer.simulate.context import CANARY_PAUSE, Context, fast_rollback, fully_promoted
from renderer.simulate.scaling import saturated
from renderer.simulate.spec import BlueGreen
from renderer.simulate.state import RolloutStatus, Run

ANALYSIS_STEPS = ("analysis", "experiment")
SECONDS = 1.0  # that an AnalysisRun takes


def runs_of(status: RolloutStatus) -> dict[str, Run]:
    """The recorded runs by kind."""
    runs = {
        "step": status.step_run,
        "background": status.background_run,
        "pre": status.pre_run,
        "post": status.post_run,
    }
    return {kind: run for kind, run in runs.items() if run}


def reconcile_analysis(ctx: Context) -> None:
    """Start runs that are due, and abort where one has failed."""
    if _skipped(ctx):
        ctx.runs = {kind: run for kind, run in ctx.runs.items() if kind in ("pre", "post")}
        return
    if ctx.spec.canary:
        _step_run(ctx)
        _background_run(ctx)
    elif ctx.spec.blue_green:
        _promotion_run(ctx, "pre", due=ctx.spec.blue_green.pre_analysis and _pre_due(ctx, ctx.spec.blue_green))
        _promotion_run(ctx, "post", due=ctx.spec.blue_green.post_analysis and _post_due(ctx))


def succeeded(ctx: Context, kind: str) -> bool:
    """Whether the run of this kind has ended well."""
    run = ctx.runs.get(kind)
    return run is not None and run.ends <= ctx.now and ctx.edit.options.analysis == "pass"


def completed_pre_analysis(ctx: Context) -> bool:
    """`completedPrePromotionAnalysis`."""
    return ctx.spec.blue_green is None or not ctx.spec.blue_green.pre_analysis or succeeded(ctx, "pre")


def _skipped(ctx: Context) -> bool:
    promoted = fully_promoted(ctx.old) and not ctx.edit.options.before_1_10
    within_delay = ctx.within_delay and ctx.edit.options.before_1_10
    return promoted or within_delay or ctx.aborted or fast_rollback(ctx) or not ctx.old.stable


def _start_or_judge(ctx: Context, kind: str, step: int | None) -> None:
    run = ctx.runs.get(kind)
    if run is None:
        ctx.runs[kind] = Run(step, ctx.now + SECONDS)
    elif run.ends <= ctx.now and ctx.edit.options.analysis == "fail":
        ctx.abort_added = True


def _step_run(ctx: Context) -> None:
    if ctx.old.pause(CANARY_PAUSE) is not None:
        return
    run, step = ctx.runs.get("step"), ctx.step
    if step is None or step.type not in ANALYSIS_STEPS or (run and run.step != ctx.index):
        ctx.runs.pop("step", None)
        return
    _start_or_judge(ctx, "step", ctx.index)


def _background_run(ctx: Context) -> None:
    early = ctx.step is not None and (ctx.index or 0) < ctx.canary.analysis_from
    if not ctx.canary.analysis or fully_promoted(ctx.old) or not ctx.old.current or early:
        ctx.runs.pop("background", None)
        return
    _start_or_judge(ctx, "background", None)


def _promotion_run(ctx: Context, kind: str, *, due: bool) -> None:
    if due or kind in ctx.runs:
        _start_or_judge(ctx, kind, None)


def _pre_due(ctx: Context, blue_green: BlueGreen) -> bool:
    if ctx.old.stable == ctx.fresh.hash or ctx.old.active in ("", ctx.fresh.hash):
        return False
    if blue_green.preview_count is not None:
        return ctx.fresh.wanted == ctx.available(ctx.fresh) == blue_green.preview_count
    return saturated(ctx, ctx.fresh)


def _post_due(ctx: Context) -> bool:
    return ctx.old.stable != ctx.fresh.hash and ctx.old.active == ctx.fresh.hash and saturated(ctx, ctx.fresh)
