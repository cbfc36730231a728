"""Why a verb does not fit the state, and which one does: the sentences of refusals."""

from __future__ import annotations

from renderer.release.outcome import Spec
from renderer.spec import Version, short_digests, strategy_of, version_of

NO_PODS = (
    "with router replica the share is the ratio of pods, and 0 % would mean no pod at all: use 1 or more, or `abort`"
)
PAUSED = "the app is paused, so the controller would not roll it out: `resume` first"
IN_WINDOW = "with strategy.rollbackWindow the controller gives the previous version all the traffic at once: "
SWITCHING = "a switch is under way: `switch --continue` finishes it, `switch --abort` goes back"


def already_in_flight(spec: Spec, flight: str) -> str:
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


def replaces_itself(spec: Spec, flight: str) -> str:
    """The version in flight cannot replace itself: its pods stay, and its share would fall to 0 in between."""
    name = version_of(spec, spec[flight]).name
    or_weight = "`weight` changes its share, " if "weight" in spec[flight] else ""
    return f"{name} is already the {flight} in flight: {or_weight}`promote` or `abort` ends it"


def same_tag(spec: Spec) -> str:
    """The tag of a release is that of the stable version."""
    tag = spec["tag"]
    if "sha256:" in tag:
        return f"{short_digests(tag)} is already the stable version"
    return (
        f"{tag} is already the stable version; if it was pushed again, give its digest, and another label: "
        f"`release APP {tag}@sha256:... --version LABEL`"
    )


def no_canary(spec: Spec, verb: str) -> str:
    """There is no canary for a verb that needs one."""
    kind = strategy_of(spec.get("strategy", {})).type
    if kind != "Canary":
        return f"`{verb}` is for strategy Canary; this app's is {kind}"
    return "there is no canary: `release APP TAG --weight 20` starts one"


def nothing_in_flight(spec: Spec, verb: str) -> str:
    """No version is in flight that the verb could end."""
    if "migration" in spec:
        return f"nothing is in flight to {verb}; {SWITCHING}"
    kind = strategy_of(spec.get("strategy", {})).type
    if kind in ("RollingUpdate", "Recreate"):
        return f"strategy {kind} has nothing to {verb}: it rolls a release out at once; `undo` takes it back"
    if verb == "abort" and "aborted" in spec:
        name = version_of(spec, spec["aborted"]).name
        return f"{name} is aborted already: if it still gets traffic, commit and push the spec and the rendered files"
    return f"nothing is in flight to {verb}: `release APP TAG` starts a release"


def no_hotfix(spec: Spec, tag: str, share: int | None) -> str:
    """There is neither a version in flight nor an aborted one, which a hotfix would take the place of."""
    why = "--hotfix is for an app with a release in flight, or an aborted one"
    if "migration" in spec:
        return why
    given = "" if share is None else f" --weight {share}"
    return f"{why}: `release APP {tag}{given}` without --hotfix starts it"


def retry_at_most(before: int, share: int) -> str:
    """The weight `before` is less than the share that is asked for."""
    return f"`retry` starts with at most the canary's weight, {before}: then `weight {share}`"


def was_taken_back(version: Version, how: str) -> str:
    """The previous version was itself undone or aborted: `how` says which."""
    return (
        f"{version.name} was {how} here: `undo APP --redo` makes it stable again; `undo APP --to REF` returns to what "
        "was stable at another revision"
    )
