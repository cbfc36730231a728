"""The verbs as transitions: from an effective spec and options to the new release state, or to a refusal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from renderer.facts import version_fields
from renderer.plain import equal
from renderer.release.back import taken_back
from renderer.release.fold import ABSENT, idle_overrides, inverse
from renderer.spec import (
    Version,
    fields_of,
    merge,
    short_digests,
    stable_of,
    strategy_of,
    version_label,
    version_of,
)

Spec = Mapping[str, Any]
Wanted = dict[str, Any]  # fields of the effective spec and their new values; ABSENT removes a field


class Refusal(NamedTuple):
    """Why a verb does not fit the state, and which one does."""

    message: str


Outcome = Wanted | Refusal
_NO_PODS = (
    "with router replica the share is the ratio of pods, and 0 % would mean no pod at all: use 1 or more, or `abort`"
)
_PAUSED = "the app is paused, so the controller would not roll it out: `resume` first"
_IN_WINDOW = "with strategy.rollbackWindow the controller gives the previous version all the traffic at once: "
SWITCHING = "a switch is under way: `switch --continue` finishes it, `switch --abort` goes back"


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
    if flight and (tag is not None or overrides) and _is_in_flight(spec, _version_state(spec, tag, version, overrides)):
        return Refusal(_replaces_itself(spec, flight))
    refusal = _not_ready(spec, None if replace else flight) or _nothing_new(spec, tag, overrides)
    if refusal:
        return refusal
    state = _version_state(spec, tag, version, overrides)
    if _label(spec, state) == _label(spec, spec):
        return Refusal(f"the stable version has the label `{_label(spec, state)}` too: give another --version")
    strategy = strategy_of(spec.get("strategy", {}))
    if strategy.type == "Canary":
        if "rollbackWindow" in strategy.fields and _is_previous(spec, state):
            return Refusal(_IN_WINDOW + "`undo` without --weight says the same in Git")
        return _start_canary(spec, state, weight)
    if strategy.type == "BlueGreen":
        return {"preview": state, "aborted": ABSENT}
    return _become_stable(spec, state, is_back=_is_previous(spec, state))


def _not_ready(spec: Spec, flight: str | None) -> Refusal | None:
    """Why no release can begin: `flight` is in flight, or another change of the app has not ended."""
    if flight:
        return Refusal(_already(spec, flight))
    if "migration" in spec:
        return Refusal(SWITCHING)
    if spec.get("paused"):
        return Refusal(_PAUSED)
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
        return Refusal(_same_tag(spec))
    return None


def hotfix(spec: Spec, tag: str, *, version: str | None = None, weight: int | None = None) -> tuple[Outcome, Outcome]:
    """A new version in place of the stable one while another is in flight: an abort, then a release.

    A Rollout has one pod template, which is that of the version in flight; the stable version is only a ReplicaSet,
    whose pods cannot change. So the version in flight must go first, and what was aborted stays for `retry`.
    Where it is aborted already, as after a run that stopped between the two, only the release is left: the first
    outcome is {}.
    """
    if _is_only_aborted(spec):
        if version_of(spec, _version_state(spec, tag, version, None)) == version_of(spec, spec["aborted"]):
            name = version_of(spec, spec["aborted"]).name
            return {}, Refusal(f"{name} is the version that was aborted: `retry` starts it again")
        return {}, release_after_abort(spec, tag, version=version, weight=weight)
    first = abort(spec)
    if isinstance(first, Refusal):
        return Refusal(f"{first.message}; {_no_hotfix(spec, tag, weight)}"), first
    flight = in_flight(spec)
    if flight and _is_in_flight(spec, _version_state(spec, tag, version, None)):
        return first, Refusal(_replaces_itself(spec, flight))
    between = {key: value for key, value in {**spec, **first}.items() if value is not ABSENT}
    return first, release_after_abort(between, tag, version=version, weight=weight)


def _is_only_aborted(spec: Spec) -> bool:
    is_rollout = strategy_of(spec.get("strategy", {})).is_rollout
    return is_rollout and "migration" not in spec and in_flight(spec) is None and bool(spec.get("aborted"))


def _no_hotfix(spec: Spec, tag: str, share: int | None) -> str:
    why = "--hotfix is for an app with a release in flight, or an aborted one"
    if "migration" in spec:
        return why
    given = "" if share is None else f" --weight {share}"
    return f"{why}: `release APP {tag}{given}` without --hotfix starts it"


def release_after_abort(spec: Spec, tag: str, *, version: str | None = None, weight: int | None = None) -> Outcome:
    """Start a release; what was aborted stays there for `retry`, also after the promotion."""
    started = release(spec, tag, version=version, weight=weight)
    return started if isinstance(started, Refusal) else _without(started, "aborted")


def weight(spec: Spec, share: int, *, live: Spec | None = None) -> Outcome:
    """Change the canary's weight; `live` is the canary in the cluster, if it is not the spec's.

    {} means that the cluster has no pod of this canary yet, so that it starts from 0 %.
    """
    canary = spec.get("canary")
    if not canary:
        return Refusal(_no_canary(spec, "weight"))
    if "steps" in spec.get("strategy", {}):
        return Refusal("the ladder in strategy.steps gives the weights; `promote` or `abort` ends it")
    if spec.get("paused"):
        return Refusal(_PAUSED)
    if share == 0 and not strategy_of(spec["strategy"]).is_routed:
        return Refusal(_NO_PODS)
    was = canary if live is None else live
    from_weight = was.get("weight", canary["weight"])
    start = _only(was, "from") if from_weight == share or not was else {"from": from_weight}
    wanted = {**_without(canary, "from"), "weight": share, **start}
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
        return Refusal(_nothing(spec, "promote"))
    if spec.get("paused"):
        return Refusal(_PAUSED)
    state = spec[flight]
    weights = ladder_weights(spec)
    if at is not None and at not in weights:
        known = ", ".join(map(str, weights))
        return Refusal(f"the ladder's weights are {known}" if known else "--at is for a ladder, and there is none")
    last = next((weight for weight in (at, live) if weight is not None), last_weight(spec, state))
    wanted = _become_stable(spec, state, last if flight == "canary" else None, is_back=_is_previous(spec, state))
    is_kept = not strategy_of(spec.get("strategy", {})).ends_by_itself  # that list would say that something went back
    return {**wanted, flight: ABSENT, "aborted": spec.get("aborted", ABSENT) if is_kept else ABSENT}


def promoted(spec: Spec, there: Spec) -> Outcome:
    """Record the weight at which a promotion by hand began; `there` is the spec of the live revision."""
    canary = there.get("canary")
    if not canary or version_of(there, canary) != stable_of(spec):
        return Refusal(
            f"nothing is in flight to promote, and {stable_of(spec).name} is not the canary of the live revision"
        )
    previous = spec.get("previous") or {"tag": there["tag"], **_only(there, "version")}
    weight = last_weight(there, canary)
    if previous.get("weight") == weight:
        return Refusal(f"`previous.weight` is already {weight}")
    return {"previous": {**_without(previous, "overrides"), "weight": weight, **_only(previous, "overrides")}}


def abort(spec: Spec) -> Outcome:
    """Stop the version in flight: the same stable template is rendered again."""
    flight = in_flight(spec)
    if flight is None:
        return Refusal(_nothing(spec, "abort"))
    aborted = {key: value for key, value in spec[flight].items() if key != "from"}
    return {flight: ABSENT, "aborted": aborted, "paused": ABSENT}


def retry(spec: Spec, *, share: int | None = None) -> Outcome:
    """Start the version again that an `abort`, or the controller by itself, stopped.

    `share` is the weight to start with, at most the canary's; it is for a canary that the controller has aborted.
    """
    canary = spec.get("canary")
    if spec.get("paused"):
        return Refusal(_PAUSED)
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
    state = _without(aborted, "weight")
    if kind == "BlueGreen" and share is None:
        return {"preview": state, "aborted": ABSENT}
    if kind == "Canary" and share is not None and "steps" in spec["strategy"]:
        return Refusal("the ladder in strategy.steps gives the weights: leave --weight out")
    if kind == "Canary":
        before = aborted.get("weight")
        if share is not None and before is not None and share > before:
            return Refusal(_retry_at_most(before, share))
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
        return Refusal(_PAUSED)
    how = taken_back(spec, version)
    if how and to is None and not redo:
        return Refusal(_was_taken_back(version, how))
    if redo and not how:
        return Refusal("--redo is for a version that was undone or aborted, and this one was not: leave --redo out")
    if weight is None:
        is_back = how is None and version.version != _label(spec, spec)
        return {**_become_stable(spec, state, is_back=is_back), "aborted": ABSENT}
    if _label(spec, state) == _label(spec, spec):  # another configuration of the same tag
        state["version"] = _configuration_label(spec, state.get("overrides") or {})
    return _undo_by_canary(spec, state, weight)


def _undo_by_canary(spec: Spec, state: Mapping[str, Any], weight: int) -> Outcome:
    strategy = strategy_of(spec.get("strategy", {}))
    if strategy.type != "Canary":
        return Refusal(f"--weight is for strategy Canary; the strategy of this app is {strategy.type}")
    if "steps" in strategy.fields:
        return Refusal("the ladder in strategy.steps gives the weights: leave --weight out, to go back at once")
    if "rollbackWindow" in strategy.fields:
        return Refusal(_IN_WINDOW + "leave --weight out, so that Git says the same")
    return _start_canary(spec, state, weight)


def restart(spec: Spec, now: str) -> Outcome:
    """Replace the pods with the same version; `now` is the time, RFC 3339."""
    if spec.get("restartedAt") == now:
        return Refusal("the app was restarted this second")
    if spec.get("paused"):
        return Refusal(_PAUSED)
    return {"restartedAt": now}


def pause(spec: Spec) -> Outcome:
    """Pause the controller: it does not roll out changes of the pod template."""
    return Refusal("the app is paused already") if spec.get("paused") else {"paused": True}


def resume(spec: Spec) -> Outcome:
    """Resume the controller."""
    return {"paused": ABSENT} if spec.get("paused") else Refusal("the app is not paused")


def in_flight(spec: Spec) -> str | None:
    """`canary`, `preview`, or None."""
    return next((key for key in ("canary", "preview") if spec.get(key)), None)


def _start_canary(spec: Spec, state: Mapping[str, Any], share: int | None) -> Outcome:
    ladder = "steps" in spec.get("strategy", {})
    share = spec["strategy"].get("initialWeight") if share is None else share
    if not ladder and share is None:
        return Refusal("give the canary's first share: --weight 20, or `strategy.initialWeight` in the spec")
    if share == 0 and not strategy_of(spec.get("strategy", {})).is_routed:
        return Refusal(_NO_PODS)
    canary = dict(state) if ladder else {**_without(state, "overrides"), "weight": share, **_only(state, "overrides")}
    return {"canary": canary, "aborted": ABSENT, "paused": ABSENT}


def _is_previous(spec: Spec, state: Mapping[str, Any]) -> bool:
    """Whether this version is the previous one, so that the stable one is undone."""
    previous = spec.get("previous")
    return bool(previous and not previous.get("undone") and version_of(spec, state) == version_of(spec, previous))


def _become_stable(spec: Spec, state: Mapping[str, Any], last: int | None = None, *, is_back: bool = False) -> Wanted:
    """The version of `state` as the stable one, its overrides folded in, and `previous` to come back by.

    `is_back`: this undoes the present stable version.
    """
    overrides = state.get("overrides") or {}
    fields = {key: value for key, value in spec.items() if key in version_fields()}
    folded = merge(fields, overrides)
    wanted: Wanted = {key: folded.get(key, ABSENT) for key in overrides}
    wanted["tag"] = state.get("tag", spec["tag"])
    wanted["version"] = _stable_label(spec, state, wanted["tag"])
    previous = {"tag": spec["tag"], **_only(spec, "version")}
    if last is not None:
        previous["weight"] = last
    if is_back:
        previous["undone"] = True
    back = inverse(fields, overrides)
    if back:
        previous["overrides"] = back
    wanted["previous"] = previous
    return wanted


def _stable_label(spec: Spec, state: Mapping[str, Any], tag: str) -> Any:
    """The field `version` of the stable version: written only if it differs from the tag's."""
    if "version" in state:
        return state["version"]
    return version_label(tag) if "version" in spec else ABSENT


def _version_state(
    spec: Spec, tag: str | None, version: str | None, overrides: Mapping[str, Any] | None
) -> dict[str, Any]:
    state: dict[str, Any] = {}
    if tag is not None and tag != spec["tag"]:
        state["tag"] = tag
    if version is not None:
        state["version"] = version
    elif "tag" not in state:
        state["version"] = _configuration_label(spec, overrides or {})
    if overrides:
        state["overrides"] = dict(overrides)
    return state


def _configuration_label(spec: Spec, overrides: Mapping[str, Any]) -> str:
    """A label for the same tag with another configuration: the stable one's and a mark of the overrides."""
    text = json.dumps(overrides, sort_keys=True, ensure_ascii=False)
    mark = hashlib.sha256(text.encode()).hexdigest()[:5]
    return f"{_label(spec, spec)[:57]}-{mark}"


def _label(spec: Spec, state: Mapping[str, Any]) -> str:
    return str(state.get("version") or version_label(state.get("tag", spec["tag"])))


def last_weight(spec: Spec, state: Mapping[str, Any]) -> int | None:
    """The weight of a canary, or the last of its ladder; None for a preview, and a ladder without weights."""
    if "steps" not in spec.get("strategy", {}):
        return state.get("weight")
    return next(reversed(ladder_weights(spec)), None)


def ladder_weights(spec: Spec) -> list[int]:
    """The weights of the strategy's ladder, in order."""
    steps = spec.get("strategy", {}).get("steps") or ()
    return [step["setWeight"] for step in steps if "setWeight" in step]


def _same_tag(spec: Spec) -> str:
    tag = spec["tag"]
    if "sha256:" in tag:
        return f"{short_digests(tag)} is already the stable version"
    return (
        f"{tag} is already the stable version; if it was pushed again, give its digest, and another label: "
        f"`release APP {tag}@sha256:... --version LABEL`"
    )


def _was_taken_back(version: Version, how: str) -> str:
    return (
        f"{version.name} was {how} here: `undo APP --redo` makes it stable again; `undo APP --to REF` returns to what "
        "was stable at another revision"
    )


def _from_nothing(spec: Spec, canary: Mapping[str, Any], share: int) -> Outcome:
    """A list that begins at `share`, not at the weight before: the controller's abort has set that to 0."""
    if "steps" in spec.get("strategy", {}):
        return Refusal("the ladder in strategy.steps gives the weights: `abort` it, sync, then `retry`")
    if share > canary["weight"]:
        return Refusal(_retry_at_most(canary["weight"], share))
    if share == 0 and not strategy_of(spec["strategy"]).is_routed:
        return Refusal(_NO_PODS)
    if share == canary["weight"]:
        return _toggle(spec, canary)
    return {"canary": {**_without(canary, "from"), "weight": share}}


def _retry_at_most(before: int, share: int) -> str:
    return f"`retry` starts with at most the canary's weight, {before}: then `weight {share}`"


def _toggle(spec: Spec, canary: Mapping[str, Any]) -> Outcome:
    """Other bytes of the step list, same meaning: `from` is absent, or the weight itself."""
    if "steps" in spec.get("strategy", {}):
        return Refusal("a ladder's step list stays as written: `abort`, and `retry` when that is synced")
    if canary.get("from") == canary["weight"]:
        return {"canary": _without(canary, "from")}
    return {"canary": {**canary, "from": canary["weight"]}}


def _already(spec: Spec, flight: str) -> str:
    """Two commits lose no request; in one, Envoy can find the canary's subset empty before it has the new weights."""
    name = version_of(spec, spec[flight]).name
    what = "its share falls to 0 at once" if flight == "canary" else "its pods end"
    strategy = strategy_of(spec.get("strategy", {}))
    if strategy.ends_by_itself:
        return (
            f"a {flight} ({name}) is on a ladder that ends by itself: when it has, `promote` it, sync, then `release`"
        )
    loses = ", and a request or two may be lost" if strategy.is_routed else ""
    return (
        f"a {flight} ({name}) is in flight: `abort` it, sync, then `release`; in one step, with --replace, {what} and "
        f"the new version starts from nothing{loses}"
    )


def _is_in_flight(spec: Spec, state: Mapping[str, Any]) -> bool:
    """Whether this version is the one in flight."""
    flight = in_flight(spec)
    return flight is not None and version_of(spec, state) == version_of(spec, spec[flight])


def _replaces_itself(spec: Spec, flight: str) -> str:
    """The version in flight cannot replace itself: its pods stay, and its share would fall to 0 in between."""
    name = version_of(spec, spec[flight]).name
    or_weight = "`weight` changes its share, " if "weight" in spec[flight] else ""
    return f"{name} is already the {flight} in flight: {or_weight}`promote` or `abort` ends it"


def _no_canary(spec: Spec, verb: str) -> str:
    kind = strategy_of(spec.get("strategy", {})).type
    if kind != "Canary":
        return f"`{verb}` is for strategy Canary; this app's is {kind}"
    return "there is no canary: `release APP TAG --weight 20` starts one"


def _nothing(spec: Spec, verb: str) -> str:
    if "migration" in spec:
        return f"nothing is in flight to {verb}; {SWITCHING}"
    kind = strategy_of(spec.get("strategy", {})).type
    if kind in ("RollingUpdate", "Recreate"):
        return f"strategy {kind} has nothing to {verb}: it rolls a release out at once; `undo` takes it back"
    if verb == "abort" and "aborted" in spec:
        name = version_of(spec, spec["aborted"]).name
        return f"{name} is aborted already: if it still gets traffic, commit and push the spec and the rendered files"
    return f"nothing is in flight to {verb}: `release APP TAG` starts a release"


def _only(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {key: data[key]} if key in data else {}


def _without(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != key}
