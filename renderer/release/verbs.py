"""The verbs as transitions: from an effective spec and options to the new release state, or to a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from renderer.plain import equal
from renderer.release.back import taken_back
from renderer.release.fold import ABSENT, idle_overrides
from renderer.release.outcome import Outcome, Refusal, Spec
from renderer.release.refusals import (
    IN_WINDOW,
    NO_PODS,
    PAUSED,
    SWITCHING,
    already_in_flight,
    no_canary,
    no_hotfix,
    nothing_in_flight,
    replaces_itself,
    retry_at_most,
    same_tag,
    was_taken_back,
)
from renderer.release.state import in_flight, is_in_flight, is_previous, is_way_back, label, ladder_weights, last_weight
from renderer.release.versions import become_stable, configuration_label, only, version_state, without
from renderer.spec import fields_of, stable_of, strategy_of, version_of


def release(
    spec: Spec,
    tag: str | None,
    *,
    version: str | None = None,
    weight: int | None = None,
    overrides: Mapping[str, Any] | None = None,
    replace: bool = False,
) -> Outcome:
    """Start a release: a canary (Canary), a preview (BlueGreen), or at once (RollingUpdate, Recreate)."""
    flight = in_flight(spec)
    if flight and (tag is not None or overrides) and is_in_flight(spec, version_state(spec, tag, version, overrides)):
        return Refusal(replaces_itself(spec, flight))
    refusal = _not_ready(spec, None if replace else flight) or _nothing_new(spec, tag, overrides)
    if refusal:
        return refusal
    state = version_state(spec, tag, version, overrides)
    if label(spec, state) == label(spec, spec):
        return Refusal(f"the stable version has the label `{label(spec, state)}` too: give another --version")
    strategy = strategy_of(spec.get("strategy", {}))
    if strategy.type == "Canary":
        if "rollbackWindow" in strategy.fields and is_previous(spec, state):
            return Refusal(IN_WINDOW + "`undo` without --weight says the same in Git")
        return _start_canary(spec, state, weight)
    if strategy.type == "BlueGreen":
        return {"preview": state, "aborted": ABSENT}
    return become_stable(spec, state, is_back=is_way_back(spec, state))


def _not_ready(spec: Spec, flight: str | None) -> Refusal | None:
    """Why no release can begin: `flight` is in flight, or another change of the app has not ended."""
    if flight:
        return Refusal(already_in_flight(spec, flight))
    if "migration" in spec:
        return Refusal(SWITCHING)
    if spec.get("paused"):
        return Refusal(PAUSED)
    if "autoscaling" in spec and isinstance(spec.get("replicas"), int):
        return Refusal(
            "`replicas` is still next to `autoscaling`, and pods could be lost: remove `replicas` and sync first"
        )
    return None


def _nothing_new(spec: Spec, tag: str | None, overrides: Mapping[str, Any] | None) -> Refusal | None:
    """Why this would release nothing new."""
    if tag is None and not overrides:
        return Refusal("give a tag, or use --set to change configuration")
    fields = fields_of(spec, None)
    idle = list(idle_overrides(fields, overrides or {}))
    if gone := [path for path, value in idle if value is None]:
        return Refusal(f"there is no {', '.join(gone)} to remove")
    if tag is None and equal(fields, fields_of(spec, overrides)):
        return Refusal(f"{', '.join(path for path, _ in idle)} already has this value: nothing would change")
    if (tag is None or tag == spec["tag"]) and not overrides:
        return Refusal(same_tag(spec))
    return None


def hotfix(spec: Spec, tag: str, *, version: str | None = None, weight: int | None = None) -> tuple[Outcome, Outcome]:
    """A new version in place of the stable one while another is in flight: an abort, then a release.

    A Rollout has one pod template, which is that of the version in flight; the stable version is only a ReplicaSet,
    whose pods cannot change. So the version in flight must go first, and what was aborted stays for `retry`.
    Where it is aborted already, as after a run that stopped between the two, only the release is left: the first
    outcome is {}.
    """
    if _is_only_aborted(spec):
        if version_of(spec, version_state(spec, tag, version, None)) == version_of(spec, spec["aborted"]):
            name = version_of(spec, spec["aborted"]).name
            return {}, Refusal(f"{name} is the version that was aborted: `retry` starts it again")
        return {}, release_after_abort(spec, tag, version=version, weight=weight)
    first = abort(spec)
    if isinstance(first, Refusal):
        return Refusal(f"{first.message}; {no_hotfix(spec, tag, weight)}"), first
    flight = in_flight(spec)
    if flight and is_in_flight(spec, version_state(spec, tag, version, None)):
        return first, Refusal(replaces_itself(spec, flight))
    between = {key: value for key, value in {**spec, **first}.items() if value is not ABSENT}
    return first, release_after_abort(between, tag, version=version, weight=weight)


def _is_only_aborted(spec: Spec) -> bool:
    is_rollout = strategy_of(spec.get("strategy", {})).is_rollout
    return is_rollout and "migration" not in spec and in_flight(spec) is None and bool(spec.get("aborted"))


def release_after_abort(spec: Spec, tag: str, *, version: str | None = None, weight: int | None = None) -> Outcome:
    """Start a release; what was aborted stays there for `retry`, also after the promotion."""
    started = release(spec, tag, version=version, weight=weight)
    return started if isinstance(started, Refusal) else without(started, "aborted")


def weight(spec: Spec, share: int, *, live: Spec | None = None) -> Outcome:
    """Change the canary's weight; `live` is the canary in the cluster, if it is not the spec's.

    {} means that the cluster has no pod of this canary yet, so that it starts from 0 %.
    """
    canary = spec.get("canary")
    if not canary:
        return Refusal(no_canary(spec, "weight"))
    if "steps" in spec.get("strategy", {}):
        return Refusal("the ladder in strategy.steps gives the weights; `promote` or `abort` ends it")
    if spec.get("paused"):
        return Refusal(PAUSED)
    if share == 0 and not strategy_of(spec["strategy"]).is_routed:
        return Refusal(NO_PODS)
    was = canary if live is None else live
    from_weight = was.get("weight", canary["weight"])
    start = only(was, "from") if from_weight == share or not was else {"from": from_weight}
    wanted = {**without(canary, "from"), "weight": share, **start}
    if wanted == canary or (from_weight == share == canary["weight"] == canary.get("from")):  # what `retry` wrote
        return Refusal(f"the canary's weight is already {share}")
    if was and from_weight == 100 != share and spec["strategy"].get("dynamicStableScale"):
        return Refusal(
            "with dynamicStableScale no stable pod is left at 100 %, and a lower weight can reach the stable version "
            "before one is Ready: `promote` or `abort`"
        )
    return {"canary": wanted}


def promote(spec: Spec, *, at: int | None = None, live: int | None = None) -> Outcome:
    """Make the version in flight the stable one.

    `at` is the weight that a ladder has reached; `live` is the one in the cluster, if it is not the spec's.
    """
    flight = in_flight(spec)
    if flight is None:
        return Refusal(nothing_in_flight(spec, "promote"))
    if spec.get("paused"):
        return Refusal(PAUSED)
    state = spec[flight]
    weights = ladder_weights(spec)
    if at is not None and at not in weights:
        known = ", ".join(map(str, weights))
        return Refusal(f"the ladder's weights are {known}" if known else "--at is for a ladder, and there is none")
    last = next((weight for weight in (at, live) if weight is not None), last_weight(spec, state))
    wanted = become_stable(spec, state, last if flight == "canary" else None, is_back=is_way_back(spec, state))
    is_kept = not strategy_of(spec.get("strategy", {})).ends_by_itself  # that list would say that something went back
    return {**wanted, flight: ABSENT, "aborted": spec.get("aborted", ABSENT) if is_kept else ABSENT}


def promoted(spec: Spec, there: Spec) -> Outcome:
    """Record the weight at which a promotion by hand began; `there` is the spec of the live revision."""
    canary = there.get("canary")
    if not canary or version_of(there, canary) != stable_of(spec):
        return Refusal(
            f"nothing is in flight to promote, and {stable_of(spec).name} is not the canary of the live revision"
        )
    previous = spec.get("previous") or {"tag": there["tag"], **only(there, "version")}
    weight = last_weight(there, canary)
    if previous.get("weight") == weight:
        return Refusal(f"`previous.weight` is already {weight}")
    return {"previous": {**without(previous, "overrides"), "weight": weight, **only(previous, "overrides")}}


def abort(spec: Spec) -> Outcome:
    """Stop the version in flight: the same stable template is rendered again."""
    flight = in_flight(spec)
    if flight is None:
        return Refusal(nothing_in_flight(spec, "abort"))
    aborted = {key: value for key, value in spec[flight].items() if key != "from"}
    return {flight: ABSENT, "aborted": aborted, "paused": ABSENT}


def retry(spec: Spec, *, share: int | None = None) -> Outcome:
    """Start the version again that an `abort`, or the controller by itself, stopped.

    `share` is the weight to start with, at most the canary's; it is for a canary that the controller has aborted.
    """
    canary = spec.get("canary")
    if spec.get("paused"):
        return Refusal(PAUSED)
    if "migration" in spec:
        return Refusal(SWITCHING)
    if canary:
        return _toggle(spec, canary) if share is None else _from_nothing(spec, canary, share)
    if spec.get("preview"):
        return Refusal("the controller keeps an aborted preview: `abort` it, sync, then `retry`")
    aborted = spec.get("aborted")
    if not aborted:
        return Refusal("nothing was aborted: `release APP TAG` starts a release")
    kind = strategy_of(spec.get("strategy", {})).type
    state = without(aborted, "weight")
    if kind == "BlueGreen" and share is None:
        return {"preview": state, "aborted": ABSENT}
    if kind == "Canary" and share is not None and "steps" in spec["strategy"]:
        return Refusal("the ladder in strategy.steps gives the weights: leave --weight out")
    if kind == "Canary":
        before = aborted.get("weight")
        if share is not None and before is not None and share > before:
            return Refusal(retry_at_most(before, share))
        return _start_canary(spec, state, before if share is None else share)
    if share is not None:
        return Refusal(f"--weight is for strategy Canary; the strategy of this app is {kind}")
    return Refusal(f"strategy {kind} starts every release at once: `release APP TAG`")


def undo(spec: Spec, *, to: Mapping[str, Any] | None = None, weight: int | None = None, redo: bool = False) -> Outcome:
    """Go back to `previous` (or to the given version) at once, or as a canary with a weight.

    `redo` allows a version that was itself undone or aborted.
    """
    flight = in_flight(spec)
    if flight:
        return Refusal(f"a {flight} is in flight: `abort` stops it")
    if "migration" in spec:
        return Refusal(SWITCHING)
    previous = to if to is not None else spec.get("previous")
    if not previous:
        again = "; `retry` starts the version that was aborted again" if spec.get("aborted") else ""
        return Refusal(f"there is no previous version to go back to; `undo --to REF` takes one from Git{again}")
    state = {key: value for key, value in previous.items() if key not in ("weight", "undone")}
    version = version_of(spec, state)
    if version == stable_of(spec):
        return Refusal(f"{version.name} is already the stable version, with this configuration")
    if spec.get("paused"):
        return Refusal(PAUSED)
    how = taken_back(spec, version)
    if how and to is None and not redo:
        return Refusal(was_taken_back(version, how))
    if redo and not how:
        return Refusal("--redo is for a version that was undone or aborted, and this one was not: leave --redo out")
    is_back = how is None and version.version != label(spec, spec)
    if weight is None:
        return {**become_stable(spec, state, is_back=is_back), "aborted": ABSENT}
    if label(spec, state) == label(spec, spec):  # another configuration of the same tag
        state["version"] = configuration_label(spec, state.get("overrides") or {})
    elif is_back and not is_previous(spec, state):
        state["undo"] = True
    return _undo_by_canary(spec, state, weight)


def _undo_by_canary(spec: Spec, state: Mapping[str, Any], weight: int) -> Outcome:
    strategy = strategy_of(spec.get("strategy", {}))
    if strategy.type != "Canary":
        return Refusal(f"--weight is for strategy Canary; the strategy of this app is {strategy.type}")
    if "steps" in strategy.fields:
        return Refusal("the ladder in strategy.steps gives the weights: leave --weight out, to go back at once")
    if "rollbackWindow" in strategy.fields:
        return Refusal(IN_WINDOW + "leave --weight out, so that Git says the same")
    return _start_canary(spec, state, weight)


def restart(spec: Spec, now: str) -> Outcome:
    """Replace the pods with the same version; `now` is the time, RFC 3339."""
    if spec.get("restartedAt") == now:
        return Refusal("the app was restarted this second")
    if spec.get("paused"):
        return Refusal(PAUSED)
    return {"restartedAt": now}


def pause(spec: Spec) -> Outcome:
    """Pause the controller: it does not roll out changes of the pod template."""
    return Refusal("the app is paused already") if spec.get("paused") else {"paused": True}


def resume(spec: Spec) -> Outcome:
    """Resume the controller."""
    return {"paused": ABSENT} if spec.get("paused") else Refusal("the app is not paused")


def _start_canary(spec: Spec, state: Mapping[str, Any], share: int | None) -> Outcome:
    ladder = "steps" in spec.get("strategy", {})
    share = spec["strategy"].get("initialWeight") if share is None else share
    if not ladder and share is None:
        return Refusal("give the canary's first share: --weight 20, or `strategy.initialWeight` in the spec")
    if share == 0 and not strategy_of(spec.get("strategy", {})).is_routed:
        return Refusal(NO_PODS)
    canary = dict(state) if ladder else {**without(state, "overrides"), "weight": share, **only(state, "overrides")}
    return {"canary": canary, "aborted": ABSENT, "paused": ABSENT}


def _from_nothing(spec: Spec, canary: Mapping[str, Any], share: int) -> Outcome:
    """A list that begins at `share`, not at the weight before: the controller's abort has set that to 0."""
    if "steps" in spec.get("strategy", {}):
        return Refusal("the ladder in strategy.steps gives the weights: `abort` it, sync, then `retry`")
    if share > canary["weight"]:
        return Refusal(retry_at_most(canary["weight"], share))
    if share == 0 and not strategy_of(spec["strategy"]).is_routed:
        return Refusal(NO_PODS)
    if share == canary["weight"]:
        return _toggle(spec, canary)
    return {"canary": {**without(canary, "from"), "weight": share}}


def _toggle(spec: Spec, canary: Mapping[str, Any]) -> Outcome:
    """Other bytes of the step list, same meaning: `from` is absent, or the weight itself."""
    if "steps" in spec.get("strategy", {}):
        return Refusal("a ladder's step list stays as written: `abort`, and `retry` when that is synced")
    if canary.get("from") == canary["weight"]:
        return {"canary": without(canary, "from")}
    return {"canary": {**canary, "from": canary["weight"]}}
