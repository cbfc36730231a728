"""Additional lines of a verb: what the engines do with the change, and what Git cannot know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from renderer.facts import version_fields
from renderer.project import numbers
from renderer.release.outcome import Spec
from renderer.release.rungs import wait_of
from renderer.release.state import last_weight
from renderer.release.steps import lowers_at_once
from renderer.rounding import Routed, canary_fenceposts, routed_counts, weighted_counts
from renderer.spec import Strategy, stable_of, strategy_of, version_of

_VERSION_LABEL = "app.kubernetes.io/version"
_SCALE_DOWN_DELAY = 30  # seconds
_ABORTS = ("analysis", "prePromotionAnalysis", "postPromotionAnalysis", "progressDeadlineAbort")


def release(spec: Spec, share: int | None) -> list[str]:
    """Only canaries without a ladder have a weight; one commit may release other apps too."""
    strategy = strategy_of(spec.get("strategy", {}))
    if share is None or (strategy.type == "Canary" and "steps" not in strategy.fields):
        return []
    if strategy.type == "Canary":
        return ["--weight is ignored: the ladder in strategy.steps gives the shares"]
    what = "the new version is a preview" if strategy.type == "BlueGreen" else "the new version replaces it at once"
    return [f"--weight is ignored: strategy {strategy.type} has no canary, {what}"]


def stale_label(spec: Spec, after: Spec) -> list[str]:
    """A label of the pods that a chart wrote with the version, as an import takes it over: a release leaves it."""
    labels = (spec.get("podMetadata") or {}).get("labels") or {}
    label, was = labels.get(_VERSION_LABEL), stable_of(spec)
    new = next((after[key] for key in ("canary", "preview") if after.get(key)), after)
    if label is None or label not in (was.tag, was.version) or str(new.get("tag", was.tag)) == was.tag:
        return []
    when = "" if new is after else "after the promotion, "
    return [
        f"the pods of {version_of(after, new).name} keep the label {_VERSION_LABEL}: {label} of `podMetadata.labels`, "
        f"and metrics may count them as that version: {when}remove the label from the spec"
    ]


def undo(spec: Spec, after: Spec) -> list[str]:
    """Mappings that an undo removes whole, because the previous version had none.

    Later edits inside them are removed too.
    """
    gone = [key for key in spec if key in version_fields() and isinstance(spec[key], Mapping) and key not in after]
    return [
        f"`{key}` is removed with all that it has ({', '.join(map(str, spec[key]))}): the version before had none"
        for key in gone
        if spec[key]
    ]


def share_notes(rule: Mapping[str, Any], service: Mapping[str, Any], *, is_routed: bool) -> Iterator[str]:
    """Whose share a canary gets, if it is not one of requests; by the DestinationRule and the Service, as rendered."""
    fields = service.get("spec") or {}
    if fields.get("sessionAffinity") == "ClientIP":
        if is_routed:
            yield "requests of the mesh do not use the Service's sessionAffinity: the share is a share of requests"
        else:
            yield "sessionAffinity ClientIP: the share is a share of clients, not of requests"
    policy = (rule.get("spec") or {}).get("trafficPolicy") or {}
    policies = (policy, *(policy.get("portLevelSettings") or ()))
    if is_routed and any("consistentHash" in (each.get("loadBalancer") or {}) for each in policies):
        yield "requests are split one by one, and consistentHash holds within a version: a client may change versions"
    if is_routed and fields.get("clusterIP") == "None":
        yield "the Service is headless: a sidecar sends a request to the pod that its client chose, whatever the weight"


def weight(spec: Spec, after: Spec, level: int) -> list[str]:
    """Git does not know that the controller has aborted a canary by itself."""
    was, now = spec.get("canary"), after.get("canary")
    if not was or not now or not now.get("from", 0) > now.get("weight", 0):
        return []
    if lowers_at_once(strategy_of(spec["strategy"]), level):
        return []
    return [aborted_by_controller(now["from"], now["weight"], "APP")]


def aborted_by_controller(start: int, share: int, named: str) -> str:
    """What a lower weight does to a canary that the controller has aborted by itself."""
    return (
        f"if the controller has aborted this canary (Degraded), it gets {start} % of the traffic again before {share} "
        f"%: use `rollspec retry {named} --weight {share}` then, which starts it from nothing"
    )


def switch(spec: Spec, after: Spec) -> list[str]:
    """A BlueGreen begins with the version of its spec, even if another version serves."""
    was, now = (strategy_of(each.get("strategy", {})).type for each in (spec, after))
    if was != "Canary" or now != "BlueGreen":
        return []
    version = stable_of(after).name
    if "after" in spec.get("migration", {}):
        return [
            f"sync the previous stage first: if the promotion of {version} has not finished, the pods that "
            "serve are kept only by that stage"
        ]
    return [
        f"sync it only when the Rollout is Healthy with {version}: if that promotion has not finished, the "
        "controller stops the pods that serve"
    ]


def abort(spec: Spec) -> list[str]:
    """The stable version's template is rolled out at once."""
    return ["the app was paused, and `abort` resumes it"] if spec.get("paused") else []


def restart(spec: Spec) -> list[str]:
    """A Rollout deletes a pod before its successor is Ready (measured on Argo Rollouts 1.9 and 1.10)."""
    strategy = strategy_of(spec.get("strategy", {}))
    replicas = _replicas(spec)
    if not strategy.is_rollout or spec.get("ports") == [] or replicas is None:
        return []
    canary = spec.get("canary") or {}
    split = bool(canary) and not strategy.is_routed  # requests reach the pods of the other version
    found = []
    if replicas == 1 and not split:
        field = "autoscaling.minReplicas" if "autoscaling" in spec else "replicas"
        found.append(
            f"the only pod ends before its successor is Ready, and requests fail in between: set `{field}: 2` first"
        )
    if canary and _canary_pods(strategy, replicas, canary.get("weight")) == 1:
        if strategy.is_routed:
            found.append(
                "a canary of one pod: its share reaches no pod for a moment, then the stable version until it is "
                "Ready; minPodsPerReplicaSet: 2 avoids that"
            )
        else:
            found.append("a canary of one pod: the stable version has its share until it is Ready again")
    return found


def promote(spec: Spec, after: Spec, at: int | None) -> list[str]:
    """Only the cluster knows how far a ladder has come; `after` records the assumed weight."""
    strategy, canary = strategy_of(spec.get("strategy", {})), spec.get("canary")
    if strategy.type == "BlueGreen" and aborts_by_itself(strategy):
        return [
            "if the controller has aborted this preview (Degraded), it does not promote it: `abort`, sync, then `retry`"
        ]
    if not canary or "steps" not in strategy.fields:
        return []
    if wait := wait_of(strategy):
        return [
            f"the ladder waits at {wait.weight} % in a pause without a duration, and this does not continue it: it "
            "only records in Git that the ladder ended. `kubectl argo rollouts promote` continues it. To promote by "
            "Git, take this back, end `strategy.steps` in that pause without `autoPromotionEnabled`, sync, `promote`"
        ]
    if strategy.ends_by_itself:
        return ["the ladder continues to its end by itself: this only records the end in Git, it does not speed it up"]
    last = last_weight(spec, canary)
    if at is not None or last is None or last != after.get("previous", {}).get("weight"):
        return []
    return [f"rollspec assumes that the ladder rests at its last weight, {last} %: if it does not, use `--at WEIGHT`"]


def retry(spec: Spec, rollouts: str) -> list[str]:
    """`rollouts` is the project's version of Argo Rollouts, such as `1.9`."""
    strategy = strategy_of(spec.get("strategy", {}))
    if numbers(rollouts) >= (1, 10) or strategy.type != "BlueGreen" or not spec.get("aborted"):
        return []
    delay = strategy.fields.get("abortScaleDownDelaySeconds", _SCALE_DOWN_DELAY)
    return [
        f"Argo Rollouts {rollouts} makes a preview that was aborted less than {delay} s ago active at once: let that "
        "time pass before this is synced"
    ]


def aborts_by_itself(strategy: Strategy) -> bool:
    """Whether the controller may abort a release of this strategy: an analysis fails, or the deadline passes."""
    return any(strategy.fields.get(key) for key in _ABORTS)


def _replicas(spec: Spec) -> int | None:
    """The smallest possible number of pods; None if it is not known."""
    if "autoscaling" in spec:
        return int(spec["autoscaling"].get("minReplicas", 1))
    found = spec.get("replicas", 1)
    return found if isinstance(found, int) else None


def _canary_pods(strategy: Strategy, replicas: int, weight: int | None) -> int:
    """The pods at rest; a ladder is assumed to have at least one."""
    if weight is None:
        return max(1, int(strategy.fields.get("minPodsPerReplicaSet", 1)))
    if strategy.is_routed:
        given = Routed(min_pods=strategy.fields.get("minPodsPerReplicaSet"))
        return max(1, routed_counts(replicas, weight, given)[0])  # a dark canary has one
    surge, _ = canary_fenceposts(
        strategy.fields.get("maxSurge", "25%"), strategy.fields.get("maxUnavailable", 0), replicas
    )
    return weighted_counts(replicas, weight, surge)[0]
