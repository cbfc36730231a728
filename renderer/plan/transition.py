"""Rules about a change of specs: transitions that the controllers would carry out differently from what Git says.

A rule's docstring is its manual page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from renderer.plan.at_once import without_canary, without_preview
from renderer.plan.in_flight import headers_in_flight, routes_in_flight, scale_in_step, steps_in_flight
from renderer.plan.needed import config_of_stable
from renderer.plan.ports import port_renamed
from renderer.plan.rollback_window import returns_in_window
from renderer.plan.scaling import autoscaling_down, autoscaling_on, autoscaling_stage
from renderer.plan.side import Side, moves_cluster, restart_mark, stable_pointer, switched, workload
from renderer.plan.stages import switch_alone, switch_before_healthy, switch_in_flight, switch_stages
from renderer.plan.strays import falls_to_none, strays
from renderer.problem import Severity
from renderer.release.notes import aborted_by_controller
from renderer.release.rungs import weights_in
from renderer.release.steps import lowers_at_once
from renderer.rules.finding import Finding
from renderer.spec import Canary

Rule = Callable[[Side, Side], Iterable[Finding]]
FirstRule = Callable[[Side], Iterable[Finding]]
_WEIGHT = "/spec/canary/weight"
_FROM = "/spec/canary/from"


def judge(old: Side | None, new: Side | None) -> tuple[Finding, ...]:
    """The problems of the change from `old` to `new`; none for an app that is deleted."""
    if new is None:
        return ()
    if old is None:
        return tuple(finding for rule in FIRST_RULES.values() for finding in rule(new))
    return tuple(finding for rule in TRANSITION_RULES.values() for finding in rule(old, new))


def first_release(new: Side) -> Iterator[Finding]:
    """The first release of an app with a canary or preview in its spec.

    A new Rollout skips its steps: the version in flight would get all the traffic at once. A new workload that is
    paused creates no pods.
    Source: measured on Argo Rollouts 1.9 and 1.10.
    Do: release the stable version alone, and start the canary with `rollspec release` once that is synced.
    """
    if new.app.spec.get("paused"):
        message = "a new workload that is paused creates no pods: remove `paused`"
        yield _finding("first-release", message, "/spec/paused")
    if new.flight:
        message = (
            f"a new Rollout skips its steps, and the {new.flight} would get all the traffic: remove `{new.flight}`, "
            f"sync, then `{new.release(new.app.stable)}`"
        )
        yield _finding("first-release", message, f"/spec/{new.flight}")


def weight_without_from(old: Side, new: Side) -> Iterator[Finding]:
    """A weight changed by hand: `canary.from` is missing, or is not the weight that is live.

    The controller starts a changed step list again from its first step. If that is not the live weight, the canary's
    share falls to 0 (router istio) or first changes to that weight (router replica). With some numbers of pods neither
    happens. If a simulation of the same edit shows that, it is a note (istio) or not reported (replica).
    Source: measured on Argo Rollouts 1.9 and 1.10.
    Do: `rollspec weight APP WEIGHT` writes both; afterwards, `--live REF` with the live revision corrects it.
    """
    was, now = old.app.canary, new.app.canary
    if was is None or now is None or _other_template(old, new) or was.weight is None or now.weight is None:
        return
    if was.weight != now.weight and now.from_weight != was.weight:
        given = "`from` is missing" if now.from_weight is None else f"`from` is {now.from_weight}"
        yield from _weight(old, new, f"{given}, and the live weight is {was.weight}", is_lower=_starts_lower(was, now))
    elif was.weight == now.weight and now.from_weight not in (was.from_weight, None, now.weight):
        why = f"`from` changes to {now.from_weight}, and the live weight is {was.weight}"
        yield from _weight(old, new, why, is_lower=False)


def weight_after_abort(old: Side, new: Side) -> Iterator[Finding]:
    """A lower weight, which first restores the old weight of a canary that the controller has aborted by itself.

    Git does not know that the controller has aborted (an analysis has failed, a deadline has passed). With
    `renderLevel: 1`, or with dynamicStableScale, the step list of a lower weight begins at the old one, so that the
    share of a live canary does not drop. After the controller's abort the old weight is not live: the changed list
    starts the canary again, at the old weight. With `renderLevel: 2` the list leaves the old weight out.
    Source: Argo Rollouts (a changed step list starts an aborted canary again).
    Do: check with `kubectl argo rollouts get rollout`; if it says Degraded, `rollspec retry APP --weight WEIGHT`.
    """
    was, now = old.app.canary, new.app.canary
    if was is None or now is None or _other_template(old, new) or was.weight is None or now.weight is None:
        return
    if now.weight < was.weight == now.from_weight and not lowers_at_once(new.app.strategy, new.app.level):
        message = aborted_by_controller(was.weight, now.weight, new.named)
        yield _finding("weight-after-abort", message, _WEIGHT, "note")


def third_version(old: Side, new: Side) -> Iterator[Finding]:
    """A canary or a preview replaces the one in flight in a single step.

    The share of the one in flight falls to 0 at once, and the third version starts from nothing. With router istio a
    request or two may be lost: Envoy can find the canary's subset empty before it has the new weights.
    Source: measured on Argo Rollouts 1.9 and 1.10.
    Do: `rollspec abort`, sync, then `rollspec release`; that loses nothing. After a ladder that has ended by itself,
    the canary serves alone: `rollspec promote`, sync, then `rollspec release`.
    """
    if not old.flight or old.flight != new.flight or not _other_template(old, new) or switched(old, new):
        return
    if old.settled != new.settled or new.app.spec.get("paused"):
        return  # `stable-in-flight`, `changed-while-paused`
    falls = "its share falls to 0" if old.flight == "canary" else "its pods end"
    loses = ", and a request or two may be lost" if old.app.strategy.is_routed else ""
    if old.app.strategy.ends_by_itself:
        message = (
            f"another pod template replaces the {old.flight} on a ladder that ends by itself: when it has ended, "
            f"`rollspec promote {new.named}`, sync, then `{new.release(new.app.stable)}`"
        )
        yield _finding("third-version", message, f"/spec/{new.flight}", "warning")
        return
    message = (
        f"another pod template replaces the {old.flight}: {falls}{loses}; `rollspec abort {new.named}` first, "
        f"sync, then `{new.release(new.app.stable)}`"
    )
    yield _finding("third-version", message, f"/spec/{new.flight}", "warning")


def preview_again(old: Side, new: Side) -> Iterator[Finding]:
    """A preview that was aborted comes back (Argo Rollouts before 1.10): within 30 seconds it is active at once.

    Its ReplicaSet still has its deadline to scale down. The controller treats it as a rollback, which skips the pause.
    The 30 seconds are `abortScaleDownDelaySeconds`.
    Source: measured on Argo Rollouts 1.9 and 1.10.
    Do: wait for that time between the two syncs.
    """
    again = new.app.preview is not None and new.app.preview == old.app.aborted
    if again and not old.flight and new.before_1_10:
        message = (
            f"Argo Rollouts {new.rollouts} makes {new.app.running.name} active at once, without a preview, while "
            "pods of the aborted one are left: sync it 30 s after the abort"
        )
        yield _finding("preview-again", message, "/spec/preview", "warning")


def from_of_another(old: Side, new: Side) -> Iterator[Finding]:
    """A new version with the `from` of another one: its steps would begin at a weight that it never had.

    `from` is the weight at which a canary already is, so that its next steps begin there. Another version has no pods
    and no traffic yet. The controller would first give it that share of the traffic, or start as many pods for it.
    Source: measured on Argo Rollouts 1.9 and 1.10.
    Do: remove `from`; `rollspec weight APP WEIGHT --live REF`, with the revision that is live, does so.
    """
    now = new.app.canary
    if now is None or now.from_weight is None or not (old.app.canary is None or _other_template(old, new)):
        return
    if _is_reverted(old, new) or (old.flight and old.app.canary == now and old.settled != new.settled):
        return  # `reverted-promote`, `stable-in-flight`
    message = (
        f"canary {now.version.name} starts from nothing, not from {now.from_weight} %: remove `from`, or "
        f"{_weight_live(old, new)} does"
    )
    yield _finding("from-of-another", message, _FROM)


def stable_in_flight(old: Side, new: Side) -> Iterator[Finding]:
    """The stable version's pod template changes while something is in flight, or starts.

    The cluster keeps its present stable pods; an abort, or the loss of a canary's pods, would start a configuration
    that never ran. A promotion and the next release in one sync do the same.
    Source: Argo Rollouts (a Rollout has one template; the stable one is the promoted ReplicaSet).
    Do: `rollspec promote` or `rollspec abort` first; or put the change into the release: `rollspec release --set`.
    """
    if not new.flight or old.settled == new.settled or _is_reverted(old, new) or switched(old, new):
        return
    if old.flight and new.settled == old.running:
        message = (
            f"{new.app.stable.name} is promoted and the next version starts in one change: sync "
            f"`rollspec promote {new.named}` first, then `{new.release(new.app.stable)}`"
        )
    else:
        message = (
            f"the stable version changes under the {new.flight}: an abort would start a configuration that never ran; "
            f"{_apart(old, new)}"
        )
    yield _finding("stable-in-flight", message, stable_pointer(old, new))


def reverted_promote(old: Side, new: Side) -> Iterator[Finding]:
    """The cluster's stable version becomes a canary or preview again: a Git revert of a promote.

    The controller finds the stable template and skips the steps: Git says 20 %, the cluster serves 100 %.
    Source: measured on Argo Rollouts 1.9 and 1.10.
    Do: `rollspec promote APP` undoes the revert; then `rollspec undo APP`, or with `--weight WEIGHT` as a canary.
    """
    if _is_reverted(old, new):
        canary = ", with `--weight` by a canary" if new.flight == "canary" else ""
        message = (
            f"{new.app.running.name} is the stable version of the cluster, which skips the steps and keeps it at "
            f"100 %: `rollspec promote {new.named}` undoes the revert, then use `rollspec undo "
            f"{new.named}`{canary}"
        )
        yield _finding("reverted-promote", message, f"/spec/{new.flight}")


def rollback_window(old: Side, new: Side) -> Iterator[Finding]:
    """A recent version is released with `rollbackWindow`: the controller gives it all the traffic at once.

    The controller still has its ReplicaSet and skips the steps of a canary (and from 1.10 the pause of a preview): Git
    says 20 %, the cluster serves 100 %. This does not happen if its configuration was edited since it ran. The plan
    finds the versions that ran in the history of the rendered files; where Git does not have that history, it knows
    the previous version alone.
    Source: measured on Argo Rollouts 1.9 and 1.10.
    Do: `rollspec undo APP`, with `--to REF` for an older version, which says the same in Git; or remove
    `strategy.rollbackWindow` first.
    """
    if returns_in_window(old, new):
        skips = "skips the steps" if new.flight == "canary" else "does not pause"
        older = "" if new.app.running == old.app.previous else " --to REF"
        message = (
            f"with rollbackWindow the controller {skips}: {new.app.running.name} gets 100 % of the traffic "
            f"at once; `rollspec undo {new.named}{older}` says so in Git"
        )
        yield _finding("rollback-window", message, f"/spec/{new.flight}", "warning")


def promote_weight(old: Side, new: Side) -> Iterator[Finding]:
    """A promotion that does not begin at the canary's live weight: `previous.weight` is missing or wrong.

    The share of the canary falls to 0 until the pods for the first step are Ready (router istio), or first changes to
    that weight (router replica, a warning). A ladder may rest at any of its weights.
    Source: measured on Argo Rollouts 1.9 and 1.10.
    Do: `rollspec promote APP` writes it; `--live REF`, with the live revision, corrects it afterwards.
    """
    canary = old.app.canary
    if canary is None or new.flight or _other_template(old, new) or switched(old, new) or old.steps == new.steps:
        return
    given, weights, routed = new.app.previous_weight, _weights(old), old.app.strategy.is_routed
    live = weights[-1] if weights else 0
    right = (None, *weights) if live == 100 or not routed else weights
    if live == 0 or given in right or not strays(old, new):
        return  # Git does not know how far a ladder has come
    says = "is missing" if given is None else f"is {given}"
    falls = "the share can fall to 0 in between" if routed else "the steps would begin at another weight"
    verb = f"{old.typed(f'rollspec promote {new.named} --live {{}}', 'that is live')} writes it"
    severity: Severity = "error" if routed else "warning"
    message = f"`previous.weight` {says}, and the live weight is {live}: {falls}; {verb}"
    yield _finding("promote-weight", message, "/spec/previous/weight", severity)


def neither_version(old: Side, new: Side) -> Iterator[Finding]:
    """The version in flight ends, and the new stable version is neither of the two.

    The share of the version in flight falls to 0, and the third version is rolled out without a canary.
    Source: measured on Argo Rollouts 1.9 and 1.10.
    Do: `rollspec promote` or `rollspec abort`; make other changes in a release of their own.
    """
    if not old.flight or new.flight or switched(old, new):
        return
    if new.running not in (old.running, old.settled):
        message = (
            f"the {old.flight} ends, and the pod template is neither its own nor the stable one: `rollspec promote "
            f"{new.named}` or `rollspec abort {new.named}` alone, the rest as a release of its own"
        )
        yield _finding("neither-version", message, "/spec/tag")


def previous_is_old(old: Side, new: Side) -> Iterator[Finding]:
    """Another tag becomes the stable one by hand, and `previous` still names what was stable before the last release.

    `rollspec undo` would go back two versions. If the tag is the one that `previous` names, the edit is an undo by
    hand. It is a note then, because nothing may stop an undo.
    Source: the release state itself; every verb writes both.
    Do: `rollspec release APP TAG` instead of the edit; or write the tag that it replaces into `previous`.
    """
    was, there = old.app.stable, new.app.previous
    if old.flight or new.flight or there is None or there == was or was.tag == new.app.stable.tag:
        return
    if new.app.spec["previous"] == old.app.spec.get("previous"):
        is_undo = there.tag == new.app.stable.tag
        command = f"rollspec undo {new.named}" if is_undo else new.release(was)
        message = (
            f"`previous` still names {there.name}, and `rollspec undo` would go there, not to "
            f"{was.name}: revert the edit and run `{command}`, or correct `previous`"
        )
        yield _finding("previous-is-old", message, "/spec/previous", "note" if is_undo else "warning")


def identity_changed(old: Side, new: Side) -> Iterator[Finding]:
    """A selector, a namespace or a cluster changes: a selector is immutable, and the others make a new object.

    Another cluster is a warning, because nothing in the old one is deleted.
    Source: Kubernetes API server ("field is immutable").
    Do: keep it (`selector`), or add a new app, move the traffic, and remove the old one.
    """
    if old.app.namespace != new.app.namespace:
        message = (
            f"the namespace changes from {old.app.namespace} to {new.app.namespace}: every object is created again "
            "there, and the old ones are deleted; add an app with another name, move the traffic, then remove this one"
        )
        yield _finding("identity-changed", message, "/spec/namespace")
    if moves_cluster(old, new):
        message = (
            "the overlay's `cluster` changes: the objects in the old one stay, and nothing updates or deletes them; "
            "add an environment for the new cluster, move the traffic when its apps are Healthy, then remove this one"
        )
        yield _finding("identity-changed", message, "/spec/cluster", "warning")
    before, after = (workload(side.app, side.manifests).get("spec", {}).get("selector") for side in (old, new))
    if before and after and before != after and old.app.strategy.is_rollout == new.app.strategy.is_rollout:
        message = "the selector of a workload cannot change: keep the old one (`selector`), or add another app"
        yield _finding("identity-changed", message, "/spec/selector")


def container_renamed(old: Side, new: Side) -> Iterator[Finding]:
    """The container's name changes: every pod is replaced without a canary, only because of the name.

    What runs in the container stays the same, but for the controllers the pod template is another one. All pods of the
    app restart, and whatever finds the container by its name (patches, queries, `kubectl logs -c`) finds none.
    Source: Kubernetes (the name is part of the pod template).
    Do: keep `containerName`; patches that name the container must change with it.
    """
    if old.app.container_name != new.app.container_name:
        message = (
            "every pod is replaced because the container gets another name: keep "
            f"`containerName: {old.app.container_name}`"
        )
        yield _finding("container-renamed", message, "/spec/containerName", "warning")


def changed_while_paused(old: Side, new: Side) -> Iterator[Finding]:
    """A release, or any change of the pod template, while the app is paused.

    The controller carries it out when it resumes. The share of a canary in flight (router istio) falls to 0 at once,
    unless the number of pods changes too. New pods of a BlueGreen start, but no Service leads to them.
    Source: measured on Argo Rollouts 1.10.
    Do: `rollspec resume APP` first.
    """
    if not new.app.spec.get("paused"):
        return
    if old.running != new.running:
        severity: Severity = "error" if old.flight else "warning"
        message = f"the controller is paused: {_meanwhile(old, new)}; `rollspec resume {new.named}` first"
        yield _finding("changed-while-paused", message, "/spec/paused", severity)
    elif old.app.spec.get("migration") != new.app.spec.get("migration") or switched(old, new):
        message = (
            "the controller is paused: a new workload creates no pods, and the old one is deleted: `rollspec resume "
            f"{new.named}` first"
        )
        yield _finding("changed-while-paused", message, "/spec/paused")
    elif old.steps != new.steps or restart_mark(old) != restart_mark(new):
        message = f"the controller is paused, and does nothing until `rollspec resume {new.named}`"
        yield _finding("changed-while-paused", message, "/spec/paused", "warning")


def _meanwhile(old: Side, new: Side) -> str:
    """What happens to a changed pod template while the controller is paused."""
    if old.app.strategy.type == new.app.strategy.type == "BlueGreen":
        return "the new pods start, and no Service leads to them"
    if old.flight != "canary" or not old.app.ports:
        return "nothing starts"
    share = "the canary's share falls to 0" if falls_to_none(old, new) else "the canary keeps its share"
    return f"{share}, and nothing starts"


FIRST_RULES: dict[str, FirstRule] = {"first-release": first_release}
TRANSITION_RULES: dict[str, Rule] = {
    "weight-without-from": weight_without_from,
    "weight-after-abort": weight_after_abort,
    "third-version": third_version,
    "preview-again": preview_again,
    "from-of-another": from_of_another,
    "steps-in-flight": steps_in_flight,
    "scale-in-step": scale_in_step,
    "headers-in-flight": headers_in_flight,
    "routes-in-flight": routes_in_flight,
    "stable-in-flight": stable_in_flight,
    "config-of-stable": config_of_stable,
    "reverted-promote": reverted_promote,
    "rollback-window": rollback_window,
    "promote-weight": promote_weight,
    "neither-version": neither_version,
    "switch-stages": switch_stages,
    "switch-before-healthy": switch_before_healthy,
    "switch-in-flight": switch_in_flight,
    "switch-alone": switch_alone,
    "autoscaling-on": autoscaling_on,
    "autoscaling-stage": autoscaling_stage,
    "autoscaling-down": autoscaling_down,
    "previous-is-old": previous_is_old,
    "identity-changed": identity_changed,
    "container-renamed": container_renamed,
    "port-renamed": port_renamed,
    "without-canary": without_canary,
    "without-preview": without_preview,
    "changed-while-paused": changed_while_paused,
}


def _finding(rule: str, message: str, pointer: str, severity: Severity = "error") -> Finding:
    return Finding(rule, message, pointer, severity=severity)


def _weight(old: Side, new: Side, why: str, *, is_lower: bool) -> Iterator[Finding]:
    """The share of a replica canary follows the pods and does not fall to 0: a warning. A lower weight is a note."""
    canary = new.app.canary
    routed, seen = new.app.strategy.is_routed, strays(old, new)
    if not (routed or seen):
        return
    what = "the share can fall to 0 in between" if routed else "the steps would begin at another weight"
    what = what if seen else "in the simulation the share does not fall"
    message = f"{why}: {what}; {_weight_live(old, new)} writes it"
    pointer = _FROM if canary and canary.from_weight is not None else _WEIGHT
    severity: Severity = "note" if is_lower or not seen else "error" if routed else "warning"
    yield _finding("weight-without-from", message, pointer, severity)


def _weight_live(old: Side, new: Side) -> str:
    """The command that writes the canary's weight with the `from` that is live."""
    share = new.app.canary.weight if new.app.canary else 0
    return old.typed(f"rollspec weight {new.app.name} {share} --env {new.app.env} --live {{}}", "that is live")


def _starts_lower(was: Canary, now: Canary) -> bool:
    """Whether each step of the change lowers the share: right for a canary that the controller has aborted."""
    return was.weight is not None and now.weight is not None and now.from_weight is None and now.weight < was.weight


def _weights(old: Side) -> list[int]:
    """The weights that the canary may have now, the likeliest one last: its own, or those of its ladder."""
    canary = old.app.canary
    if canary is not None and canary.weight is not None:
        return [canary.weight]
    return weights_in(old.steps)


def _apart(old: Side, new: Side) -> str:
    """How to change the stable version before or after a release; only its own fields can be `overrides` of it."""
    first = (
        f"`rollspec promote {new.named}` or `rollspec abort {new.named}` first"
        if old.flight
        else f"sync it without the {new.flight} first, then `{new.release(new.app.stable)}`"
    )
    was, now = old.app.stable, new.app.stable
    if was.fields != now.fields:
        return f"{first}, or give it to the {new.flight} alone, as `overrides`"
    if old.flight and was.tag != now.tag:
        hotfix = f"rollspec release {new.app.name} {now.tag} --hotfix{new.first_weight} --env {new.app.env} --commit"
        return f"{first}; for a hotfix take this change back, then `{hotfix}`"
    return first


def _other_template(old: Side, new: Side) -> bool:
    return old.running != new.running


def _is_reverted(old: Side, new: Side) -> bool:
    fresh = old.app.strategy.is_rollout and new.app.strategy.is_rollout
    return bool(fresh and new.flight and not old.flight and old.settled == new.running and old.settled != new.settled)
