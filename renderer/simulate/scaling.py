"""How a Rollout's ReplicaSets are scaled: counts, delays, older versions (`rollout/replicaset.go`, `canary.go`)."""

from __future__ import annotations

from math import inf

from renderer.rounding import (
    Pods,
    Routed,
    abort_weight,
    basic_canary_counts,
    canary_fenceposts,
    preview_count,
    routed_counts,
)
from renderer.simulate.context import Context, fully_promoted
from renderer.simulate.spec import BlueGreen, Step
from renderer.simulate.state import ReplicaSet, Weights


def scale(ctx: Context, one: ReplicaSet, count: int) -> bool:
    """Set a ReplicaSet's count; true where it changed (`scaleReplicaSet`)."""
    if one.wanted == count and one.desired == ctx.replicas:
        return False
    changed = one.wanted != count
    one.wanted, one.desired = count, ctx.replicas
    if count == 0 and not delay_on_abort(ctx):
        one.deadline = None
    ctx.edit.wrote()
    return changed


def set_weight_of(ctx: Context) -> int:
    """The weight of the last setWeight so far; 100 after the last step (`GetCurrentSetWeight`)."""
    if ctx.old.aborted:
        return 0
    if ctx.step is None:
        return 100
    return next((step.weight for step in _passed(ctx, "setWeight") if step.weight is not None), 0)


def _passed(ctx: Context, type_: str) -> list[Step]:
    """The steps of one type up to the present one, latest first."""
    until = ctx.canary.steps[: (ctx.index or 0) + 1]
    return [step for step in reversed(until) if step.type == type_]


def desired_weight(ctx: Context) -> int:
    """The weight that pods are counted for (`GetDesiredCanaryWeight`)."""
    if ctx.old.aborted and ctx.canary.dynamic and ctx.stable is not None:
        weights = tuple(
            step.weight for step in ctx.canary.steps if step.type == "setWeight" and step.weight is not None
        )
        return abort_weight(ctx.replicas, weights, ctx.available(ctx.fresh), ctx.available(ctx.stable))
    return set_weight_of(ctx)


def _canary_scale(ctx: Context) -> Step | None:
    """The setCanaryScale in force (`UseSetCanaryScale`)."""
    if not ctx.canary.routing or ctx.step is None or (ctx.old.aborted and ctx.spec.abort_delay is not None):
        return None
    last = next(iter(_passed(ctx, "setCanaryScale")), None)
    return None if last is None or last.match_weight else last


def counts(ctx: Context, weights: Weights | None) -> tuple[int, int]:
    """Pods that the new and the stable ReplicaSet should have."""
    weight, replicas = 100, None
    if ctx.old.stable and not fully_promoted(ctx.old):
        in_force = _canary_scale(ctx)
        replicas = in_force.replicas if in_force else None
        weight = in_force.weight if in_force and in_force.weight is not None else desired_weight(ctx)
    if ctx.canary.routing:
        live = weights.canary if weights else None
        capped = not ctx.edit.options.before_1_10
        facts = Routed(replicas, ctx.canary.min_pods, ctx.canary.dynamic, ctx.old.aborted, live, capped)
        return routed_counts(ctx.replicas, 0 if replicas is not None else weight, facts)
    fences = canary_fenceposts(ctx.canary.surge, ctx.canary.unavailable, ctx.replicas)
    old = sum(one.wanted for one in ctx.others)
    return basic_canary_counts(ctx.replicas, weight, fences, _pods(ctx, ctx.fresh), _stable_pods(ctx), old)


def _pods(ctx: Context, one: ReplicaSet) -> Pods:
    return Pods(one.wanted, ctx.available(one))


def _stable_pods(ctx: Context) -> Pods | None:
    """None where the new ReplicaSet is the stable one (`CheckStableRSExists`)."""
    return _pods(ctx, ctx.stable) if ctx.stable and ctx.stable is not ctx.fresh else None


def at_desired_counts(ctx: Context, weights: Weights | None) -> bool:
    """Whether the pods for the present step are there (`AtDesiredReplicaCountsForCanary`)."""
    want_new, want_stable = counts(ctx, weights)
    if not progressed(ctx, ctx.fresh, want_new):
        return False
    one = ctx.stable
    if not (ctx.canary.routing and ctx.canary.dynamic) and (
        one is None or one.wanted != want_stable or len(one.pods) != want_stable
    ):
        return False
    return bool(ctx.canary.routing) or not any(ctx.available(other) for other in ctx.others)


def progressed(ctx: Context, one: ReplicaSet, desired: int) -> bool:
    """All pods are available, or as many as replicaProgressThreshold asks for."""
    threshold, available = ctx.canary.threshold, ctx.available(one)
    if threshold is None or threshold.value < 0:
        return desired == one.wanted == available
    if threshold.percent:
        return desired == 0 or available / desired * 100 >= threshold.value - 1e-10
    return available >= threshold.value


def delay_on_abort(ctx: Context) -> bool:
    """Whether an aborted version keeps its pods for a while (`shouldDelayScaleDownOnAbort`)."""
    if not ctx.aborted or ctx.stable is None or ctx.spec.abort_delay is None:
        return False
    if ctx.spec.canary is None:
        return True
    return ctx.canary.routing is not None and (not ctx.canary.dynamic or ctx.spec.abort_delay_set)


def remove_deadlines(ctx: Context) -> None:
    """New and stable pods do not wait to be scaled down, except those of an aborted version."""
    for one in [*([] if delay_on_abort(ctx) else [ctx.fresh]), *([ctx.stable] if ctx.stable else [])]:
        one.deadline = None


def scale_new(ctx: Context) -> bool:
    """The new ReplicaSet (`reconcileNewReplicaSet`); true where it was scaled."""
    count = _preview_pods(ctx, ctx.spec.blue_green) if ctx.spec.blue_green else counts(ctx, ctx.weights)[0]
    if delay_on_abort(ctx):
        if ctx.fresh.deadline is None:
            _start_abort_delay(ctx)
            return False
        if ctx.fresh.deadline > ctx.now:
            ctx.fresh.desired = ctx.replicas
            return False
        count = 0
    return scale(ctx, ctx.fresh, count)


def _start_abort_delay(ctx: Context) -> None:
    ctx.fresh.desired = ctx.replicas
    if ctx.available(ctx.stable) >= ctx.replicas:
        ctx.fresh.deadline = ctx.now + ctx.spec.abort_delay if ctx.spec.abort_delay else None
        ctx.edit.world.writes += 1


def _preview_pods(ctx: Context, strategy: BlueGreen) -> int:
    active = next((one for one in ctx.sets if one.hash == ctx.old.active), None)
    return preview_count(
        ctx.replicas,
        strategy.preview_count,
        active=active is None or active is ctx.fresh,
        recorded=ctx.fresh.hash == ctx.old.current,
        paused=ctx.spec.paused or bool(ctx.old.pauses),
        past_checkpoint=ctx.old.checkpoint,
    )


def ready_for_pause(ctx: Context, strategy: BlueGreen) -> bool:
    """`ReadyForPause` of a BlueGreen."""
    return ctx.fresh.wanted == ctx.available(ctx.fresh) == _preview_pods(ctx, strategy)


def saturated(ctx: Context, one: ReplicaSet) -> bool:
    """All replicas are this ReplicaSet's, and available (`IsSaturated`)."""
    return one.wanted == one.desired == ctx.available(one) == ctx.replicas


def scale_down_delay(ctx: Context, one: ReplicaSet, counted: int, keep: int) -> tuple[int, int]:
    """(ReplicaSets that wait so far, pods of this one): old pods live on for a while (`scaleDownDelayHelper`)."""
    limit = ctx.spec.revision_limit if ctx.spec.revision_limit is not None else inf
    if one.deadline is None and one.wanted > 0:
        if counted >= limit:
            return counted, 0
        if ctx.spec.scale_down_delay:
            one.deadline = ctx.now + ctx.spec.scale_down_delay
            ctx.edit.world.writes += 1
        return counted + 1, one.wanted
    if one.deadline is not None:
        counted += 1
        if counted <= limit and one.deadline > ctx.now:
            return counted, keep
    return counted, 0


def referenced(ctx: Context, one: ReplicaSet) -> bool:
    """Whether a status, a Service or the DestinationRule still names the ReplicaSet (`isReplicaSetReferenced`)."""
    named = {ctx.old.stable, ctx.old.current, ctx.old.active, ctx.old.preview}
    if ctx.old.weights:
        named |= {ctx.old.weights.canary_hash, ctx.old.weights.stable_hash}
    world = ctx.edit.world
    if ctx.spec.blue_green:
        keys = (ctx.spec.blue_green.active, ctx.spec.blue_green.preview)
        named |= {world.services[key].hash for key in keys if key in world.services}
    else:
        keys = (ctx.canary.stable_service, ctx.canary.canary_service)
        named |= {world.services[key].hash for key in keys if key in world.services}
        if ctx.canary.routing and ctx.canary.routing.rule in world.rules:
            named |= {subset.hash for subset in world.rules[ctx.canary.routing.rule].subsets.values()}
    return one.hash in named


def scale_down_old_canaries(ctx: Context) -> bool:
    """ReplicaSets that are neither new nor stable (`scaleDownOldReplicaSetsForCanary`)."""
    old = [one for one in ctx.others if one.wanted]
    scaled = False
    for one in old:
        if one.wanted != ctx.available(one):
            scaled = scale(ctx, one, min(one.wanted, ctx.available(one))) or scaled
    _, unavailable = canary_fenceposts(ctx.canary.surge, ctx.canary.unavailable, ctx.replicas)
    most = sum(ctx.available(one) for one in ctx.sets) - (ctx.replicas - unavailable)
    if not old or most <= 0:
        return False
    waiting = 0
    for one in sorted(old, key=lambda one: one.revision, reverse=True):
        if most <= 0:
            break
        if one.wanted == 0 or (ctx.canary.routing and referenced(ctx, one)):
            continue
        waiting, count = _old_canary_pods(ctx, one, waiting, most)
        most -= one.wanted - count
        if count != one.wanted:
            scaled = scale(ctx, one, count) or scaled
    return scaled


def _old_canary_pods(ctx: Context, one: ReplicaSet, waiting: int, most: int) -> tuple[int, int]:
    if not ctx.canary.routing:
        return waiting, max(0, one.wanted - most)
    if not fully_promoted(ctx.old) and one.deadline is None:
        return waiting, 0  # a version in between: it gets no traffic
    if ctx.canary.dynamic:
        return waiting, 0
    return scale_down_delay(ctx, one, waiting, one.wanted)


def scale_down_old_previews(ctx: Context) -> bool:
    """The same for BlueGreen (`scaleDownOldReplicaSetsForBlueGreen`)."""
    scaled, waiting = False, 0
    for one in sorted(ctx.others, key=lambda one: one.revision, reverse=True):
        if one.wanted and not referenced(ctx, one):
            waiting, count = scale_down_delay(ctx, one, waiting, ctx.replicas)
            if count != one.wanted:
                scaled = scale(ctx, one, count) or scaled
    return scaled


def drop_history(ctx: Context) -> None:
    """Empty ReplicaSets beyond revisionHistoryLimit are deleted, oldest first."""
    extra = len(ctx.others) - ctx.spec.history
    gone = [one for one in ctx.others[: max(0, extra)] if not one.wanted and not one.pods]
    if gone:
        ctx.edit.world.sets = [one for one in ctx.edit.world.sets if one not in gone]
