"""The hash of a ReplicaSet in a Service's selector, which the Rollouts controller writes (`rollout/service.go`)."""

from __future__ import annotations

from dataclasses import replace

from renderer.simulate.context import Context
from renderer.simulate.istio import rolling_back_from
from renderer.simulate.record import Edit
from renderer.simulate.spec import RolloutSpec
from renderer.simulate.state import ReplicaSet, Service


def switch_service(ctx: Context, key: str, template_hash: str) -> None:
    """Let the Service select the pods of one ReplicaSet alone."""
    services = ctx.edit.world.services
    switched = replace(services[key], hash=template_hash, manager=ctx.rollout.key)
    if services[key] != switched:
        services[key] = switched
        ctx.edit.wrote()


def reconcile_services(ctx: Context) -> None:
    """The Services of a canary (`reconcileStableAndCanaryService`)."""
    _lead_to(ctx, ctx.canary.stable_service, ctx.stable)
    if ctx.aborted and not ctx.canary.routing:
        _lead_to(ctx, ctx.canary.canary_service, ctx.stable)
    elif not rolling_back_from(ctx):
        _lead_to(ctx, ctx.canary.canary_service, ctx.fresh)


def _lead_to(ctx: Context, key: str, version: ReplicaSet | None) -> None:
    """Let a Service select a version: adopted when all of its pods are available, moved when one is."""
    if version is None or key not in ctx.edit.world.services:
        return
    available, is_adopted = ctx.available(version), bool(ctx.edit.world.services[key].manager)
    if available and (is_adopted or available >= version.wanted):
        switch_service(ctx, key, version.hash)


def _named(spec: RolloutSpec) -> tuple[str, ...]:
    if spec.blue_green:
        return (spec.blue_green.active, spec.blue_green.preview)
    return (spec.canary.stable_service, spec.canary.canary_service) if spec.canary else ()


def release_services(edit: Edit) -> None:
    """A Service that no Rollout names any more loses the hash (`service/service.go`)."""
    for key, service in edit.world.services.items():
        rollout = edit.world.rollouts.get(service.manager)
        if service.hash and (rollout is None or key not in _named(rollout.spec)):
            edit.world.services[key] = Service(service.selector)
            edit.wrote()
