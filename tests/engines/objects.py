"""The manifests of one test application as the product renders them, for scenarios that name a step list themselves."""

from __future__ import annotations

import copy
from typing import Any

from .api import Object

LABELS = {"app.kubernetes.io/name": "web"}
PINNED = {"setHeaderRoute": {"name": "pinned", "match": [{"headerName": "x-canary", "headerValue": {"exact": "1"}}]}}
FACTS: dict[str, Any] = {
    "kind": "istio",  # istio | replica | bluegreen | deployment
    "workloads": None,  # [Deployment, Rollout]: both at once, while one replaces the other
    "version": "v1",
    "steps": [100],
    "replicas": 4,
    "ready": 0.8,  # seconds until a pod is Ready; "never"
    "env": {},
    "annotations": {},  # of the pod template
    "preStop": {"sleep": {"seconds": 5}},  # None: none
    "grace": None,
    "pinned": False,  # a managed route for a header
    "strategy": {},  # further fields of the canary or blueGreen strategy, or of a Deployment's rollingUpdate
    "spec": {},  # further fields of the workload's spec
    "template": {},  # further fields of the pod's spec
    "istio": None,  # whether there are a VirtualService and a DestinationRule (default: with kind istio)
    "subsets": None,  # whether they have subsets (default: with kind istio)
    "ruleSubsets": None,  # whether the DestinationRule has subsets, if not as the VirtualService
    "auto": False,  # BlueGreen: autoPromotionEnabled
}


def manifests(namespace: str, facts: Object) -> list[Object]:
    """All objects of the application, in the order in which their files sort; `facts` has keys of FACTS."""
    f = {**FACTS, **facts}
    kind = f["kind"]
    workloads = f["workloads"] or (["Deployment"] if kind == "deployment" else ["Rollout"])
    istio = kind == "istio" if f["istio"] is None else f["istio"]
    subsets = kind == "istio" if f["subsets"] is None else f["subsets"]
    made = [deployment(namespace, f)] if "Deployment" in workloads else []
    rule_subsets = subsets if f["ruleSubsets"] is None else f["ruleSubsets"]
    made += [destination_rule(namespace, rule_subsets)] if istio else []
    made += [rollout(namespace, f)] if "Rollout" in workloads else []
    made += [service(namespace, "web-preview")] if kind == "bluegreen" else []
    made += [service(namespace, "web")]
    made += [virtual_service(namespace, subsets)] if istio else []
    return copy.deepcopy(made)


def metadata(namespace: str, name: str = "web") -> Object:
    """An object's metadata."""
    return {"name": name, "namespace": namespace, "labels": LABELS}


def template(f: Object) -> Object:
    """The pod template: a process that is Ready after a time, with what else the scenario says."""
    env = {"READY_AFTER": str(f["ready"]), **f["env"]}
    container: Object = {
        "name": "web",
        "image": f"example/web:{f['version']}",
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": key, "value": str(value)} for key, value in env.items()],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 1},
    }
    if f["preStop"]:
        container["lifecycle"] = {"preStop": f["preStop"]}
    spec: Object = {"containers": [container], **f["template"]}
    if f["grace"] is not None:
        spec["terminationGracePeriodSeconds"] = f["grace"]
    meta: Object = {"labels": {**LABELS, "app": "web", "version": f["version"]}}
    if f["annotations"]:
        meta["annotations"] = f["annotations"]
    return {"metadata": meta, "spec": spec}


def steps(listed: list[Any]) -> list[Object]:
    """Step lists in short: a weight, `pause`, `pinned` (the header's route), `one` (one pod), or a step as it is."""
    short: dict[str, Object] = {"pause": {"pause": {}}, "pinned": PINNED, "one": {"setCanaryScale": {"replicas": 1}}}
    return [{"setWeight": s} if isinstance(s, int) else short[s] if isinstance(s, str) else s for s in listed]


def rollout(namespace: str, f: Object) -> Object:
    """The Rollout."""
    spec = {
        "replicas": f["replicas"],
        "revisionHistoryLimit": 5,
        "selector": {"matchLabels": LABELS},
        "template": template(f),
        "strategy": blue_green(f) if f["kind"] == "bluegreen" else canary(f),
        **f["spec"],
    }
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": metadata(namespace), "spec": spec}


def canary(f: Object) -> Object:
    """The Rollout's canary strategy."""
    strategy: Object = {"steps": steps(f["steps"]), "maxSurge": "25%", "maxUnavailable": 0, **f["strategy"]}
    if f["kind"] == "istio":
        rule = {"name": "web", "stableSubsetName": "stable", "canarySubsetName": "canary"}
        strategy["trafficRouting"] = {
            "istio": {"virtualService": {"name": "web", "routes": ["primary"]}, "destinationRule": rule}
        }
        if f["pinned"]:
            strategy["trafficRouting"]["managedRoutes"] = [{"name": "pinned"}]
    return {"canary": strategy}


def blue_green(f: Object) -> Object:
    """The Rollout's blueGreen strategy."""
    services = {"activeService": "web", "previewService": "web-preview", "autoPromotionEnabled": f["auto"]}
    return {"blueGreen": {**services, **f["strategy"]}}


def deployment(namespace: str, f: Object) -> Object:
    """The Deployment."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}}
    spec = {
        "replicas": f["replicas"],
        "selector": {"matchLabels": LABELS},
        "template": template(f),
        "strategy": strategy,
        **f["spec"],
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata(namespace), "spec": spec}


def service(namespace: str, name: str) -> Object:
    """A Service."""
    spec = {"selector": LABELS, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata(namespace, name), "spec": spec}


def virtual_service(namespace: str, subsets: bool) -> Object:
    """The VirtualService, with weights 100/0 for the controller to change."""
    host = f"web.{namespace}.svc.cluster.local"

    def to(weight: int | None, **subset: str) -> Object:
        destination = {"host": host, **subset, "port": {"number": 80}}
        return {"destination": destination} if weight is None else {"destination": destination, "weight": weight}

    route = [to(100, subset="stable"), to(0, subset="canary")] if subsets else [to(None)]
    spec = {"hosts": [host], "gateways": ["mesh"], "http": [{"name": "primary", "route": route}]}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": metadata(namespace),
        "spec": spec,
    }


def destination_rule(namespace: str, subsets: bool) -> Object:
    """The DestinationRule; the controller adds its hashes to the subsets."""
    spec: Object = {"host": f"web.{namespace}.svc.cluster.local"}
    if subsets:
        spec["subsets"] = [{"name": "stable", "labels": LABELS}, {"name": "canary", "labels": LABELS}]
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": metadata(namespace),
        "spec": spec,
    }
