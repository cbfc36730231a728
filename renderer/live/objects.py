"""The objects that are read from a cluster: their kinds, what is kept of each, and which app each belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from renderer.manifest import WORKLOADS

Object = Mapping[str, Any]
AppObjects = Mapping[str, Mapping[str, Object]]  # of one app: by kind and name

DEPLOYMENT_HASH = "pod-template-hash"
NAME = "app.kubernetes.io/name"


@dataclass(frozen=True, slots=True)
class WatchedKind:
    """A kind that is watched. `is_needed` is false for one that a cluster may lack, or that a reader may not read."""

    kind: str
    api: str  # group and version, as the path of the API server has them
    plural: str
    is_needed: bool = False


KINDS = (
    WatchedKind("Rollout", "argoproj.io/v1alpha1", "rollouts", is_needed=True),
    WatchedKind("Deployment", "apps/v1", "deployments", is_needed=True),
    WatchedKind("ReplicaSet", "apps/v1", "replicasets", is_needed=True),
    WatchedKind("Pod", "v1", "pods", is_needed=True),
    WatchedKind("Service", "v1", "services", is_needed=True),
    WatchedKind("VirtualService", "networking.istio.io/v1", "virtualservices"),
    WatchedKind("DestinationRule", "networking.istio.io/v1", "destinationrules"),
    WatchedKind("AnalysisRun", "argoproj.io/v1alpha1", "analysisruns"),
)
APPLICATION = WatchedKind("Application", "argoproj.io/v1alpha1", "applications")
_METADATA = ("name", "namespace", "uid", "labels", "generation", "deletionTimestamp", "ownerReferences")


def trimmed(kind: str, data: Object) -> Object:
    """What is read of an object, to save memory: environment variables of pods are not kept, for instance."""
    metadata = data.get("metadata") or {}
    kept = {key: metadata[key] for key in _METADATA if metadata.get(key)}
    annotations = metadata.get("annotations") or {}
    if revision := annotations.get("deployment.kubernetes.io/revision"):
        kept["annotations"] = {"deployment.kubernetes.io/revision": revision}
    spec, status = _KEPT.get(kind, _whole)(data.get("spec") or {}, data.get("status") or {})
    return {"metadata": kept, "spec": spec, "status": status}


def app_of(kind: str, data: Object) -> str:
    """The name of the app that an object belongs to: that of its workload, or the one in its label."""
    metadata = data["metadata"]
    name = str(metadata["name"])
    if kind in WORKLOADS:
        return name
    if kind in ("ReplicaSet", "AnalysisRun", "Pod"):
        owner = str(controller(data).get("name", ""))
        return owner.rpartition("-")[0] if kind == "Pod" else owner
    return str((metadata.get("labels") or {}).get(NAME) or name)


def controller(data: Object) -> Object:
    """The reference to the object that controls this one; empty without one."""
    return next((each for each in data["metadata"].get("ownerReferences") or () if each.get("controller")), {})


def labels(data: Object) -> Mapping[str, str]:
    """An object's labels."""
    found: Mapping[str, str] = data["metadata"].get("labels") or {}
    return found


def images(template: Object) -> tuple[str, ...]:
    """The images of a pod template's containers."""
    return tuple(str(each.get("image", "")) for each in (template.get("spec") or {}).get("containers") or ())


def _whole(spec: Object, status: Object) -> tuple[Object, Object]:
    return spec, status


def _replica_set(spec: Object, status: Object) -> tuple[Object, Object]:
    template = spec.get("template") or {}
    metadata = template.get("metadata") or {}
    kept = {"metadata": {"labels": metadata.get("labels") or {}}, "spec": {"containers": _named(template.get("spec"))}}
    return {"replicas": spec.get("replicas", 0), "template": kept}, {}


def _named(pod: Object | None) -> list[Object]:
    return [{key: each.get(key) for key in ("name", "image")} for each in (pod or {}).get("containers") or ()]


def _pod(_: Object, status: Object) -> tuple[Object, Object]:
    ready = [each for each in status.get("conditions") or () if each.get("type") == "Ready"]
    states = [
        {"name": each.get("name"), "waiting": waiting}
        for each in status.get("containerStatuses") or ()
        if (waiting := (each.get("state") or {}).get("waiting"))
    ]
    return {}, {"ready": bool(ready) and ready[0].get("status") == "True", "waiting": states}


def _service(spec: Object, _: Object) -> tuple[Object, Object]:
    return {"selector": spec.get("selector") or {}}, {}


def _analysis_run(_: Object, status: Object) -> tuple[Object, Object]:
    return {}, {key: status[key] for key in ("phase", "message", "startedAt") if key in status}


def _application(spec: Object, status: Object) -> tuple[Object, Object]:
    kept = {key: status[key] for key in ("sync", "health", "conditions") if key in status}
    state = status.get("operationState") or {}
    kept["operationState"] = {key: state[key] for key in ("phase", "message") if key in state}
    kept["operationState"]["revision"] = (state.get("syncResult") or {}).get("revision", "")
    kept["resources"] = [
        {key: each.get(key, "") for key in ("kind", "namespace", "name")}
        for each in status.get("resources") or ()
        if each.get("kind") in WORKLOADS
    ]
    return {"namespace": (spec.get("destination") or {}).get("namespace", "")}, kept


_KEPT = {
    "ReplicaSet": _replica_set,
    "Pod": _pod,
    "Service": _service,
    "AnalysisRun": _analysis_run,
    "Application": _application,
}
