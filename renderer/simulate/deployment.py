"""The Deployment controller of Kubernetes 1.34 (`pkg/controller/deployment`): RollingUpdate, Recreate, scaling."""

from __future__ import annotations

from renderer.rounding import fenceposts
from renderer.simulate.pods import add_set
from renderer.simulate.record import Edit
from renderer.simulate.state import Deployment, ReplicaSet


def deployments(edit: Edit) -> None:
    """One pass over all Deployments."""
    for deployment in edit.world.deployments.values():
        _sync(edit, deployment)
        _phase(edit, deployment)


def deployment_owner(deployment: Deployment) -> str:
    """The owner of its ReplicaSets."""
    return f"Deployment {deployment.key}"


def _sync(edit: Edit, deployment: Deployment) -> None:
    sets = edit.world.sets_of(deployment_owner(deployment))
    fresh = next((one for one in sets if one.hash == deployment.spec.template.hash), None)
    old = [one for one in sets if one is not fresh]
    if deployment.spec.paused or any(one.wanted and one.desired != deployment.replicas for one in sets):
        _scale(edit, deployment, fresh, old)
    elif deployment.spec.recreate:
        _recreate(edit, deployment, fresh, old)
    else:
        _roll(edit, deployment, fresh, old)


def _new_set(edit: Edit, deployment: Deployment, old: list[ReplicaSet]) -> ReplicaSet:
    """The ReplicaSet of the present template: the revision after all others."""
    template = deployment.spec.template
    version = edit.world.names[template.hash]
    fresh = ReplicaSet(
        deployment_owner(deployment), template.hash, version, template.labels, 0, deployment.spec.min_ready
    )
    fresh.revision = 1 + max((one.revision for one in old), default=0)
    return add_set(edit, fresh)


def _set(edit: Edit, deployment: Deployment, one: ReplicaSet, count: int) -> bool:
    """Scale one ReplicaSet; true where its count changed."""
    if one.wanted == count and one.desired == deployment.replicas:
        return False
    changed = one.wanted != count
    one.wanted, one.desired = count, deployment.replicas
    edit.wrote()
    return changed


def _roll(edit: Edit, deployment: Deployment, fresh: ReplicaSet | None, old: list[ReplicaSet]) -> None:
    if fresh is None:
        fresh = _new_set(edit, deployment, old)
    fresh.min_ready = deployment.spec.min_ready
    surge, unavailable = fenceposts(deployment.spec.surge, deployment.spec.unavailable, deployment.replicas)
    total = fresh.wanted + sum(one.wanted for one in old)
    room = max(0, deployment.replicas + surge - total)
    count = min(fresh.wanted + room, deployment.replicas)
    if _set(edit, deployment, fresh, count):
        return
    _drain(edit, deployment, fresh, old, deployment.replicas - min(unavailable, deployment.replicas))


def _drain(edit: Edit, deployment: Deployment, fresh: ReplicaSet, old: list[ReplicaSet], least: int) -> None:
    """Take pods from the old ReplicaSets: those that are not available first, then as many as may go."""
    now = edit.world.now
    total = fresh.wanted + sum(one.wanted for one in old)
    spare = total - least - (fresh.wanted - fresh.available(now))
    if spare <= 0:
        return
    for one in sorted(old, key=lambda one: one.born):
        unhealthy = min(spare, one.wanted - one.available(now))
        if one.wanted and unhealthy > 0:
            spare -= unhealthy
            _set(edit, deployment, one, one.wanted - unhealthy)
    spare = fresh.available(now) + sum(min(one.wanted, one.available(now)) for one in old) - least
    for one in sorted(old, key=lambda one: one.born):
        gone = min(one.wanted, spare)
        if gone > 0:
            spare -= gone
            _set(edit, deployment, one, one.wanted - gone)


def _recreate(edit: Edit, deployment: Deployment, fresh: ReplicaSet | None, old: list[ReplicaSet]) -> None:
    scaled = [_set(edit, deployment, one, 0) for one in old if one.wanted]
    if any(scaled) or any(one.pods for one in old):
        return
    fresh = fresh or _new_set(edit, deployment, old)
    _set(edit, deployment, fresh, deployment.replicas)


def _scale(edit: Edit, deployment: Deployment, fresh: ReplicaSet | None, old: list[ReplicaSet]) -> None:
    """Another number of replicas: in proportion where several ReplicaSets have pods."""
    sets = [*old, *([fresh] if fresh else [])]
    latest = fresh or max(sets, key=lambda one: one.born, default=None)
    active = [one for one in sets if one.wanted] or ([latest] if latest else [])
    if len(active) == 1:
        _set(edit, deployment, active[0], deployment.replicas)
    elif fresh and _saturated(edit, deployment, fresh):
        for one in active:
            if one is not fresh:
                _set(edit, deployment, one, 0)
    elif active and not deployment.spec.recreate:
        _in_proportion(edit, deployment, active)


def _saturated(edit: Edit, deployment: Deployment, fresh: ReplicaSet) -> bool:
    return fresh.wanted == fresh.desired == fresh.available(edit.world.now) == deployment.replicas


def _in_proportion(edit: Edit, deployment: Deployment, active: list[ReplicaSet]) -> None:
    to_add = _most(deployment, deployment.replicas) - sum(one.wanted for one in active)
    ordered = sorted(active, key=lambda one: (-one.wanted, -one.born if to_add > 0 else one.born))
    added, sizes = 0, []
    for one in ordered:
        part = _part(one, deployment, to_add, added)
        added += part
        sizes.append(one.wanted + part)
    if to_add:
        sizes[0] = max(0, sizes[0] + to_add - added)
    for one, size in zip(ordered, sizes, strict=True):
        _set(edit, deployment, one, size)


def _most(deployment: Deployment, replicas: int) -> int:
    """Pods that a rolling update of so many replicas may have."""
    return replicas + fenceposts(deployment.spec.surge, deployment.spec.unavailable, replicas)[0] if replicas else 0


def _part(one: ReplicaSet, deployment: Deployment, to_add: int, added: int) -> int:
    """How many of the pods to add (or to take) this ReplicaSet gets (`GetReplicaSetProportion`)."""
    if not one.wanted or not to_add or to_add == added:
        return 0
    before, after = _most(deployment, one.desired), _most(deployment, deployment.replicas)
    fraction = int(one.wanted * after / before + 0.5) - one.wanted if after else -one.wanted
    left = to_add - added
    return min(fraction, left) if to_add > 0 else max(fraction, left)


def _phase(edit: Edit, deployment: Deployment) -> None:
    now, sets = edit.world.now, edit.world.sets_of(deployment_owner(deployment))
    updated = sum(len(one.pods) for one in sets if one.hash == deployment.spec.template.hash)
    others = sum(len(one.pods) for one in sets if one.hash != deployment.spec.template.hash)
    available = sum(one.available(now) for one in sets)
    done = updated == deployment.replicas and not others and available >= updated
    phase = "Paused" if deployment.spec.paused else "Healthy" if done else "Progressing"
    if phase != deployment.phase:
        deployment.phase = phase
        edit.wrote()
