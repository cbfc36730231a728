"""Rules over a change of the strategy: the stages of a switch.

A rule's docstring is its manual page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from renderer.plan.in_flight import routing
from renderer.plan.side import Side, replicas, restart_mark, stable_pointer, switched
from renderer.rules.finding import Finding


def switch_stages(old: Side, new: Side) -> Iterator[Finding]:
    """A Deployment and a Rollout are swapped in one step, a BlueGreen skips the Canary stage, or subsets end too early.

    The old workload would be deleted before the new one is Ready: no pod serves. Where Argo CD prunes last (`argocd` in
    the project file) one commit is enough; where it does not prune (`prune: false`, a sync by hand), the old pods stay.
    A BlueGreen's Service keeps a hash in its selector until the app has been a Canary.
    A DestinationRule is applied before the VirtualService: subsets that live routes name must stay a stage longer.
    A Canary by Istio that becomes a BlueGreen keeps `status.canary.weights` and the pods that they name; as a Canary by
    replicas between the two it loses them.
    Source: measured on Argo Rollouts 1.10 and Argo CD 3.6.
    Do: `rollspec switch APP --to STRATEGY`, then `rollspec switch APP --continue`.
    """
    was, now = old.app.strategy, new.app.strategy
    if switched(old, new) and (old.flight or new.flight):
        return  # `switch-in-flight`: no stage can begin
    if _loses_subsets(old, new):
        message = (
            f"the DestinationRule loses the subsets that live routes name: `{new.switch}` keeps them a stage longer "
            "(`migration.after`)"
        )
        yield Finding("switch-stages", message, "/spec/strategy")
    if was.is_routed and now.type == "BlueGreen":
        message = (
            "the pods of today's version would never be removed, since the Rollout's status names them: "
            f"{_by_stages(old, new)} passes through a Canary by replicas; sync, then `--continue`"
        )
        yield Finding("switch-stages", message, "/spec/strategy/type")
    if was.is_rollout == now.is_rollout:
        return
    if was.type == "BlueGreen":
        message = (
            f"a BlueGreen becomes a {now.type} by way of a Canary: {_by_stages(old, new)}, sync, then `--continue`"
        )
        yield Finding("switch-stages", message, "/spec/strategy/type")
    elif new.app.migrating_from is None and old.app.migrating_from is None and new.prunes != "last":
        message = (
            f"the {was.type} workload would be deleted before the {now.type} one is Ready: `{new.switch}` keeps both "
            "until `--continue`"
        )
        if new.prunes == "never":
            message = (
                f"Argo CD does not prune here, so the pods of the {was.type} workload would stay and get traffic: "
                f"`{new.switch}` keeps both workloads until `--continue`; then delete the old one in the cluster"
            )
        yield Finding("switch-stages", message, "/spec/strategy/type")


def switch_before_healthy(old: Side, new: Side) -> Iterator[Finding]:
    """A Canary becomes a BlueGreen in one step: the controller treats its version as the stable one, Ready or not.

    A BlueGreen whose active Service has no hash yet is a first deployment for the controller. Where the cluster has not
    finished the last promotion (its pods never got Ready), it scales the version that serves to nothing. In the stage
    before, a Canary with a stable Service, the controller gives the Service the hash of the pods that serve.
    Source: measured on Argo Rollouts 1.9 and 1.10 (`shouldFullPromote`, "Initial deploy").
    Do: `rollspec switch APP --to BlueGreen`, sync, then `rollspec switch APP --continue`.
    """
    was, now = old.app.strategy, new.app.strategy
    if was.type != "Canary" or now.type != "BlueGreen" or old.flight or old.app.becomes_blue_green:
        return
    if "to" in old.app.spec.get("migration", {}):  # level 1, from router istio: the stage has no stable Service
        message = (
            f"sync it only when the Rollout is Healthy with {new.app.stable.name} as its stable version: if that "
            "promotion has not finished, the controller stops the pods that serve"
        )
        yield Finding("switch-before-healthy", message, "/spec/strategy/type", severity="note")
    elif not was.is_routed:  # else `switch-stages`
        message = (
            f"if the promotion of {new.app.stable.name} has not finished in the cluster, the controller stops the pods "
            f"that serve: `{new.switch}` lets the Service select the stable pods first; sync, then `--continue`"
        )
        yield Finding("switch-before-healthy", message, "/spec/strategy/type", severity="warning")


def switch_in_flight(old: Side, new: Side) -> Iterator[Finding]:
    """The strategy or the router changes while a canary or preview is in flight, or starts.

    The share jumps (router istio to replica), pods of the version in flight get traffic that is not meant for them
    (BlueGreen and Canary), or a new Rollout skips its steps.
    Source: measured on Argo Rollouts 1.10.
    Do: `rollspec promote` or `rollspec abort` first, then `rollspec switch`.
    """
    flight = old.flight or new.flight
    if flight and switched(old, new):
        first = f"`rollspec promote {new.named}` or `rollspec abort {new.named}`" if old.flight else f"`{new.switch}`"
        then = f"then `{new.switch}`" if old.flight else f"then `{new.release(new.app.stable)}`"
        message = (
            f"the change from {old.app.strategy} to {new.app.strategy} needs nothing in "
            f"flight: {first} and sync, {then}"
        )
        yield Finding("switch-in-flight", message, "/spec/strategy")


def switch_alone(old: Side, new: Side) -> Iterator[Finding]:
    """A stage of a switch together with another pod template, a restart, or another number of pods.

    A Rollout that never became available makes its first revision the stable one: the template must be known good.
    Source: measured on Argo Rollouts 1.10.
    Do: one commit for the switch (`rollspec switch`), another for the rest.
    """
    before, after = old.app.spec.get("migration"), new.app.spec.get("migration")
    staged = before != after or switched(old, new)
    if not (before or after or old.app.strategy.is_rollout or new.app.strategy.is_rollout):
        return  # one Deployment before and after
    if old.flight or new.flight or not (staged or before):
        return
    if old.settled != new.settled or (staged and restart_mark(old) != restart_mark(new)):
        message = (
            "a switch needs the pod template that runs now: make the other changes in a commit after `rollspec switch "
            f"{new.named} --continue`"
        )
        pointer = stable_pointer(old, new) if old.settled != new.settled else "/spec/restartedAt"
        yield Finding("switch-alone", message, pointer, severity="error" if staged else "warning")
    elif staged and replicas(old) != replicas(new):
        message = "a switch needs the number of pods that runs now: change it before or after"
        yield Finding("switch-alone", message, "/spec/replicas", severity="warning")


def _by_stages(old: Side, new: Side) -> str:
    """The command for the next stage: for a switch that has begun, `--continue`."""
    is_begun = (old.app.spec.get("migration") or {}).get("to", {}).get("type") == new.app.strategy.type
    return f"`rollspec switch {new.named} --continue`" if is_begun else f"`{new.switch}`"


def _loses_subsets(old: Side, new: Side) -> bool:
    """Whether the DestinationRule stays without the subsets that routes of the old side name."""
    was, now = routing(old), routing(new)
    before, after = _spec(was["DestinationRule"]), _spec(now["DestinationRule"])
    named = '"subset"' in json.dumps(_spec(was["VirtualService"]))
    return bool(named and after and before.get("subsets") and not after.get("subsets"))


def _spec(manifest: dict[str, Any] | None) -> dict[str, Any]:
    return (manifest or {}).get("spec") or {}
