"""Why an object of an app is not among the fields of its spec."""

from __future__ import annotations

from renderer.importing.lifted import Lifted
from renderer.importing.rollout import strategy_services
from renderer.importing.source import SourceObject
from renderer.lazy import regex
from renderer.manifest import ISTIO_ROUTING, JOBS

_FIELDS = {  # that write an object of the kind, by kind
    "HorizontalPodAutoscaler": "autoscaling",
    "PodDisruptionBudget": "disruptionBudget",
    "ServiceAccount": "serviceAccount",
}
_HASHED = regex(r".+-(?=[a-z]*[0-9])[a-z0-9]+")
_HASH = 10  # characters of a hash in a name that kustomize generates


def why_as_object(each: SourceObject, app: Lifted) -> str:
    """The reason, and what the app has of the object instead."""
    return f"{_reason(each, app)}: it is one of the app's `extraResources`"


def _reason(each: SourceObject, app: Lifted) -> str:
    lifted = {taken.kind for taken, _ in app.fields}
    if each.kind == "Service" and "Service" in lifted:
        if each.name in strategy_services(app.fields[0][0].spec):
            return "the Rollout names it, and its controller writes the selector"
        return "`services` would write it otherwise"
    if each.kind in ("ConfigMap", "Secret") and _is_hashed(each.name):
        return "its name ends in a hash of what it holds; `files` would name it otherwise, and the pods would restart"
    if each.kind in ISTIO_ROUTING:
        return "`istio` would name or write it otherwise"
    if each.kind in JOBS:
        return "`jobs` would write it otherwise"
    if each.kind in _FIELDS:
        return f"`{_FIELDS[each.kind]}` would name or write it otherwise"
    return "no field of a spec holds it"


def _is_hashed(name: str) -> bool:
    return len(name.rpartition("-")[2]) == _HASH and _HASHED.fullmatch(name) is not None
