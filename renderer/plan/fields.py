"""What a path is about: the table of every path of the schemas, and the table of paths in manifests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

FieldClass = Literal[
    "template",  # the pod template: other bytes are another version
    "state",  # release state and step list: judged as a transition
    "scale",  # how many pods
    "traffic",  # which requests go where
    "behaviour",  # what the controller does next time; nothing moves now
    "metadata",  # labels and annotations of objects
    "identity",  # names, namespaces, selectors: another object
    "none",  # nothing of the running system
    "rendered",  # judged by what it changes in the manifests
]
CAUTIOUS: FieldClass = "identity"  # of a path that nobody wrote down

_PATCHES: Mapping[str, FieldClass] = {
    "/spec/patches": "rendered",
    "/spec/patches/target": "rendered",
    "/spec/patches/target/group": "rendered",
    "/spec/patches/target/version": "rendered",
    "/spec/patches/target/kind": "rendered",
    "/spec/patches/target/name": "rendered",
    "/spec/patches/target/namespace": "rendered",
    "/spec/patches/target/labelSelector": "rendered",
    "/spec/patches/target/annotationSelector": "rendered",
    "/spec/patches/patch": "rendered",
}
# A path inside a passthrough takes the class of its nearest prefix here. A test asserts that every path of the schema
# is here, and that nothing else is.
APP: Mapping[str, FieldClass] = {
    "/apiVersion": "none",
    "/kind": "none",
    "/metadata": "identity",
    "/metadata/name": "identity",
    "/metadata/labels": "metadata",
    "/metadata/annotations": "metadata",
    "/spec": "identity",
    "/spec/namespace": "identity",
    "/spec/image": "template",
    "/spec/tag": "state",
    "/spec/version": "state",
    "/spec/replicas": "scale",
    "/spec/autoscaling": "scale",
    "/spec/autoscaling/minReplicas": "scale",
    "/spec/autoscaling/maxReplicas": "scale",
    "/spec/autoscaling/cpu": "scale",
    "/spec/autoscaling/memory": "scale",
    "/spec/autoscaling/metrics": "scale",
    "/spec/autoscaling/behavior": "scale",
    "/spec/ports": "traffic",  # a container's ports show in the template
    "/spec/ports/name": "traffic",
    "/spec/ports/port": "traffic",
    "/spec/ports/targetPort": "traffic",
    "/spec/ports/protocol": "traffic",
    "/spec/ports/appProtocol": "traffic",
    "/spec/ports/nodePort": "traffic",
    "/spec/env": "template",
    "/spec/files": "template",  # the ConfigMap is named by its content
    "/spec/command": "template",
    "/spec/args": "template",
    "/spec/workingDir": "template",
    "/spec/envFrom": "template",
    "/spec/resources": "template",
    "/spec/volumeMounts": "template",
    "/spec/volumeDevices": "template",
    "/spec/livenessProbe": "template",
    "/spec/readinessProbe": "template",
    "/spec/startupProbe": "template",
    "/spec/lifecycle": "template",
    "/spec/terminationMessagePath": "template",
    "/spec/terminationMessagePolicy": "template",
    "/spec/imagePullPolicy": "template",
    "/spec/securityContext": "template",
    "/spec/stdin": "template",
    "/spec/stdinOnce": "template",
    "/spec/tty": "template",
    "/spec/resizePolicy": "template",
    "/spec/pod": "template",
    "/spec/podMetadata": "template",
    "/spec/podMetadata/labels": "template",
    "/spec/podMetadata/annotations": "template",
    "/spec/service": "traffic",
    "/spec/service/annotations": "traffic",  # cloud load balancers are set up by them
    "/spec/service/type": "traffic",
    "/spec/service/clusterIP": "identity",  # immutable
    "/spec/service/clusterIPs": "identity",
    "/spec/service/externalIPs": "traffic",
    "/spec/service/externalTrafficPolicy": "traffic",
    "/spec/service/internalTrafficPolicy": "traffic",
    "/spec/service/healthCheckNodePort": "identity",
    "/spec/service/ipFamilies": "identity",
    "/spec/service/ipFamilyPolicy": "traffic",
    "/spec/service/loadBalancerClass": "identity",
    "/spec/service/loadBalancerIP": "traffic",
    "/spec/service/loadBalancerSourceRanges": "traffic",
    "/spec/service/publishNotReadyAddresses": "traffic",
    "/spec/service/sessionAffinity": "traffic",
    "/spec/service/sessionAffinityConfig": "traffic",
    "/spec/service/trafficDistribution": "traffic",
    "/spec/service/allocateLoadBalancerNodePorts": "traffic",
    "/spec/strategy": "state",
    "/spec/strategy/type": "state",
    "/spec/strategy/router": "state",
    "/spec/strategy/maxSurge": "behaviour",
    "/spec/strategy/maxUnavailable": "behaviour",
    "/spec/strategy/minReadySeconds": "behaviour",
    "/spec/strategy/progressDeadlineSeconds": "behaviour",
    "/spec/strategy/progressDeadlineAbort": "behaviour",
    "/spec/strategy/revisionHistoryLimit": "behaviour",
    "/spec/strategy/rollbackWindow": "behaviour",
    "/spec/strategy/rollbackWindow/revisions": "behaviour",
    "/spec/strategy/analysisRunHistory": "behaviour",
    "/spec/strategy/steps": "state",  # part of the step list
    "/spec/strategy/autoPromotionEnabled": "state",
    "/spec/strategy/analysis": "behaviour",
    "/spec/strategy/analysis/templates": "behaviour",
    "/spec/strategy/analysis/args": "behaviour",
    "/spec/strategy/analysis/startingStep": "behaviour",
    "/spec/strategy/analysis/prometheus": "behaviour",
    "/spec/strategy/analysis/interval": "behaviour",
    "/spec/strategy/analysis/failureLimit": "behaviour",
    "/spec/strategy/analysis/successRate": "behaviour",
    "/spec/strategy/analysis/latency": "behaviour",
    "/spec/strategy/analysis/latency/p50": "behaviour",
    "/spec/strategy/analysis/latency/p90": "behaviour",
    "/spec/strategy/analysis/latency/p95": "behaviour",
    "/spec/strategy/analysis/latency/p99": "behaviour",
    "/spec/strategy/analysis/dryRun": "behaviour",
    "/spec/strategy/analysis/measurementRetention": "behaviour",
    "/spec/strategy/analysis/analysisRunMetadata": "behaviour",
    "/spec/strategy/analysis/window": "behaviour",
    "/spec/strategy/analysis/initialDelay": "behaviour",
    "/spec/strategy/analysis/scrapeInterval": "behaviour",
    "/spec/strategy/analysis/minRequests": "behaviour",
    "/spec/strategy/analysis/patience": "behaviour",
    "/spec/strategy/analysis/onNoData": "behaviour",
    "/spec/strategy/analysis/reporter": "behaviour",
    "/spec/strategy/analysis/compare": "behaviour",
    "/spec/strategy/analysis/compare/successRate": "behaviour",
    "/spec/strategy/analysis/compare/latency": "behaviour",
    "/spec/strategy/analysis/compare/latency/p50": "behaviour",
    "/spec/strategy/analysis/compare/latency/p90": "behaviour",
    "/spec/strategy/analysis/compare/latency/p95": "behaviour",
    "/spec/strategy/analysis/compare/latency/p99": "behaviour",
    "/spec/strategy/analysis/restarts": "behaviour",
    "/spec/strategy/analysis/cpu": "behaviour",
    "/spec/strategy/analysis/memory": "behaviour",
    "/spec/strategy/analysis/saturation": "behaviour",
    "/spec/strategy/analysis/saturation/query": "behaviour",
    "/spec/strategy/analysis/saturation/max": "behaviour",
    "/spec/strategy/prePromotionAnalysis": "behaviour",
    "/spec/strategy/postPromotionAnalysis": "behaviour",
    "/spec/strategy/minPodsPerReplicaSet": "scale",  # at once, while a canary is in flight
    "/spec/strategy/scaleDownDelaySeconds": "behaviour",
    "/spec/strategy/scaleDownDelayRevisionLimit": "behaviour",
    "/spec/strategy/abortScaleDownDelaySeconds": "behaviour",
    "/spec/strategy/dynamicStableScale": "scale",
    "/spec/strategy/previewReplicaCount": "scale",
    "/spec/strategy/antiAffinity": "behaviour",  # written into ReplicaSets; pods that run stay
    "/spec/canary": "state",
    "/spec/canary/tag": "state",
    "/spec/canary/version": "state",
    "/spec/canary/weight": "state",
    "/spec/canary/from": "state",
    "/spec/canary/overrides": "state",
    "/spec/preview": "state",
    "/spec/preview/tag": "state",
    "/spec/preview/version": "state",
    "/spec/preview/overrides": "state",
    "/spec/previous": "state",
    "/spec/previous/tag": "state",
    "/spec/previous/version": "state",
    "/spec/previous/weight": "state",
    "/spec/previous/overrides": "state",
    "/spec/aborted": "state",
    "/spec/aborted/tag": "state",
    "/spec/aborted/version": "state",
    "/spec/aborted/weight": "state",
    "/spec/aborted/overrides": "state",
    "/spec/migration": "state",
    "/spec/migration/from": "state",
    "/spec/migration/to": "state",
    "/spec/migration/after": "state",
    "/spec/restartedAt": "state",
    "/spec/paused": "state",
    "/spec/istio": "traffic",
    "/spec/istio/hosts": "traffic",
    "/spec/istio/gateways": "traffic",
    "/spec/istio/canaryHeaders": "traffic",
    "/spec/istio/http": "traffic",
    "/spec/istio/http/match": "traffic",
    "/spec/istio/http/rewrite": "traffic",
    "/spec/istio/http/timeout": "traffic",
    "/spec/istio/http/retries": "traffic",
    "/spec/istio/http/headers": "traffic",
    "/spec/istio/http/corsPolicy": "traffic",
    "/spec/istio/http/fault": "traffic",
    "/spec/istio/http/mirror": "traffic",
    "/spec/istio/http/mirrorPercentage": "traffic",
    "/spec/istio/trafficPolicy": "traffic",
    "/spec/istio/exportTo": "traffic",
    "/spec/disruptionBudget": "behaviour",
    "/spec/disruptionBudget/minAvailable": "behaviour",
    "/spec/disruptionBudget/maxUnavailable": "behaviour",
    "/spec/disruptionBudget/unhealthyPodEvictionPolicy": "behaviour",
    "/spec/serviceAccount": "template",  # pods name it
    "/spec/serviceAccount/annotations": "behaviour",  # what pods may do that start from now on
    "/spec/serviceAccount/labels": "metadata",
    "/spec/serviceAccount/automountServiceAccountToken": "behaviour",
    "/spec/selector": "identity",
    "/spec/containerName": "template",
    **_PATCHES,
    "/spec/extraResources": "rendered",
}

OVERLAY: Mapping[str, FieldClass] = {
    "/apiVersion": "none",
    "/kind": "none",
    "/metadata": "identity",
    "/metadata/name": "identity",
    "/spec": "identity",
    "/spec/namespace": "identity",
    "/spec/cluster": "identity",
    "/spec/cluster/name": "identity",
    "/spec/cluster/server": "identity",
    "/spec/extends": "rendered",
    "/spec/apps": "rendered",  # an app more or less is its own plan
    "/spec/labels": "metadata",
    "/spec/annotations": "metadata",
    "/spec/defaults": "rendered",  # shows in the effective spec of each app
    **_PATCHES,
    "/spec/resources": "rendered",
    "/spec/external": "none",  # what is said to exist elsewhere
    "/spec/policy": "none",
    "/spec/policy/templateChanges": "none",
    "/spec/policy/images": "none",
    "/spec/policy/digests": "none",
    "/spec/policy/requiredLabels": "none",
    "/spec/policy/analysis": "none",
    "/spec/analysis": "behaviour",
    "/spec/analysis/prometheus": "behaviour",
    "/spec/analysis/scrapeInterval": "behaviour",
    "/spec/analysis/interval": "behaviour",
    "/spec/analysis/window": "behaviour",
    "/spec/analysis/minRequests": "behaviour",
    "/spec/analysis/patience": "behaviour",
    "/spec/analysis/onNoData": "behaviour",
    "/spec/analysis/reporter": "behaviour",
}

PROJECT: Mapping[str, FieldClass] = {
    "/apiVersion": "none",
    "/kind": "none",
    "/metadata": "none",
    "/metadata/name": "none",
    "/spec": "rendered",
    "/spec/renderLevel": "rendered",
    "/spec/apps": "rendered",
    "/spec/overlays": "rendered",
    "/spec/output": "identity",  # where Argo CD looks: the old folder's objects would be pruned
    "/spec/templates": "rendered",
    "/spec/repository": "none",  # as argocd: it is in Argo CD's own objects, not in what an app gets
    "/spec/repository/url": "none",
    "/spec/repository/revision": "none",
    "/spec/repository/path": "none",
    "/spec/versions": "none",
    "/spec/versions/kubernetes": "none",
    "/spec/versions/argoRollouts": "none",
    "/spec/versions/istio": "none",
    "/spec/versions/argoCD": "none",
    "/spec/clusterDomain": "rendered",
    "/spec/kustomization": "rendered",
    "/spec/argocd": "none",
    "/spec/argocd/kind": "none",
    "/spec/argocd/namespace": "none",
    "/spec/argocd/project": "none",
}

TABLES: Mapping[str, Mapping[str, FieldClass]] = {"App": APP, "Overlay": OVERLAY, "Project": PROJECT}

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
_ROUTES: Mapping[str, FieldClass] = {**_METADATA, "/spec": "traffic"}
_LATER: Mapping[str, FieldClass] = {**_METADATA, "/spec": "behaviour"}
_DATA: Mapping[str, FieldClass] = {
    **_METADATA,
    "/data": "template",
    "/binaryData": "template",
    "/stringData": "template",
}
_RIGHTS: Mapping[str, FieldClass] = {**_METADATA, "/rules": "behaviour", "/subjects": "behaviour"}

# By kind of object, then by pointer; as above, the nearest prefix counts, and what is not here is CAUTIOUS.
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
        "/spec/strategy/canary/canaryMetadata": "metadata",  # the controller changes running pods in place
        "/spec/strategy/canary/stableMetadata": "metadata",
        "/spec/strategy/blueGreen": "behaviour",
        "/spec/strategy/blueGreen/activeService": "identity",
        "/spec/strategy/blueGreen/previewService": "traffic",
        "/spec/strategy/blueGreen/autoPromotionEnabled": "state",
        "/spec/strategy/blueGreen/previewReplicaCount": "scale",
        "/spec/strategy/blueGreen/activeMetadata": "metadata",
        "/spec/strategy/blueGreen/previewMetadata": "metadata",
    },
    "Service": {
        **_METADATA,
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
    "ServiceEntry": _ROUTES,
    "Sidecar": _ROUTES,
    "AuthorizationPolicy": _ROUTES,
    "PeerAuthentication": _ROUTES,
    "RequestAuthentication": _ROUTES,
    "NetworkPolicy": _ROUTES,
    "Ingress": _ROUTES,
    "HTTPRoute": _ROUTES,
    "HorizontalPodAutoscaler": {**_METADATA, "/spec": "scale"},
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
    "ConfigMap": _DATA,  # running pods see it without a canary; the app's own ones are named by their content
    "Secret": _DATA,
    "Role": _RIGHTS,
    "RoleBinding": _RIGHTS,
}


def field_class(schema: str, pointer: str) -> FieldClass:
    """The class of a path of an App, Overlay or Project."""
    return _nearest(TABLES[schema], _without_numbers(pointer))


def manifest_field_class(kind: str, pointer: str) -> FieldClass:
    """The class of a path in a manifest."""
    return _nearest(MANIFEST.get(kind, _METADATA), pointer)


def _nearest(table: Mapping[str, FieldClass], pointer: str) -> FieldClass:
    while pointer:
        if pointer in table:
            return table[pointer]
        pointer = pointer.rpartition("/")[0]
    return CAUTIOUS


def _without_numbers(pointer: str) -> str:
    """An item of a list counts as the list."""
    return "/".join(part for part in pointer.split("/") if not part.isdecimal())
