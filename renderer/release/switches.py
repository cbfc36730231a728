"""Changes of strategy and router, in stages that the real engines carried out without a dip in measurements."""

from __future__ import annotations

from typing import Any

from renderer.facts import fields
from renderer.release.fold import ABSENT
from renderer.release.outcome import Outcome, Refusal, Spec, Wanted
from renderer.release.refusals import SWITCHING
from renderer.release.state import in_flight
from renderer.spec import Strategy, strategy_of


def fields_for(type_: str, *, routed: bool = True) -> frozenset[str]:
    """The fields that a strategy of this type may have; some need a router that sets weights."""
    return frozenset(
        name
        for name, facts in fields("Strategy").items()
        if type_ in facts["x-rollspec-strategies"] and (routed or not facts.get("x-rollspec-routed"))
    )


def switch(spec: Spec, to: str, router: str | None, *, one_commit: bool = False) -> Outcome:
    """The first stage of a switch to strategy `to`.

    `one_commit`: Argo CD prunes last, so a single commit may replace a Deployment by a Rollout or the reverse.
    """
    now = strategy_of(spec.get("strategy", {}))
    target = strategy_of(_target(now, to, router))
    refusal = _refusal(spec, now, target)
    if refusal:
        return refusal
    if now.type == "Canary" and target.type == "BlueGreen":
        between = _between(now) if now.is_routed else now
        after = _afterwards(spec, now, between).get("migration", {}) if now.is_routed else {"after": dict(now.fields)}
        return {**_to(between), "migration": {"to": dict(target.fields), **after}}
    if now.is_rollout == target.is_rollout:
        return {**_to(target), **_afterwards(spec, now, target)}
    if now.type == "BlueGreen":
        return {**_to(_between(now)), "migration": {"to": dict(target.fields)}}
    if one_commit:
        return {**_to(target), **_afterwards(spec, now, target)}
    return {**_to(target), "migration": {"from": dict(now.fields) or {"type": "RollingUpdate"}}}


def go_on(spec: Spec) -> Outcome:
    """The next stage of a switch."""
    stage = spec.get("migration")
    if not stage:
        return Refusal("no switch is under way: `switch APP --to STRATEGY` starts one")
    if spec.get("paused"):
        return Refusal("the app is paused, and its new workload may have no pod yet: `resume` first")
    if "to" in stage:
        now, target = strategy_of(spec.get("strategy", {})), strategy_of(stage["to"])
        return {**_to(target), "migration": ABSENT if target.is_rollout else {"from": dict(now.fields)}}
    if "from" in stage:
        now = strategy_of(spec.get("strategy", {}))
        return {"migration": ABSENT, **_afterwards(spec, strategy_of(stage["from"]), now)}
    return {"migration": ABSENT}


def take_back(spec: Spec) -> Outcome:
    """The strategy before the present switch, with those of its fields that the stage has kept.

    A switch from a Deployment to a BlueGreen passes through a Canary: go back twice. A switch from a BlueGreen to a
    Deployment passes through a Canary with a stable Service: use `--continue` there.
    """
    stage = spec.get("migration")
    now = strategy_of(spec.get("strategy", {}))
    if not stage:
        return Refusal("no switch is under way: `switch APP --to STRATEGY` starts one")
    if spec.get("paused"):
        return Refusal("the app is paused, and its new workload may have no pod yet: `resume` first")
    if "from" in stage:
        before = strategy_of(stage["from"])
        if now.type == "BlueGreen" and not before.is_rollout:
            return _to(_between(now))  # then once again: see `_between`
    elif "to" in stage and strategy_of(stage["to"]).type == "BlueGreen":
        before = strategy_of(stage["after"] if "after" in stage else _target(now, "Canary", "istio"))
    elif "to" in stage:
        return {"migration": {"to": dict(_target(now, "BlueGreen", None)), "after": dict(now.fields)}}
    else:
        return Refusal(
            f"the switch to {now.type} is done except for the previous strategy's routes: `switch --continue`, and "
            "once that is synced `switch --to STRATEGY`"
        )
    return {"migration": ABSENT, **_to(before), **_afterwards(spec, now, before)}


def _afterwards(spec: Spec, now: Strategy, target: Strategy) -> Wanted:
    """A DestinationRule that stays keeps its subsets one stage longer than the routes to them."""
    stays = "trafficPolicy" in spec.get("istio", {})
    if not (now.is_routed and stays and not target.is_routed):
        return {}
    return {"migration": {"after": dict(now.fields)}}


def _to(target: Strategy) -> Wanted:
    return {"strategy": dict(target.fields)}


def _target(now: Strategy, to: str, router: str | None) -> dict[str, Any]:
    """The strategy's own fields stay if the new type has them."""
    by = router or (now.router if now.type == "Canary" else "replica")
    known = fields_for(to, routed=to != "Canary" or by != "replica") - {"type", "router"}
    kept = {key: value for key, value in now.fields.items() if key in known}
    if to != "Canary" or by == "replica":
        return {"type": to, **kept}
    return {"type": to, "router": by, **kept}


def _between(now: Strategy) -> Strategy:
    """A Canary by replicas comes between a BlueGreen and a Deployment, and between a Canary by Istio and a BlueGreen.

    It removes the hash from the Service's selector, and the weights from the Rollout's status, which would keep the
    present pods forever. Before a BlueGreen, the Service selects only the stable pods: if the Service has no hash and
    the last promotion has not finished, the controller of a BlueGreen stops the pods that serve.
    """
    return strategy_of(_target(now, "Canary", "replica"))


def _refusal(spec: Spec, now: Strategy, target: Strategy) -> Refusal | None:
    flight = in_flight(spec)
    if "migration" in spec:
        return Refusal(SWITCHING)
    if flight:
        return Refusal(f"a {flight} is in flight: `promote` or `abort` it first")
    if spec.get("paused"):
        return Refusal("the app is paused: `resume` first")
    if (now.type, now.router) == (target.type, target.router):
        by = f" with router {now.router}" if now.type == "Canary" else ""
        return Refusal(f"the strategy is already {now.type}{by}")
    if not target.by_istio and "canaryHeaders" in spec.get("istio", {}):
        return Refusal("only router istio pins requests by header: remove `istio.canaryHeaders` first")
    if target.is_rollout and not spec.get("ports") and not (target.type == "Canary" and _serves_nothing(spec, target)):
        return Refusal(f"{target.type} needs a port: add one to `ports` first; the Service is added automatically")
    if now.is_rollout != target.is_rollout and "autoscaling" in spec:
        return Refusal(
            "a new workload with an autoscaler begins with one pod: replace `autoscaling` by `replicas` for the switch"
            ", at least as many as `kubectl get hpa` shows"
        )
    if now.is_rollout != target.is_rollout and spec.get("replicas") == "external":
        return Refusal(
            "a new workload with external replicas begins with one pod, and its scaler still names the old one: give "
            "`replicas` a number for the switch, then change the scaler to the new kind"
        )
    return None


def _serves_nothing(spec: Spec, target: Strategy) -> bool:
    return spec.get("ports") == [] and target.router == "replica"
