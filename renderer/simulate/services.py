"""The hash of a ReplicaSet in a Service's selector, which the Rollouts controller writes (`rollout/service.go`)."""

from __future__ import annotations

from dataclasses import replace

from renderer.simulate.context import Context
from renderer.simulate.record import Edit
from renderer.simulate.spec import RolloutSpec
from renderer.simulate.state import Service


def switch_service(ctx: Context, key: str, template_hash: str) -> None:
    """Let the Service select the pods of one ReplicaSet alone."""
    services = ctx.edit.world.services
    switched = replace(services[key], hash=template_hash, manager=ctx.rollout.key)
    if services[key] != switched:
        services[key] = switched
        ctx.edit.wrote()


def reconcile_stable_service(ctx: Context) -> None:
    """The stable Service of a canary: adopted when all stable pods are available, moved when one is."""
    key, stable = ctx.canary.stable_service, ctx.stable
    if not key or stable is None or key not in ctx.edit.world.services:
        return
    available, is_adopted = ctx.available(stable), bool(ctx.edit.world.services[key].manager)
    if available and (is_adopted or available >= stable.wanted):
        switch_service(ctx, key, stable.hash)


def _named(spec: RolloutSpec) -> tuple[str, ...]:
    if spec.blue_green:
        return (spec.blue_green.active, spec.blue_green.preview)
    return (spec.canary.stable_service,) if spec.canary else ()


def release_services(edit: Edit) -> None:
    """A Service that no Rollout names any more loses the hash (`service/service.go`)."""
    for key, service in edit.world.services.items():
        rollout = edit.world.rollouts.get(service.manager)
        if service.hash and (rollout is None or key not in _named(rollout.spec)):
            edit.world.services[key] = Service(service.selector)
            edit.wrote()
