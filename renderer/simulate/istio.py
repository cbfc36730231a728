"""Istio's traffic routing of a canary, to subsets or Services (`rollout/trafficrouting.go`, `trafficrouting/istio`)."""

from __future__ import annotations

from dataclasses import replace

from renderer.simulate.context import Context, fully_promoted
from renderer.simulate.record import Edit
from renderer.simulate.scaling import at_desired_counts, desired_weight, progressed, set_weight_of
from renderer.simulate.spec import Routing
from renderer.simulate.state import Destination, ReplicaSet, Rollout, Rule, Subset, VirtualService, Weights


def valid(edit: Edit, rollout: Rollout) -> bool:
    """Whether the VirtualService has the routes to both versions; without, the Rollout is Degraded (InvalidSpec)."""
    routing = rollout.spec.canary.routing if rollout.spec.canary else None
    if routing is None:
        return True
    service = edit.world.virtual_services.get(routing.virtual_service)
    routes = dict(service.routes) if service else {}
    names = routing.routes or tuple(routes)[:1]
    wanted = {routing.stable, routing.canary}
    return bool(names) and all(wanted <= {_version(routing, to) for to in routes.get(name, ())} for name in names)


def _version(routing: Routing, to: Destination) -> str:
    """What a destination is called in the Rollout: a subset, or a Service where there is no DestinationRule."""
    return to.subset if routing.rule else to.host


def reconcile_traffic(ctx: Context) -> bool:
    """Set hashes and weights; false where the controller gives up for this pass (`reconcileTrafficRouting`)."""
    routing = ctx.canary.routing
    if routing is None:
        ctx.weights = None
        return True
    canary_hash, weight = _desired(ctx, routing)
    if not _enough_stable(ctx, 100 - weight):
        return True
    if ctx.step and ctx.step.type == "setHeaderRoute" and ctx.fresh.revision > 1:
        _pin(ctx, routing, ctx.step.route, remove=ctx.step.removes)
    if not ctx.available(ctx.fresh) and ctx.old.weights and ctx.old.weights.canary > 0:
        _set_weight(ctx, routing, weight)
    stable_hash = ctx.stable.hash if ctx.stable else ""
    if not _update_hashes(ctx, routing, canary_hash, stable_hash):
        return False
    _set_weight(ctx, routing, weight)
    ctx.weights = Weights(weight, canary_hash, stable_hash)
    return True


def _desired(ctx: Context, routing: Routing) -> tuple[str, int]:
    """(What the canary's subset is, the canary's weight)."""
    before = rolling_back_from(ctx)
    if before:
        return before, _weight_on_rollback(ctx)
    if fully_promoted(ctx.old):
        _unpin(ctx, routing)
        return ctx.fresh.hash, 0
    if ctx.aborted:
        weight = _weight_on_rollback(ctx)
        _unpin(ctx, routing)
        return ctx.fresh.hash, weight
    if not ctx.available(ctx.fresh):
        _unpin(ctx, routing)
        return ctx.fresh.hash, 0
    if ctx.index is None:
        return ctx.fresh.hash, 0
    if not at_desired_counts(ctx, None):
        return ctx.fresh.hash, _weight_before(ctx)
    return ctx.fresh.hash, set_weight_of(ctx)


def _weight_before(ctx: Context) -> int:
    """The weight of the last setWeight before the present step: its pods are not there yet."""
    before = ctx.canary.steps[: ctx.index or 0]
    return next((step.weight for step in reversed(before) if step.weight is not None and step.type == "setWeight"), 0)


def rolling_back_from(ctx: Context) -> str:
    """The version that traffic leaves slowly with dynamicStableScale (`IsDynamicallyRollingBackToStable`)."""
    weights = ctx.old.weights
    if not fully_promoted(ctx.old) or not ctx.canary.dynamic or weights is None:
        return ""
    if weights.canary_hash == ctx.fresh.hash or ctx.available(ctx.fresh) >= ctx.replicas:
        return ""
    return weights.canary_hash


def _weight_on_rollback(ctx: Context) -> int:
    """`calculateDesiredWeightOnAbortOrStableRollback`."""
    if not ctx.canary.dynamic or ctx.stable is None or not ctx.replicas:
        return 0
    desired = desired_weight(ctx)
    served = 100 * ctx.available(ctx.stable) // ctx.replicas
    expected = max(0, 100 - served)
    if ctx.old.weights is None:
        return max(expected, desired)
    live = ctx.old.weights.canary
    if desired <= 0:
        return min(expected, live)
    return live if served < 100 - desired else min(desired, live)


def _enough_stable(ctx: Context, weight: int) -> bool:
    """Whether the stable pods can take their part (`checkReplicasAvailable`)."""
    if ctx.stable is None:
        return False
    needed = weight * ctx.replicas // 100
    return ctx.available(ctx.stable) >= needed or progressed(ctx, ctx.stable, needed)


def _update_hashes(ctx: Context, routing: Routing, canary: str, stable: str) -> bool:
    """Point the subsets at the versions; false while one of them has too few available pods (`UpdateHash`)."""
    if not routing.rule:
        return True
    rule = ctx.edit.world.rules.get(routing.rule)
    if rule is None or any(_delays(ctx, one, canary, stable) for one in ctx.sets):
        return False
    hashes = {routing.canary: canary, routing.stable: stable}
    subsets = {name: Subset(rule.subsets[name].labels, hashes[name]) for name in rule.subsets if name in hashes}
    _write_rule(ctx.edit, routing.rule, Rule(rule.host, subsets, ctx.rollout.key))
    return True


def _delays(ctx: Context, one: ReplicaSet, canary: str, stable: str) -> bool:
    """`shouldDelayDestinationRuleUpdate`."""
    if not one.wanted or one.hash not in (canary, stable):
        return False
    if one.hash == canary and (ctx.old.aborted or rolling_back_from(ctx)):
        return False
    return ctx.available(one) < one.wanted


def _set_weight(ctx: Context, routing: Routing, weight: int) -> None:
    service = ctx.edit.world.virtual_services[routing.virtual_service]
    names = routing.routes or (service.routes[0][0],)
    weights = {routing.canary: weight, routing.stable: 100 - weight}
    routes = tuple(
        (
            name,
            tuple(to._replace(weight=weights[each]) for to in tos if (each := _version(routing, to)) in weights)
            if name in names
            else tos,
        )
        for name, tos in service.routes
    )
    _write_service(ctx, routing, replace(service, routes=routes))


def _pin(ctx: Context, routing: Routing, name: str, *, remove: bool) -> None:
    service = ctx.edit.world.virtual_services[routing.virtual_service]
    others = tuple(other for other in service.managed if other != name)
    _write_service(ctx, routing, replace(service, managed=others if remove else (*others, name)))


def _unpin(ctx: Context, routing: Routing) -> None:
    """Managed routes go: those of the Rollout's list, and since 1.10 those of its steps (`RemoveManagedRoutes`)."""
    service = ctx.edit.world.virtual_services[routing.virtual_service]
    of_steps = () if ctx.edit.options.before_1_10 else tuple(step.route for step in ctx.canary.steps)
    gone = {*routing.managed, *of_steps}
    _write_service(ctx, routing, replace(service, managed=tuple(n for n in service.managed if n not in gone)))


def _write_service(ctx: Context, routing: Routing, service: VirtualService) -> None:
    services = ctx.edit.world.virtual_services
    if services[routing.virtual_service] != service:
        services[routing.virtual_service] = service
        ctx.edit.wrote()


def _write_rule(edit: Edit, key: str, rule: Rule) -> None:
    if edit.world.rules[key] != rule:
        edit.world.rules[key] = rule
        edit.wrote()


def release_rules(edit: Edit) -> None:
    """A DestinationRule that no Rollout names any more loses the hashes (`syncDestinationRule`)."""
    for key, rule in edit.world.rules.items():
        rollout = edit.world.rollouts.get(rule.manager)
        routing = rollout.spec.canary.routing if rollout and rollout.spec.canary else None
        if rule.manager and (routing is None or routing.rule != key):
            _write_rule(edit, key, Rule(rule.host, {name: Subset(s.labels) for name, s in rule.subsets.items()}))
