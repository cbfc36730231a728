"""What the API server fills in: an object is compared without the values that it would get anyway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from renderer.rules.autoscaling import DEFAULT_METRICS

Data = Any

# Which type a field holds (an item's, where it is a list), by the type that has the field.
TYPES: Mapping[str, Mapping[str, str]] = {
    "Deployment": {"spec": "DeploymentSpec", "metadata": "Metadata"},
    "Rollout": {"spec": "RolloutSpec", "metadata": "Metadata"},
    "Service": {"spec": "ServiceSpec", "metadata": "Metadata"},
    "HorizontalPodAutoscaler": {"spec": "HorizontalPodAutoscalerSpec", "metadata": "Metadata"},
    "Job": {"spec": "JobSpec", "metadata": "Metadata"},
    "CronJob": {"spec": "CronJobSpec", "metadata": "Metadata"},
    "CronJobSpec": {"jobTemplate": "JobTemplate"},
    "JobTemplate": {"spec": "JobSpecOfCronJob", "metadata": "Metadata"},
    "JobSpec": {"template": "PodTemplate"},
    "JobSpecOfCronJob": {"template": "PodTemplate"},
    "DeploymentSpec": {"template": "PodTemplate", "strategy": "DeploymentStrategy"},
    "DeploymentStrategy": {"rollingUpdate": "RollingUpdate"},
    "RolloutSpec": {"template": "PodTemplate", "strategy": "RolloutStrategy"},
    "RolloutStrategy": {"canary": "CanaryStrategy", "blueGreen": "BlueGreenStrategy"},
    "PodTemplate": {"spec": "PodSpec", "metadata": "Metadata"},
    "PodSpec": {
        "containers": "Container",
        "initContainers": "Container",
        "volumes": "Volume",
        "securityContext": "PodSecurityContext",
    },
    "Container": {
        "ports": "ContainerPort",
        "env": "EnvVar",
        "livenessProbe": "Probe",
        "readinessProbe": "Probe",
        "startupProbe": "Probe",
        "lifecycle": "Lifecycle",
    },
    "Lifecycle": {"postStart": "Handler", "preStop": "Handler"},
    "Handler": {"httpGet": "HTTPGetAction"},
    "EnvVar": {"valueFrom": "EnvVarSource"},
    "EnvVarSource": {"fieldRef": "ObjectFieldSelector", "resourceFieldRef": "ResourceFieldSelector"},
    "Probe": {"httpGet": "HTTPGetAction", "grpc": "GRPCAction"},
    "Volume": {
        "configMap": "VolumeSource",
        "secret": "VolumeSource",
        "projected": "ProjectedVolumeSource",
        "downwardAPI": "DownwardAPIVolumeSource",
        "hostPath": "HostPathVolumeSource",
    },
    "ProjectedVolumeSource": {"sources": "VolumeProjection"},
    "VolumeProjection": {
        "serviceAccountToken": "ServiceAccountTokenProjection",
        "downwardAPI": "DownwardAPIProjection",
    },
    "DownwardAPIVolumeSource": {"items": "DownwardAPIVolumeFile"},
    "DownwardAPIProjection": {"items": "DownwardAPIVolumeFile"},
    "DownwardAPIVolumeFile": {"fieldRef": "ObjectFieldSelector", "resourceFieldRef": "ResourceFieldSelector"},
    "ServiceSpec": {"ports": "ServicePort"},
    "HorizontalPodAutoscalerSpec": {"behavior": "Behavior"},
    "Behavior": {"scaleUp": "ScaleUp", "scaleDown": "ScaleDown"},
}
# The value that each field of a type gets when an object comes without it; `python -m tests.engines
# defaults` asks the real API server.
VALUES: Mapping[str, Mapping[str, Any]] = {
    "DeploymentSpec": {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600, "minReadySeconds": 0,
                       "paused": False, "strategy": {}},
    "DeploymentStrategy": {"type": "RollingUpdate", "rollingUpdate": {}},
    "RollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
    "RolloutSpec": {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600, "minReadySeconds": 0,
                    "paused": False},  # by the controller: the schema of a Rollout has no defaults
    "CanaryStrategy": {"maxSurge": "25%", "maxUnavailable": "25%", "dynamicStableScale": False},
    "BlueGreenStrategy": {"maxUnavailable": "25%", "autoPromotionEnabled": True},
    "CronJobSpec": {"concurrencyPolicy": "Allow", "suspend": False, "successfulJobsHistoryLimit": 3,
                    "failedJobsHistoryLimit": 1},
    "JobSpec": {"backoffLimit": 6, "completions": 1, "parallelism": 1, "completionMode": "NonIndexed",
                "suspend": False, "manualSelector": False,
                "podReplacementPolicy": "TerminatingOrFailed"},  # for a Job, not for the template of a CronJob
    "JobTemplate": {"metadata": {}},
    "PodTemplate": {"metadata": {}},
    "PodSpec": {"restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler",
                "terminationGracePeriodSeconds": 30, "securityContext": {}, "enableServiceLinks": True,
                "hostNetwork": False, "hostPID": False, "hostIPC": False},
    "Container": {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
                  "resources": {}, "stdin": False, "stdinOnce": False, "tty": False},
    "ContainerPort": {"protocol": "TCP"},
    "EnvVar": {"value": ""},
    "ObjectFieldSelector": {"apiVersion": "v1"},
    "ResourceFieldSelector": {"divisor": "0"},
    "Probe": {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3,
              "initialDelaySeconds": 0},
    "HTTPGetAction": {"scheme": "HTTP", "path": "/"},
    "GRPCAction": {"service": ""},
    "VolumeSource": {"defaultMode": 420},
    "ProjectedVolumeSource": {"defaultMode": 420},
    "DownwardAPIVolumeSource": {"defaultMode": 420},
    "HostPathVolumeSource": {"type": ""},
    "ServiceAccountTokenProjection": {"expirationSeconds": 3600},
    "ServiceSpec": {"type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster",
                    "publishNotReadyAddresses": False},
    "ServicePort": {"protocol": "TCP"},
    "HorizontalPodAutoscalerSpec": {"minReplicas": 1, "behavior": {}},
    "Behavior": {"scaleUp": {}, "scaleDown": {}},
    "ScaleUp": {"stabilizationWindowSeconds": 0, "selectPolicy": "Max",
                "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15},
                             {"type": "Percent", "value": 100, "periodSeconds": 15}]},
    "ScaleDown": {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]},
}  # fmt: skip
_REQUIRED = frozenset(("rules",))  # lists that an object must have, empty or not: the policies of a Job


def without_defaults(data: Data, kind: str) -> Data:
    """The object, or a part of it of type `kind`, without what the API server would fill in, nulls and empty lists."""
    if isinstance(data, list):
        return [without_defaults(item, kind) for item in data]
    if not isinstance(data, dict):
        return data
    types, values = TYPES.get(kind, {}), VALUES.get(kind, {})
    found = {}
    for key, value in data.items():
        if value is None or (value == [] and key not in _REQUIRED):
            continue
        short = without_defaults(value, types.get(key, ""))
        if key in values and _equal_in_type(short, values[key]):
            continue
        if kind == "Metadata" and key in ("labels", "annotations", "creationTimestamp") and not short:
            continue
        found[key] = short
    made = _COMPUTED.get(kind)
    return made(found) if made else found


def _equal_in_type(one: Data, other: Data) -> bool:
    return type(one) is type(other) and bool(one == other)


def pull_policy(image: str) -> str:
    """What `imagePullPolicy` is when a container does not say it."""
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return "Always" if tag in ("", "latest") and not digest else "IfNotPresent"


def _container(data: dict[str, Data]) -> dict[str, Data]:
    if data.get("imagePullPolicy") == pull_policy(str(data.get("image", ""))):
        del data["imagePullPolicy"]
    resources = data.get("resources")
    if isinstance(resources, dict):  # a limit without a request is the request too
        limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
        kept = {key: value for key, value in requests.items() if limits.get(key) != value}
        rest = {key: value for key, value in resources.items() if key != "requests" and value != {}}
        data["resources"] = {**rest, **({"requests": kept} if kept else {})}
        if not data["resources"]:
            del data["resources"]
    return data


def _pod_spec(data: dict[str, Data]) -> dict[str, Data]:
    if data.get("serviceAccount") == data.get("serviceAccountName"):
        data.pop("serviceAccount", None)
    if data.get("serviceAccountName") == "default":
        del data["serviceAccountName"]
    return data


def _service_port(data: dict[str, Data]) -> dict[str, Data]:
    if data.get("targetPort") in (data.get("port"), str(data.get("port"))):
        data.pop("targetPort", None)
    return data


def _service(data: dict[str, Data]) -> dict[str, Data]:
    if data.get("type") in ("NodePort", "LoadBalancer") and data.get("externalTrafficPolicy") == "Cluster":
        del data["externalTrafficPolicy"]
    if data.get("type") == "LoadBalancer" and data.get("allocateLoadBalancerNodePorts") is True:
        del data["allocateLoadBalancerNodePorts"]
    if data.get("sessionAffinityConfig") == {"clientIP": {"timeoutSeconds": 10800}}:
        del data["sessionAffinityConfig"]
    return data


def _autoscaler(data: dict[str, Data]) -> dict[str, Data]:
    percent = data.pop("targetCPUUtilizationPercentage", None)  # autoscaling/v1
    if percent is not None:
        target = {"type": "Utilization", "averageUtilization": percent}
        data["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    if data.get("metrics") == DEFAULT_METRICS:
        del data["metrics"]
    return data


_COMPUTED = {
    "Container": _container,
    "PodSpec": _pod_spec,
    "ServicePort": _service_port,
    "ServiceSpec": _service,
    "HorizontalPodAutoscalerSpec": _autoscaler,
}
