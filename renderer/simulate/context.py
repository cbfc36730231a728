"""One pass over a Rollout: what it reads, what it decided, how the status is written (`rollout/context.go`)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from renderer.simulate.record import Edit
from renderer.simulate.spec import Canary, RolloutSpec, Step
from renderer.simulate.state import ReplicaSet, Rollout, RolloutStatus, Run, Weights

CANARY_PAUSE = "CanaryPauseStep"
BLUE_GREEN_PAUSE = "BlueGreenPause"


@dataclass(slots=True)
class Context:
    """`old` is the status that the pass started with: decisions are made by it, as the controller makes them."""

    edit: Edit
    rollout: Rollout
    old: RolloutStatus
    fresh: ReplicaSet  # of the present template
    stable: ReplicaSet | None
    within_delay: bool  # fresh still waited to be scaled down when the pass began
    weights: Weights | None = None  # of the new status
    restarted_at: str | None = None
    runs: dict[str, Run] = field(default_factory=dict)
    pauses_added: list[str] = field(default_factory=list)
    pauses_removed: list[str] = field(default_factory=list)
    pauses_cleared: bool = False
    abort_added: bool = False
    abort_removed: bool = False

    @property
    def spec(self) -> RolloutSpec:
        """The Rollout's spec."""
        return self.rollout.spec

    @property
    def canary(self) -> Canary:
        """The canary strategy; only for a Rollout that has one."""
        assert self.spec.canary is not None  # noqa: S101  (its caller asked)
        return self.spec.canary

    @property
    def replicas(self) -> int:
        """spec.replicas."""
        return self.rollout.replicas

    @property
    def now(self) -> float:
        """The time of the simulated cluster, in seconds."""
        return self.edit.world.now

    @property
    def sets(self) -> list[ReplicaSet]:
        """All its ReplicaSets, oldest first."""
        return self.edit.world.sets_of(rollout_owner(self.rollout))

    @property
    def others(self) -> list[ReplicaSet]:
        """Neither new nor stable."""
        return [one for one in self.sets if one is not self.fresh and one is not self.stable]

    @property
    def aborted(self) -> bool:
        """`pauseContext.IsAborted`."""
        return not self.abort_removed and (self.abort_added or self.old.aborted)

    @property
    def step(self) -> Step | None:
        """The step that it is at; None after the last one, or without steps."""
        steps, index = self.canary.steps, self.index
        return steps[index] if index is not None and index < len(steps) else None

    @property
    def index(self) -> int | None:
        """The index of that step; None without steps."""
        return (self.old.index or 0) if self.canary.steps else None

    def available(self, one: ReplicaSet | None) -> int:
        """Available pods of a ReplicaSet."""
        return one.available(self.now) if one else 0


def rollout_owner(rollout: Rollout) -> str:
    """The owner of a Rollout's ReplicaSets."""
    return f"Rollout {rollout.key}"


def fully_promoted(status: RolloutStatus) -> bool:
    """The stable version is the wanted one (`IsFullyPromoted`)."""
    return status.stable == status.current


def rollback_within_window(ctx: Context) -> bool:
    """Back to an older ReplicaSet, with fewer than rollbackWindow.revisions between it and the stable one."""
    if ctx.stable is None or ctx.fresh.born >= ctx.stable.born or not ctx.spec.rollback_window:
        return False
    between = sum(ctx.fresh.born < one.born < ctx.stable.born for one in ctx.sets)
    return between < ctx.spec.rollback_window


def fast_rollback(ctx: Context) -> bool:
    """Whether pauses and analyses are skipped (`isFastRollback` of 1.10; 1.9 asks about the window only)."""
    if ctx.edit.options.before_1_10:
        return rollback_within_window(ctx)
    to_stable = ctx.old.stable == ctx.fresh.hash
    if ctx.stable is None or not (to_stable or ctx.fresh.born < ctx.stable.born):
        return False
    return to_stable or rollback_within_window(ctx) or (ctx.within_delay and ctx.spec.blue_green is not None)


def template_changed(ctx: Context) -> bool:
    """`CheckPodSpecChange`."""
    return bool(ctx.old.current) and ctx.old.current != ctx.fresh.hash


def base_status(ctx: Context) -> RolloutStatus:
    """The new status before anything strategy-specific (`calculateBaseStatus`)."""
    return RolloutStatus(
        stable=ctx.old.stable,
        current=ctx.fresh.hash,
        weights=ctx.weights,
        restarted_at=ctx.restarted_at,
        step_run=ctx.runs.get("step"),
        background_run=ctx.runs.get("background"),
        pre_run=ctx.runs.get("pre"),
        post_run=ctx.runs.get("post"),
    )


def reset(ctx: Context, status: RolloutStatus) -> RolloutStatus:
    """The status at the beginning of a new update (`resetRolloutStatus`).

    A restart that is due stays due: the controller marks it as done on a copy of the status that it does not write.
    """
    ctx.pauses_cleared = ctx.abort_removed = True
    index = 0 if ctx.spec.canary and ctx.canary.steps else None
    fresh = replace(status, index=index, checkpoint=False)
    return replace(fresh, step_run=None, background_run=None, pre_run=None, post_run=None)


def promote(ctx: Context, status: RolloutStatus) -> RolloutStatus:
    """The present version becomes the stable one (`promoteStable`)."""
    ctx.pauses_cleared = ctx.abort_removed = True
    index = len(ctx.canary.steps) or None if ctx.spec.canary else status.index
    return replace(status, stable=status.current, checkpoint=False, index=index)


def persist(ctx: Context, status: RolloutStatus) -> None:
    """Write the status: abort, pauses and phase come last (`persistRolloutStatus`)."""
    aborted = ctx.abort_added or (not ctx.abort_removed and ctx.old.aborted)
    status = replace(status, aborted=aborted)
    if not aborted and not ctx.pauses_cleared:
        status = _paused(ctx, status)
    status = replace(status, phase=_phase(ctx, status))
    if status != ctx.rollout.status:
        ctx.rollout.status = status
        ctx.edit.wrote()


def _paused(ctx: Context, status: RolloutStatus) -> RolloutStatus:
    kept = [pause for pause in ctx.old.pauses if pause[0] not in ctx.pauses_removed]
    known = {reason for reason, _ in ctx.old.pauses}
    added = [(reason, ctx.now) for reason in ctx.pauses_added if reason not in known]
    pauses = (*kept, *added)
    if not pauses:
        return status
    return replace(status, pauses=pauses, controller_pause=ctx.old.controller_pause or bool(added))


def _phase(ctx: Context, status: RolloutStatus) -> str:
    """`CalculateRolloutPhase`."""
    if status.aborted:
        return "Degraded"
    if ctx.spec.paused or status.pauses:
        return "Paused"
    restarting = ctx.spec.restart_at is not None and status.restarted_at != ctx.spec.restart_at
    updated = len(ctx.fresh.pods)
    active = next((one for one in ctx.sets if one.hash == status.active), None)
    counted = [active] if active and ctx.spec.blue_green else ctx.sets
    available = sum(ctx.available(one) for one in counted)
    if restarting or updated < ctx.replicas or available < updated or not status.stable or not fully_promoted(status):
        return "Progressing"
    if ctx.spec.blue_green and status.active != status.current:
        return "Progressing"
    if ctx.spec.canary and not ctx.canary.routing and sum(len(one.pods) for one in ctx.sets) > updated:
        return "Progressing"
    return "Healthy"
