"""Rules over a change under a canary in flight: edits that no verb makes, and that throw its share off on the way.

A rule's docstring is its manual page.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from renderer.plan.side import Side, workload
from renderer.plan.strays import strays
from renderer.problem import Severity
from renderer.rules.finding import Finding
from renderer.spec import Canary


def steps_in_flight(old: Side, new: Side) -> Iterator[Finding]:
    """The step list of a canary in flight changes, but not its weight: a ladder, or pinned headers.

    The controller starts a changed list again from its first step. If that is not the live weight, the share moves
    there first (with router istio, it falls to 0 before that).
    Source: measured on Argo Rollouts 1.9 and 1.10.
    Do: change a ladder between two releases; for headers, `rollspec retry APP` first: then the list begins there.
    """
    was, now = _both(old, new)
    if was is None or now is None or old.steps == new.steps:
        return
    severity: Severity = "error" if new.app.strategy.is_routed else "warning"
    if was.weight is None or now.weight is None:
        message = (
            "the ladder changes under the canary, which starts again from the first step: `rollspec promote "
            f"{new.named}` or `rollspec abort {new.named}` first, or change it after this release"
        )
        pointer = "/spec/strategy/steps" if now.weight is None else "/spec/canary/weight"
        yield _finding("steps-in-flight", message, pointer, severity)
    elif was == now and now.from_weight not in (None, now.weight):
        message = (
            f"the step list changes, so it starts again from {now.from_weight} %, and the live weight is {now.weight}: "
            f"`rollspec retry {new.named}` first, sync, then this change"
        )
        yield _finding("steps-in-flight", message, _routing_pointer(old, new), severity)


def scale_in_step(old: Side, new: Side) -> Iterator[Finding]:
    """The number of pods changes in the same step as the canary's weight (router istio).

    The controller scales first, by the new list at the old step's index, then starts the list again, finds other pods
    than its first step needs, and sets the weight to 0 until they are Ready. Where the simulation of the same edit
    shows no such fall, it is a note: in 1 of 12 runs of the lab the share fell nevertheless, for half a second.
    Source: measured on Argo Rollouts 1.9 and 1.10.
    Do: two commits, synced one after the other: the number of pods, and the weight.
    """
    canary = old.app.canary
    if canary is None or canary.weight == 0 or old.running != new.running or old.steps == new.steps:
        return
    if not (old.app.strategy.is_routed and new.app.strategy.is_routed) or _pods(old) == _pods(new):
        return
    seen = strays(old, new)
    what = "its share can fall to 0 until they are Ready" if seen else "in the simulation its share does not fall"
    message = (
        f"the number of pods changes together with the canary's steps: {what}; "
        f"change the number, sync, then {_step(canary, new)}"
    )
    replicas = old.app.spec.get("replicas") != new.app.spec.get("replicas")
    severity: Severity = "error" if seen else "note"
    yield _finding("scale-in-step", message, "/spec/replicas" if replicas else "/spec/strategy", severity)


def _step(was: Canary, new: Side) -> str:
    """What the change of the step list is by itself."""
    now = new.app.canary
    if now is None:
        return f"`rollspec promote {new.named}`"
    if now.weight is None:
        return "the steps"
    if now.weight == was.weight:
        return f"`rollspec retry {new.named}`"
    return f"`rollspec weight {new.app.name} {now.weight} --env {new.app.env}`"


def headers_in_flight(old: Side, new: Side) -> Iterator[Finding]:
    """`istio.canaryHeaders` are removed while a canary is in flight, or in the change that ends it.

    The controller removes its managed route only while the Rollout lists it. Pinned requests would reach the next
    canary too, before one of its pods is Ready.
    Source: Argo Rollouts (`RemoveManagedRoutes`), measured on 1.9 and 1.10.
    Do: `rollspec promote` or `rollspec abort` first, then remove them.
    """
    canary, strategies = old.app.canary, (old.app.strategy, new.app.strategy)
    if canary is None or not all(strategy.is_routed for strategy in strategies):
        return
    if _headers(old) and not _headers(new):
        message = (
            f"the route of pinned requests would stay when `canaryHeaders` go: `rollspec promote {new.named}` or "
            f"`rollspec abort {new.named}` first, sync, then take them out"
        )
        yield _finding("headers-in-flight", message, "/spec/istio")


def routes_in_flight(old: Side, new: Side) -> Iterator[Finding]:
    """The VirtualService or the DestinationRule changes under a canary (router istio); a label of theirs is enough.

    Applying it sets the weights back to 100 and 0 and removes the subsets' hashes. The controller corrects this within
    10 to 80 ms, or when it runs again. A route for pinned requests does not come back before the next step list. Where
    the names or numbers of the routes change (ports), the Rollout is invalid until it is applied.
    Source: measured on Argo Rollouts 1.10 and Argo CD 3.6.
    Do: `rollspec promote` or `rollspec abort` first.
    """
    canary = old.app.canary
    if canary is None or old.running != new.running or not (old.app.strategy.is_routed and new.app.strategy.is_routed):
        return
    if (old.app.namespace, old.app.selector) != (new.app.namespace, new.app.selector):
        return  # other objects: `identity-changed`
    moves = routing(old)["VirtualService"] != routing(new)["VirtualService"]
    first = f"`rollspec promote {new.named}` or `rollspec abort {new.named}` first"
    renamed = old.app.ports != new.app.ports
    pointer = "/spec/ports" if renamed else "/spec/istio"
    if moves and _headers(old):
        message = f"the routes change, and the route for pinned requests is missing until the next step list: {first}"
        yield _finding("routes-in-flight", message, pointer)
    elif moves and canary.weight != 0:
        long = "until the Rollout is applied too" if renamed else "until the controller corrects it"
        message = f"the routes change, and the canary's share falls to 0 {long}: {first}"
        yield _finding("routes-in-flight", message, pointer, "error" if renamed else "warning")
    elif routing(old)["DestinationRule"] != routing(new)["DestinationRule"]:
        message = f"the subsets lead to pods of both versions until the controller corrects it: {first}"
        yield _finding("routes-in-flight", message, pointer, "warning")


def routing(side: Side) -> dict[str, Any]:
    """The VirtualService and the DestinationRule as they are applied; None for one that is not there."""
    kinds: dict[str, Any] = {"VirtualService": None, "DestinationRule": None}
    own = side.app.strategy.own_routes
    named = {kind: (own.get(f"{kind[0].lower()}{kind[1:]}") or {}).get("name", side.app.name) for kind in kinds}
    return kinds | {each.kind: each.data for each in side.manifests if named.get(each.kind) == each.name}


def _finding(rule: str, message: str, pointer: str, severity: Severity = "error") -> Finding:
    return Finding(rule, message, pointer, severity=severity)


def _both(old: Side, new: Side) -> tuple[Canary | None, Canary | None]:
    """The canary before and after, where it is the same version in the same strategy."""
    was, now = old.app.strategy, new.app.strategy
    is_one_version = old.running == new.running and (was.type, was.router) == (now.type, now.router)
    return (old.app.canary, new.app.canary) if is_one_version else (None, None)


def _pods(side: Side) -> tuple[Any, Any]:
    """What the controller counts pods by."""
    spec = workload(side.app, side.manifests).get("spec", {})
    return spec.get("replicas"), side.app.strategy.fields.get("minPodsPerReplicaSet")


def _headers(side: Side) -> Any:
    return side.app.spec.get("istio", {}).get("canaryHeaders")


def _routing_pointer(old: Side, new: Side) -> str:
    return "/spec/istio" if _headers(old) != _headers(new) else "/spec/strategy"
