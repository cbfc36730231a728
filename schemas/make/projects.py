"""What we know of Argo Rollouts, Istio and Argo CD beyond their CRDs, and which parts of them a spec may hold."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.make.crd import Knowledge
from schemas.make.values import (
    LABEL,
    SUBDOMAIN,
    Schema,
    closed,
    one_of,
    ref,
    whole,
)

_COUNT = whole(0, 2**31 - 1)
_WEIGHT = whole(1, 100)

_EPHEMERAL = (
    "activeMetadata",
    "analysisRunMetadata",
    "canaryMetadata",
    "metadata",
    "previewMetadata",
    "stableMetadata",
)

# Rollouts 1.9 and 1.10: pkg/apis/rollouts/v1alpha1/types.go, validation/validation.go, utils/defaults.
ROLLOUTS = Knowledge(
    fields={
        **dict.fromkeys(_EPHEMERAL, ref("PodTemplateMetadata")),
        "selector": ref("LabelSelector"),
        "template": ref("PodTemplateSpec"),
        "job/spec": ref("JobSpec"),
        "spec/minReadySeconds": _COUNT,
        "spec/progressDeadlineSeconds": _COUNT,
        "spec/replicas": _COUNT,
        "spec/revisionHistoryLimit": _COUNT,
        "secretKeyRef/key": ref("ConfigKey"),
        "secretKeyRef/name": SUBDOMAIN,
        "templateName": SUBDOMAIN,
        "workloadRef/scaleDown": one_of("never", "onsuccess", "progressively"),
        "blueGreen/activeService": ref("DNS1035Label"),
        "blueGreen/autoPromotionSeconds": _COUNT,
        "blueGreen/maxUnavailable": ref("IntOrPercent"),
        "blueGreen/previewReplicaCount": _COUNT,
        "blueGreen/previewService": ref("DNS1035Label"),
        "canary/canaryService": ref("DNS1035Label"),
        "canary/maxSurge": ref("IntOrPercent"),
        "canary/maxUnavailable": ref("IntOrPercent"),
        "canary/minPodsPerReplicaSet": _COUNT,
        "canary/stableService": ref("DNS1035Label"),
        "abortScaleDownDelaySeconds": _COUNT,
        "scaleDownDelayRevisionLimit": _COUNT,
        "scaleDownDelaySeconds": _COUNT,
        "replicaProgressThreshold/type": one_of("Percent", "Pods"),
        "preferredDuringSchedulingIgnoredDuringExecution/weight": _WEIGHT,
        "steps/[]/setWeight": _COUNT,
        "steps/[]/pause/duration": ref("DurationOrSeconds"),
        "setCanaryScale/replicas": _COUNT,
        "setCanaryScale/weight": whole(0, 100),
        "setMirrorRoute/percentage": whole(0, 100),
        "istio/destinationRule/canarySubsetName": LABEL,
        "istio/destinationRule/name": SUBDOMAIN,
        "istio/destinationRule/stableSubsetName": LABEL,
        "istio/virtualService/name": SUBDOMAIN,
        "istio/virtualServices/[]/name": SUBDOMAIN,
        "tcpRoutes/[]/port": ref("Port"),
        "tlsRoutes/[]/port": ref("Port"),
        "servicePort": ref("Port"),
        # AnalysisTemplate, AnalysisRun: `{{args.x}}` may stand for a value
        "metrics/[]/consecutiveErrorLimit": ref("IntOrArgument"),
        "metrics/[]/consecutiveSuccessLimit": ref("IntOrArgument"),
        "metrics/[]/count": ref("IntOrArgument"),
        "metrics/[]/failureLimit": ref("IntOrArgument"),
        "metrics/[]/inconclusiveLimit": ref("IntOrArgument"),
        "metrics/[]/initialDelay": ref("DurationOrArgument"),
        "metrics/[]/interval": ref("DurationOrArgument"),
        "web/method": one_of("GET", "POST", "PUT"),
    },
)

# The CRDs' pod templates leave volumes and resources open; a core pod template closes them (`checked_templates`).
POD_TEMPLATE = closed({"metadata": ref("PodTemplateMetadata"), "spec": ref("PodSpec")}, ("spec",))

# Istio 1.30 and 1.31: pkg/config/validation.
ISTIO = Knowledge(
    fields={
        "percentage/value": {"type": "number", "minimum": 0, "maximum": 100},
        "mirrorPercentage/value": {"type": "number", "minimum": 0, "maximum": 100},
        "subsets/[]/labels": ref("Labels"),
        "subsets/[]/name": LABEL,
        "route/[]/destination/subset": LABEL,
        "route/[]/weight": _COUNT,
        "sourceLabels": ref("Labels"),
        "retries/attempts": _COUNT,
    },
    names={"Gateway": LABEL},
    spec_optional=frozenset(
        {
            "AuthorizationPolicy",
            "EnvoyFilter",
            "PeerAuthentication",
            "ProxyConfig",
            "RequestAuthentication",
            "Telemetry",
        }
    ),
)

# Argo CD 3.6. An ApplicationSet's template has the same fields, but may hold placeholders.
ARGO_CD = Knowledge(
    fields={
        "Application/spec/destination/namespace": LABEL,
        "Application/spec/revisionHistoryLimit": _COUNT,
        "Application/spec/syncPolicy/retry/backoff/duration": ref("BackoffDuration"),
        "Application/spec/syncPolicy/retry/backoff/maxDuration": ref("BackoffDuration"),
    },
)

# Parts of a set that the app spec's own schema refers to, and parts that recur in its kinds and deserve their name:
# name -> the kind's file and the path inside its schema.
Parts = Mapping[str, tuple[str, str]]
_ROLLOUT = "argoproj.io/rollout_v1alpha1.json"
_ANALYSIS = "argoproj.io/analysistemplate_v1alpha1.json"
_ROUTES = "networking.istio.io/virtualservice_v1.json"
_RULE = "networking.istio.io/destinationrule_v1.json"
_APPLICATION = "argoproj.io/application_v1alpha1.json"

ROLLOUT_PARTS: Parts = {
    "AnalysisArguments": (_ROLLOUT, "spec/strategy/blueGreen/prePromotionAnalysis/args"),
    "AnalysisTemplateRefs": (_ROLLOUT, "spec/strategy/blueGreen/prePromotionAnalysis/templates"),
    "AntiAffinity": (_ROLLOUT, "spec/strategy/canary/antiAffinity"),
    "BlueGreenStrategy": (_ROLLOUT, "spec/strategy/blueGreen"),
    "CanaryStep": (_ROLLOUT, "spec/strategy/canary/steps/[]"),
    "CanaryStrategy": (_ROLLOUT, "spec/strategy/canary"),
    "DryRun": (_ROLLOUT, "spec/strategy/blueGreen/prePromotionAnalysis/dryRun"),
    "MeasurementRetention": (_ROLLOUT, "spec/strategy/blueGreen/prePromotionAnalysis/measurementRetention"),
    "StringMatch": (_ROLLOUT, "spec/strategy/canary/steps/[]/setMirrorRoute/match/[]/path"),
    "Metric": (_ANALYSIS, "spec/metrics/[]"),
    "RollbackWindow": (_ROLLOUT, "spec/rollbackWindow"),
    "RolloutAnalysis": (_ROLLOUT, "spec/strategy/blueGreen/prePromotionAnalysis"),
    "RolloutAnalysisBackground": (_ROLLOUT, "spec/strategy/canary/analysis"),
    "RolloutAnalysisRunHistory": (_ROLLOUT, "spec/analysis"),
    "RolloutStrategy": (_ROLLOUT, "spec/strategy"),
}
ISTIO_PARTS: Parts = {
    "ConnectionPoolSettings": (_RULE, "spec/trafficPolicy/connectionPool"),
    "ClientTLSSettings": (_RULE, "spec/trafficPolicy/tls"),
    "Destination": (_ROUTES, "spec/http/[]/route/[]/destination"),
    "HTTPMatchRequest": (_ROUTES, "spec/http/[]/match/[]"),
    "HTTPRoute": (_ROUTES, "spec/http/[]"),
    "HeaderOperations": (_ROUTES, "spec/http/[]/headers/request"),
    "Headers": (_ROUTES, "spec/http/[]/headers"),
    "LoadBalancerSettings": (_RULE, "spec/trafficPolicy/loadBalancer"),
    "OutlierDetection": (_RULE, "spec/trafficPolicy/outlierDetection"),
    "Percent": (_ROUTES, "spec/http/[]/mirrorPercentage"),
    "StringMatch": (_ROUTES, "spec/http/[]/match/[]/uri"),
    "TCPRoute": (_ROUTES, "spec/tcp/[]"),
    "TLSRoute": (_ROUTES, "spec/tls/[]"),
    "Subset": (_RULE, "spec/subsets/[]"),
    "TrafficPolicy": (_RULE, "spec/trafficPolicy"),
}
ARGO_CD_PARTS: Parts = {
    "ApplicationSource": (_APPLICATION, "spec/source"),
    "ApplicationDestination": (_APPLICATION, "spec/destination"),
    "SyncPolicy": (_APPLICATION, "spec/syncPolicy"),
}
# Of a Kubernetes set: these, with all that they refer to.
KUBERNETES_PARTS = (
    "Annotations",
    "ConfigMap",
    "Container",
    "EnvVar",
    "EnvVarSource",
    "HorizontalPodAutoscalerSpec",
    "IntOrPercent",
    "IntOrString",
    "JobSpec",
    "LabelKey",
    "LabelSelector",
    "LabelValue",
    "Labels",
    "MetricSpec",
    "ObjectMeta",
    "PodDisruptionBudgetSpec",
    "PodSpec",
    "PodTemplateMetadata",
    "PodTemplateSpec",
    "Port",
    "PortName",
    "PortOrName",
    "Quantity",
    "ServicePort",
    "ServiceSpec",
    "Time",
)


def spec_parts(known: Mapping[str, Schema]) -> dict[str, Schema]:
    """The Kubernetes parts; a PodSpec without `required`, since the app's own container is added to it."""
    parts = {name: known[name] for name in KUBERNETES_PARTS}
    pod = {key: value for key, value in known["PodSpec"].items() if key != "required"}
    return {**parts, "PodSpec": pod}
