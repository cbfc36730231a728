"""Who gets which part of the traffic: from VirtualServices, DestinationRules, Services and the pods behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from renderer.manifest import ROLLOUT_HASH
from renderer.simulate.state import Destination, ReplicaSet, World


class Traffic(NamedTuple):
    """Percent by version, whether some requests find no Ready pod, and who gets the pinned ones."""

    share: Mapping[str, float]
    unserved: bool
    pinned: str | None


def traffic(world: World) -> Traffic:
    """The traffic now. Without a Service (a queue worker) each Ready pod takes the same part of the work."""
    destinations = _destinations(world)
    if not destinations:
        return Traffic(_by_pods(world, world.sets), False, None)
    total = sum(d.weight for d in destinations)
    share: dict[str, float] = {}
    unserved = False
    for destination in destinations:
        parts, served = _parts(world, destination)
        unserved = unserved or not served
        for version, part in parts.items():
            share[version] = share.get(version, 0.0) + part * destination.weight / total
    pinned, pinned_served = _pinned(world)
    return Traffic({name: _tidy(share[name]) for name in sorted(share)}, unserved or not pinned_served, pinned)


def _destinations(world: World) -> list[Destination]:
    """Where requests without the pinned header go: by the first VirtualService, else the Service that serves."""
    for key in sorted(world.virtual_services):
        routes = world.virtual_services[key].routes
        if routes:
            return [d for d in _main_route(world, key, routes) if d.weight > 0]
    key = _entry(world)
    return [Destination(key, "", 100)] if key else []


def _main_route(
    world: World, key: str, routes: tuple[tuple[str, tuple[Destination, ...]], ...]
) -> tuple[Destination, ...]:
    """The route that a Rollout splits, else the last one: routes with a match come before the one for all requests."""
    split = {name for ro in world.rollouts.values() for name in _split_by(ro.spec.canary, key)}
    return next((to for name, to in routes if name in split), routes[-1][1])


def _split_by(canary: object, key: str) -> tuple[str, ...]:
    routing = getattr(canary, "routing", None)
    return routing.routes if routing and routing.virtual_service == key else ()


def _entry(world: World) -> str:
    """The Service that users call: a BlueGreen's active one, else the first of no preview and no canary."""
    blue_greens = [ro.spec.blue_green for ro in world.rollouts.values() if ro.spec.blue_green]
    active = [bg.active for bg in blue_greens if bg.active in world.services]
    previews = {bg.preview for bg in blue_greens}
    previews |= {ro.spec.canary.canary_service for ro in world.rollouts.values() if ro.spec.canary}
    others = [key for key in sorted(world.services, key=lambda key: (len(key), key)) if key not in previews]
    return next(iter([*active, *others]), "")


def _parts(world: World, destination: Destination) -> tuple[Mapping[str, float], bool]:
    """Percent of this destination's traffic by version, and whether any pod answers it."""
    service = world.services.get(destination.host)
    if service is None:
        return {}, False
    if not destination.subset:
        behind = [one for one in world.sets if _behind(one, service.selector, service.hash)]
        return _served(world, behind)
    rule = next((rule for rule in world.rules.values() if rule.host == destination.host), None)
    subset = rule.subsets.get(destination.subset) if rule else None
    if subset is None:
        return {}, False
    found = [one for one in world.sets if _behind(one, service.selector, service.hash)]
    behind = [one for one in found if _behind(one, subset.labels, subset.hash)]
    if subset.hash in world.names:  # a subset that names a version is that version's, Ready or not
        return {world.names[subset.hash]: 100.0}, any(one.ready(world.now) for one in behind)
    return _served(world, behind)


def _behind(one: ReplicaSet, labels: Mapping[str, str], template_hash: str) -> bool:
    """Whether the pods have these labels; the hash label is a Rollout's alone."""
    if template_hash and (one.hash != template_hash or not one.owner.startswith("Rollout ")):
        return False
    return all(one.labels.get(name) == value for name, value in labels.items() if name != ROLLOUT_HASH)


def _served(world: World, behind: Iterable[ReplicaSet]) -> tuple[Mapping[str, float], bool]:
    parts = _by_pods(world, behind)
    return parts, bool(parts)


def _by_pods(world: World, sets: Iterable[ReplicaSet]) -> Mapping[str, float]:
    """Percent by version when each Ready pod gets the same."""
    ready: Counter[str] = Counter()
    for one in sets:
        ready[one.version] += one.ready(world.now)
    total = ready.total()
    return {version: _tidy(100 * ready[version] / total) for version in sorted(ready) if ready[version]}


def _pinned(world: World) -> tuple[str | None, bool]:
    """The version that pinned requests go to, and whether it answers them."""
    for rollout in world.rollouts.values():
        routing = rollout.spec.canary.routing if rollout.spec.canary else None
        service = world.virtual_services.get(routing.virtual_service) if routing else None
        if routing and service and service.managed and service.routes:
            host = service.routes[-1][1][0].host if routing.rule else routing.canary
            parts, served = _parts(world, Destination(host, routing.canary if routing.rule else "", 100))
            return next(iter(parts), None), served
    return None, True


def _tidy(value: float) -> float:
    return round(value, 9)
