"""What each field is about: facts of our own schemas (`x-rollspec-...`), and a table of paths in manifests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal

from renderer.resources import read_schema
from renderer.scaler import SCALERS

FieldClass = Literal[
    "template",  # the pod template: any other byte is another version
    "state",  # release state and step list: judged as a transition
    "scale",  # how many pods
    "traffic",  # which requests go where
    "behaviour",  # what the controller does next time; nothing moves now
    "metadata",  # labels and annotations of objects
    "identity",  # names, namespaces, selectors: another object
    "none",  # nothing of the running system
    "rendered",  # judged by what it changes in the manifests
]
CAUTIOUS: FieldClass = "identity"  # for a path that no table has
SCHEMAS = ("App", "Overlay", "Project")

_METADATA: Mapping[str, FieldClass] = {"/metadata/labels": "metadata", "/metadata/annotations": "metadata"}
_WORKLOAD: Mapping[str, FieldClass] = {
    **_METADATA,
    "/spec/replicas": "scale",
    "/spec/template": "template",
    "/spec/minReadySeconds": "behaviour",
    "/spec/progressDeadlineSeconds": "behaviour",
    "/spec/progressDeadlineAbort": "behaviour",
    "/spec/revisionHistoryLimit": "behaviour",
    "/spec/paused": "state",
}
# Labels by which a waypoint of Istio's ambient mode gets the requests of a Service.
_WAYPOINT: Mapping[str, FieldClass] = dict.fromkeys(
    (
        "/metadata/labels/istio.io~1use-waypoint",
        "/metadata/labels/istio.io~1use-waypoint-namespace",
        "/metadata/labels/istio.io~1ingress-use-waypoint",
    ),
    "traffic",
)
_ENFORCED = "pod-security.kubernetes.io~1enforce"
_ROUTES: Mapping[str, FieldClass] = {**_METADATA, "/spec": "traffic"}
_LATER: Mapping[str, FieldClass] = {**_METADATA, "/spec": "behaviour"}
_DATA: Mapping[str, FieldClass] = {
    **_METADATA,
    "/data": "template",
    "/binaryData": "template",
    "/stringData": "template",
}
_RIGHTS: Mapping[str, FieldClass] = {
    **_METADATA,
    "/rules": "behaviour",
    "/aggregationRule": "behaviour",
    "/subjects": "behaviour",
}
_SECRETS: Mapping[str, FieldClass] = {**_METADATA, "/spec": "template"}  # an operator makes a Secret of it
_WEBHOOKS: Mapping[str, FieldClass] = {**_METADATA, "/webhooks": "behaviour"}

# By kind of object, then by pointer; as above, the nearest prefix counts, and other paths are CAUTIOUS.
MANIFEST: Mapping[str, Mapping[str, FieldClass]] = {
    "Deployment": {**_WORKLOAD, "/spec/strategy": "behaviour"},
    "Rollout": {
        **_WORKLOAD,
        "/spec/analysis": "behaviour",
        "/spec/rollbackWindow": "behaviour",
        "/spec/restartAt": "state",
        "/spec/strategy": "behaviour",
        "/spec/strategy/canary": "behaviour",
        "/spec/strategy/canary/steps": "state",
        "/spec/strategy/canary/trafficRouting": "traffic",
        "/spec/strategy/canary/canaryService": "traffic",
        "/spec/strategy/canary/stableService": "traffic",
        "/spec/strategy/canary/minPodsPerReplicaSet": "scale",
        "/spec/strategy/canary/dynamicStableScale": "scale",
        "/spec/strategy/canary/analysis/args": "state",  # the version that the queries ask for
        "/spec/strategy/canary/canaryMetadata": "metadata",  # the controller changes running pods in place
        "/spec/strategy/canary/stableMetadata": "metadata",
        "/spec/strategy/blueGreen": "behaviour",
        "/spec/strategy/blueGreen/activeService": "identity",
        "/spec/strategy/blueGreen/previewService": "traffic",
        "/spec/strategy/blueGreen/autoPromotionEnabled": "state",
        "/spec/strategy/blueGreen/prePromotionAnalysis/args": "state",
        "/spec/strategy/blueGreen/postPromotionAnalysis/args": "state",
        "/spec/strategy/blueGreen/previewReplicaCount": "scale",
        "/spec/strategy/blueGreen/activeMetadata": "metadata",
        "/spec/strategy/blueGreen/previewMetadata": "metadata",
    },
    "Service": {
        **_METADATA,
        **_WAYPOINT,
        "/metadata/annotations": "traffic",
        "/spec": "traffic",
        "/spec/selector": "identity",
        "/spec/clusterIP": "identity",
        "/spec/clusterIPs": "identity",
        "/spec/ipFamilies": "identity",
        "/spec/healthCheckNodePort": "identity",
        "/spec/loadBalancerClass": "identity",
    },
    "VirtualService": _ROUTES,
    "DestinationRule": _ROUTES,
    "Gateway": _ROUTES,
    "ServiceEntry": {**_ROUTES, **_WAYPOINT},
    "Sidecar": _ROUTES,
    "AuthorizationPolicy": _ROUTES,
    "PeerAuthentication": _ROUTES,
    "RequestAuthentication": _ROUTES,
    "NetworkPolicy": _ROUTES,
    "Ingress": {**_ROUTES, "/metadata/annotations": "traffic"},  # a controller routes by them
    "HTTPRoute": _ROUTES,
    "GRPCRoute": _ROUTES,
    "TCPRoute": _ROUTES,
    "TLSRoute": _ROUTES,
    "UDPRoute": _ROUTES,
    "Gateway.gateway.networking.k8s.io": _ROUTES,
    "EnvoyFilter": _ROUTES,
    "WasmPlugin": _ROUTES,
    "Telemetry": _LATER,
    "Namespace": {
        **_METADATA,
        **_WAYPOINT,
        "/metadata/labels/istio.io~1dataplane-mode": "traffic",  # pods that run get into ambient mode, or leave it
        **dict.fromkeys(
            (f"/metadata/labels/{label}" for label in ("istio-injection", "istio.io~1rev", _ENFORCED)), "behaviour"
        ),
    },
    **{kind: {**_METADATA, "/spec": "scale"} for kind in SCALERS},
    "ResourceQuota": {**_METADATA, "/spec": "scale"},
    "LimitRange": _LATER,
    "PodDisruptionBudget": {**_LATER, "/spec/selector": "behaviour"},
    "AnalysisTemplate": _LATER,
    "ServiceMonitor": _LATER,
    "PodMonitor": _LATER,
    "PrometheusRule": _LATER,
    "ServiceAccount": {
        **_METADATA,
        "/metadata/annotations": "behaviour",
        "/automountServiceAccountToken": "behaviour",
        "/imagePullSecrets": "behaviour",
        "/secrets": "behaviour",
    },
    "ConfigMap": _DATA,  # running pods get it without a canary; the app's own ones are named by their content
    "Secret": _DATA,
    "Role": _RIGHTS,
    "RoleBinding": _RIGHTS,  # but for its roleRef, which is immutable
    "ClusterRole": _RIGHTS,
    "ClusterRoleBinding": _RIGHTS,
    # Of these the API server refuses every change but the ones that are listed (`Validate...Update` of each kind).
    "Job": {
        **_METADATA,
        **dict.fromkeys(
            (
                "/spec/parallelism",
                "/spec/suspend",
                "/spec/activeDeadlineSeconds",
                "/spec/backoffLimit",
                "/spec/maxFailedIndexes",
                "/spec/podReplacementPolicy",
                "/spec/ttlSecondsAfterFinished",
            ),
            "behaviour",
        ),
    },
    "StatefulSet": {
        **_METADATA,
        "/spec/replicas": "scale",
        "/spec/template": "template",
        "/spec/updateStrategy": "behaviour",
        "/spec/minReadySeconds": "behaviour",
        "/spec/revisionHistoryLimit": "behaviour",
        "/spec/persistentVolumeClaimRetentionPolicy": "behaviour",
    },
    "PersistentVolumeClaim": {
        **_METADATA,
        "/spec/resources": "behaviour",
        "/spec/volumeAttributesClassName": "behaviour",
    },
    "PersistentVolume": {
        **_METADATA,
        "/spec/capacity": "behaviour",
        "/spec/mountOptions": "behaviour",
        "/spec/persistentVolumeReclaimPolicy": "behaviour",
    },
    "StorageClass": {**_METADATA, "/allowVolumeExpansion": "behaviour"},
    "PriorityClass": {**_METADATA, "/description": "behaviour", "/globalDefault": "behaviour"},
    "CronJob": _LATER,
    "DaemonSet": {
        **_METADATA,
        "/spec/template": "template",
        "/spec/updateStrategy": "behaviour",
        "/spec/minReadySeconds": "behaviour",
        "/spec/revisionHistoryLimit": "behaviour",
    },
    "CustomResourceDefinition": {**_METADATA, "/spec/versions": "behaviour", "/spec/conversion": "behaviour"},
    "ValidatingWebhookConfiguration": _WEBHOOKS,
    "MutatingWebhookConfiguration": _WEBHOOKS,
    "ExternalSecret": _SECRETS,
    "SealedSecret": _SECRETS,
    "SecretProviderClass": _SECRETS,
    "Certificate": _LATER,
    "TriggerAuthentication": _LATER,
}


@cache
def table(schema: str) -> Mapping[str, FieldClass]:
    """The paths of an App, Overlay or Project and what each of them is about: `x-rollspec-class` of its schema.

    A path inside a field of Kubernetes, Argo Rollouts or Istio has the class of its nearest prefix.
    """
    content = read_schema(f"rollspec/{schema.lower()}.json")
    root = json.loads(content or b"{}")
    return dict(_classes(root, root, ""))


def _classes(root: Mapping[str, Any], node: Mapping[str, Any], pointer: str) -> Iterator[tuple[str, FieldClass]]:
    reference = str(node.get("$ref", ""))
    if reference.startswith("#/definitions/"):
        yield from _classes(root, root["definitions"][reference.rpartition("/")[2]], pointer)
    for part in (*node.get("allOf", ()), node.get("items")):
        if isinstance(part, dict) and "if" not in part:
            yield from _classes(root, part, pointer)
    for key, value in node.get("properties", {}).items():
        if "x-rollspec-class" in value:
            yield f"{pointer}/{key}", value["x-rollspec-class"]
        if not value.get("x-rollspec-whole"):  # a change inside it is a change of all of it
            yield from _classes(root, value, f"{pointer}/{key}")


def field_class(schema: str, pointer: str) -> FieldClass:
    """The class of a path of an App, Overlay or Project."""
    return _nearest(table(schema), _without_numbers(pointer))


def manifest_field_class(kind: str, pointer: str) -> FieldClass:
    """The class of a path in a manifest."""
    return _nearest(MANIFEST.get(kind, _METADATA), pointer)


def is_known(kind: str) -> bool:
    """Whether it is written down which fields of the kind may change."""
    return kind in MANIFEST


def _nearest(classes: Mapping[str, FieldClass], pointer: str) -> FieldClass:
    while pointer:
        if pointer in classes:
            return classes[pointer]
        pointer = pointer.rpartition("/")[0]
    return CAUTIOUS


def _without_numbers(pointer: str) -> str:
    """An item of a list counts as the list."""
    return "/".join(part for part in pointer.split("/") if not part.isdecimal())
