"""A rule over what the pods of the stable version need while another version is in flight."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Manifest
from renderer.plan.side import Side
from renderer.problem import Problem
from renderer.rules import Scene
from renderer.rules.finding import Finding
from renderer.rules.jobs import needed_objects

_DATA = ("ConfigMap", "Secret")
_RULE = "config-of-stable"


def config_of_stable(old: Side, new: Side) -> Iterator[Finding]:
    """A ConfigMap or Secret that pods of the stable version need is deleted while another version is in flight.

    Running pods keep what they have read. But a stable pod that starts now (it was evicted, its node was lost, an abort
    brings more of them) waits for the object and never becomes Ready. Tools that name a ConfigMap by its content delete
    the old one when the new one comes.
    Source: Kubernetes (a pod whose ConfigMap or Secret is missing does not start).
    Do: keep the object until the release has ended: until the sync of its promotion is Healthy.
    """
    if not new.flight or new.prunes == "never":
        return
    there = {(each.kind, each.name) for each in old.manifests}
    kept = {(each.kind, each.name) for each in new.manifests}
    pods = Scene(new.stable).index.workloads
    needed = {(kind, name): None for pod in pods for _, kind, name in needed_objects(pod) if kind in _DATA}
    for kind, name in needed:
        if (kind, name) in there - kept:
            message = (
                f"{_deleted(kind, name)}, and pods of {new.app.stable.name}, which still serve, need it to start: "
                "keep it until the release has ended"
            )
            yield Finding(_RULE, message, f"/spec/{new.flight}", severity="warning")


def is_of_deletion(problem: Problem, manifest: Manifest) -> bool:
    """Whether the problem says that this object is deleted."""
    return problem.rule == _RULE and problem.message.startswith(f"{_deleted(manifest.kind, manifest.name)}, ")


def _deleted(kind: str, name: str) -> str:
    return f"{kind} {name} is deleted"
