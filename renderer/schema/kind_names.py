"""The kinds of all sets by apiVersion, to suggest one for an unknown kind; a test compares them with the sets."""

from __future__ import annotations

KINDS: dict[str, str] = {
    "admissionregistration.k8s.io/v1": (
        "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration "
        "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration"
    ),
    "admissionregistration.k8s.io/v1beta1": "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding",
    "apiextensions.k8s.io/v1": "CustomResourceDefinition",
    "apiregistration.k8s.io/v1": "APIService",
    "apps/v1": "DaemonSet Deployment ReplicaSet StatefulSet",
    "argoproj.io/v1alpha1": (
        "AnalysisRun AnalysisTemplate AppProject Application ApplicationSet ClusterAnalysisTemplate Experiment Rollout"
    ),
    "autoscaling/v1": "HorizontalPodAutoscaler",
    "autoscaling/v2": "HorizontalPodAutoscaler",
    "batch/v1": "CronJob Job",
    "certificates.k8s.io/v1": "ClusterTrustBundle",
    "certificates.k8s.io/v1beta1": "ClusterTrustBundle",
    "coordination.k8s.io/v1": "Lease",
    "discovery.k8s.io/v1": "EndpointSlice",
    "extensions.istio.io/v1alpha1": "TrafficExtension WasmPlugin",
    "flowcontrol.apiserver.k8s.io/v1": "FlowSchema PriorityLevelConfiguration",
    "networking.istio.io/v1": (
        "DestinationRule Gateway ServiceEntry Sidecar VirtualService WorkloadEntry WorkloadGroup"
    ),
    "networking.istio.io/v1alpha3": (
        "DestinationRule EnvoyFilter Gateway ServiceEntry Sidecar VirtualService WorkloadEntry WorkloadGroup"
    ),
    "networking.istio.io/v1beta1": (
        "DestinationRule Gateway ProxyConfig ServiceEntry Sidecar VirtualService WorkloadEntry WorkloadGroup"
    ),
    "networking.k8s.io/v1": "Ingress IngressClass NetworkPolicy ServiceCIDR",
    "networking.k8s.io/v1beta1": "ServiceCIDR",
    "node.k8s.io/v1": "RuntimeClass",
    "policy/v1": "PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1": "ClusterRole ClusterRoleBinding Role RoleBinding",
    "resource.k8s.io/v1": "DeviceClass DeviceTaintRule ResourceClaim ResourceClaimTemplate",
    "resource.k8s.io/v1beta1": "DeviceClass ResourceClaim ResourceClaimTemplate",
    "resource.k8s.io/v1beta2": "DeviceClass DeviceTaintRule ResourceClaim ResourceClaimTemplate",
    "scheduling.k8s.io/v1": "PriorityClass",
    "scheduling.k8s.io/v1beta1": "PodGroup Workload",
    "security.istio.io/v1": "AuthorizationPolicy PeerAuthentication RequestAuthentication",
    "security.istio.io/v1beta1": "AuthorizationPolicy PeerAuthentication RequestAuthentication",
    "storage.k8s.io/v1": "CSIDriver CSIStorageCapacity StorageClass VolumeAttributesClass",
    "storage.k8s.io/v1beta1": "VolumeAttributesClass",
    "telemetry.istio.io/v1": "Telemetry",
    "telemetry.istio.io/v1alpha1": "Telemetry",
    "v1": (
        "ConfigMap Endpoints LimitRange Namespace Node PersistentVolume PersistentVolumeClaim Pod PodTemplate "
        "ReplicationController ResourceQuota Secret Service ServiceAccount"
    ),
}
