"""Which lists a strategic merge merges, and by which keys.

Made by schemas/merge-keys/main.go from kyaml v0.21.1 (kustomize 5.8.1), which holds the schema of Kubernetes 1.21.2:
a list or kind that is younger (autoscaling/v2, PodSpec.resourceClaims) is replaced, as kustomize replaces it.
Do not edit.
"""

from __future__ import annotations

from typing import NamedTuple


class Field(NamedTuple):
    """A field on the way to a merged list.

    `type` is that of the value or of the list's items; empty: nothing below it merges.
    `keys` are those of the items of a merged list, () when the items are plain values; None: not a merged list.
    """

    type: str
    keys: tuple[str, ...] | None


TYPES: dict[str, dict[str, Field]] = {
    "admissionregistration.v1.MutatingWebhookConfiguration": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "webhooks": Field("", ("name",)),
    },
    "admissionregistration.v1.ValidatingWebhookConfiguration": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "webhooks": Field("", ("name",)),
    },
    "admissionregistration.v1beta1.MutatingWebhookConfiguration": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "webhooks": Field("", ("name",)),
    },
    "admissionregistration.v1beta1.ValidatingWebhookConfiguration": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "webhooks": Field("", ("name",)),
    },
    "apps.v1.ControllerRevision": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "apps.v1.DaemonSet": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "spec": Field("apps.v1.DaemonSetSpec", None),
        "status": Field("apps.v1.DaemonSetStatus", None),
    },
    "apps.v1.DaemonSetSpec": {
        "template": Field("core.v1.PodTemplateSpec", None),
    },
    "apps.v1.DaemonSetStatus": {
        "conditions": Field("", ("type",)),
    },
    "apps.v1.Deployment": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "spec": Field("apps.v1.DeploymentSpec", None),
        "status": Field("apps.v1.DeploymentStatus", None),
    },
    "apps.v1.DeploymentSpec": {
        "template": Field("core.v1.PodTemplateSpec", None),
    },
    "apps.v1.DeploymentStatus": {
        "conditions": Field("", ("type",)),
    },
    "apps.v1.Kustomization": {
        "configMapGenerator": Field("", ("name",)),
        "secretGenerator": Field("", ("name",)),
    },
    "apps.v1.ReplicaSet": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "spec": Field("apps.v1.ReplicaSetSpec", None),
        "status": Field("apps.v1.ReplicaSetStatus", None),
    },
    "apps.v1.ReplicaSetSpec": {
        "template": Field("core.v1.PodTemplateSpec", None),
    },
    "apps.v1.ReplicaSetStatus": {
        "conditions": Field("", ("type",)),
    },
    "apps.v1.StatefulSet": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "spec": Field("apps.v1.StatefulSetSpec", None),
        "status": Field("apps.v1.StatefulSetStatus", None),
    },
    "apps.v1.StatefulSetSpec": {
        "template": Field("core.v1.PodTemplateSpec", None),
    },
    "apps.v1.StatefulSetStatus": {
        "conditions": Field("", ("type",)),
    },
    "authentication.v1.TokenRequest": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "authentication.v1.TokenReview": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "authentication.v1beta1.TokenReview": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "authorization.v1.LocalSubjectAccessReview": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "authorization.v1.SelfSubjectAccessReview": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "authorization.v1.SelfSubjectRulesReview": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "authorization.v1.SubjectAccessReview": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "authorization.v1beta1.LocalSubjectAccessReview": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "authorization.v1beta1.SelfSubjectAccessReview": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "authorization.v1beta1.SelfSubjectRulesReview": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "authorization.v1beta1.SubjectAccessReview": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "autoscaling.v1.HorizontalPodAutoscaler": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "autoscaling.v1.Scale": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "autoscaling.v2beta1.HorizontalPodAutoscaler": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "autoscaling.v2beta2.HorizontalPodAutoscaler": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "batch.v1.CronJob": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "spec": Field("batch.v1.CronJobSpec", None),
    },
    "batch.v1.CronJobSpec": {
        "jobTemplate": Field("batch.v1.JobTemplateSpec", None),
    },
    "batch.v1.Job": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "spec": Field("batch.v1.JobSpec", None),
        "status": Field("batch.v1.JobStatus", None),
    },
    "batch.v1.JobSpec": {
        "template": Field("core.v1.PodTemplateSpec", None),
    },
    "batch.v1.JobStatus": {
        "conditions": Field("", ("type",)),
    },
    "batch.v1.JobTemplateSpec": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "spec": Field("batch.v1.JobSpec", None),
    },
    "batch.v1beta1.CronJob": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "spec": Field("batch.v1beta1.CronJobSpec", None),
    },
    "batch.v1beta1.CronJobSpec": {
        "jobTemplate": Field("batch.v1beta1.JobTemplateSpec", None),
    },
    "batch.v1beta1.JobTemplateSpec": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "spec": Field("batch.v1.JobSpec", None),
    },
    "certificates.v1.CertificateSigningRequest": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "certificates.v1beta1.CertificateSigningRequest": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "coordination.v1.Lease": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "coordination.v1beta1.Lease": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "core.v1.Binding": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "core.v1.ComponentStatus": {
        "conditions": Field("", ("type",)),
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "core.v1.ConfigMap": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "core.v1.Container": {
        "env": Field("", ("name",)),
        "ports": Field("", ("containerPort", "protocol")),
        "volumeDevices": Field("", ("devicePath",)),
        "volumeMounts": Field("", ("mountPath",)),
    },
    "core.v1.Endpoints": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "core.v1.EphemeralContainer": {
        "env": Field("", ("name",)),
        "volumeDevices": Field("", ("devicePath",)),
        "volumeMounts": Field("", ("mountPath",)),
    },
    "core.v1.EphemeralVolumeSource": {
        "volumeClaimTemplate": Field("core.v1.PersistentVolumeClaimTemplate", None),
    },
    "core.v1.Event": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "core.v1.LimitRange": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "core.v1.Namespace": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "status": Field("core.v1.NamespaceStatus", None),
    },
    "core.v1.NamespaceStatus": {
        "conditions": Field("", ("type",)),
    },
    "core.v1.Node": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "spec": Field("core.v1.NodeSpec", None),
        "status": Field("core.v1.NodeStatus", None),
    },
    "core.v1.NodeSpec": {
        "podCIDRs": Field("", ()),
    },
    "core.v1.NodeStatus": {
        "addresses": Field("", ("type",)),
        "conditions": Field("", ("type",)),
    },
    "core.v1.PersistentVolume": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "core.v1.PersistentVolumeClaim": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "status": Field("core.v1.PersistentVolumeClaimStatus", None),
    },
    "core.v1.PersistentVolumeClaimStatus": {
        "conditions": Field("", ("type",)),
    },
    "core.v1.PersistentVolumeClaimTemplate": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "core.v1.Pod": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "spec": Field("core.v1.PodSpec", None),
        "status": Field("core.v1.PodStatus", None),
    },
    "core.v1.PodSpec": {
        "containers": Field("core.v1.Container", ("name",)),
        "ephemeralContainers": Field("core.v1.EphemeralContainer", ("name",)),
        "hostAliases": Field("", ("ip",)),
        "imagePullSecrets": Field("", ("name",)),
        "initContainers": Field("core.v1.Container", ("name",)),
        "topologySpreadConstraints": Field("", ("topologyKey", "whenUnsatisfiable")),
        "volumes": Field("core.v1.Volume", ("name",)),
    },
    "core.v1.PodStatus": {
        "conditions": Field("", ("type",)),
        "podIPs": Field("", ("ip",)),
    },
    "core.v1.PodTemplate": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "template": Field("core.v1.PodTemplateSpec", None),
    },
    "core.v1.PodTemplateSpec": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "spec": Field("core.v1.PodSpec", None),
    },
    "core.v1.ReplicationController": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "spec": Field("core.v1.ReplicationControllerSpec", None),
        "status": Field("core.v1.ReplicationControllerStatus", None),
    },
    "core.v1.ReplicationControllerSpec": {
        "template": Field("core.v1.PodTemplateSpec", None),
    },
    "core.v1.ReplicationControllerStatus": {
        "conditions": Field("", ("type",)),
    },
    "core.v1.ResourceQuota": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "core.v1.Secret": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "core.v1.Service": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "spec": Field("core.v1.ServiceSpec", None),
        "status": Field("core.v1.ServiceStatus", None),
    },
    "core.v1.ServiceAccount": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "secrets": Field("", ("name",)),
    },
    "core.v1.ServiceSpec": {
        "ports": Field("", ("port", "protocol")),
    },
    "core.v1.ServiceStatus": {
        "conditions": Field("", ("type",)),
    },
    "core.v1.Volume": {
        "ephemeral": Field("core.v1.EphemeralVolumeSource", None),
    },
    "discovery.v1.EndpointSlice": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "discovery.v1beta1.EndpointSlice": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "events.v1.Event": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "events.v1beta1.Event": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "extensions.v1beta1.Ingress": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "flowcontrol.v1beta1.FlowSchema": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "flowcontrol.v1beta1.PriorityLevelConfiguration": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "networking.v1.Ingress": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "networking.v1.IngressClass": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "networking.v1.NetworkPolicy": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "networking.v1beta1.Ingress": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "networking.v1beta1.IngressClass": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "node.v1.RuntimeClass": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "node.v1beta1.RuntimeClass": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "policy.v1.PodDisruptionBudget": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "status": Field("policy.v1.PodDisruptionBudgetStatus", None),
    },
    "policy.v1.PodDisruptionBudgetStatus": {
        "conditions": Field("", ("type",)),
    },
    "policy.v1beta1.Eviction": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "policy.v1beta1.PodDisruptionBudget": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "status": Field("policy.v1beta1.PodDisruptionBudgetStatus", None),
    },
    "policy.v1beta1.PodDisruptionBudgetStatus": {
        "conditions": Field("", ("type",)),
    },
    "policy.v1beta1.PodSecurityPolicy": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "rbac.v1.ClusterRole": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "rbac.v1.ClusterRoleBinding": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "rbac.v1.Role": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "rbac.v1.RoleBinding": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "rbac.v1beta1.ClusterRole": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "rbac.v1beta1.ClusterRoleBinding": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "rbac.v1beta1.Role": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "rbac.v1beta1.RoleBinding": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "scheduling.v1.PriorityClass": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "scheduling.v1beta1.PriorityClass": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "storage.v1.CSIDriver": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "storage.v1.CSINode": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "spec": Field("storage.v1.CSINodeSpec", None),
    },
    "storage.v1.CSINodeSpec": {
        "drivers": Field("", ("name",)),
    },
    "storage.v1.StorageClass": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "storage.v1.VolumeAttachment": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "storage.v1beta1.CSIDriver": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "storage.v1beta1.CSINode": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "spec": Field("storage.v1beta1.CSINodeSpec", None),
    },
    "storage.v1beta1.CSINodeSpec": {
        "drivers": Field("", ("name",)),
    },
    "storage.v1beta1.CSIStorageCapacity": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "storage.v1beta1.StorageClass": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "storage.v1beta1.VolumeAttachment": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "apiextensions-apiserver.pkg.apis.apiextensions.v1beta1.CustomResourceDefinition": {
        "metadata": Field("meta.v1.ObjectMeta", None),
    },
    "meta.v1.ObjectMeta": {
        "finalizers": Field("", ()),
        "ownerReferences": Field("", ("uid",)),
    },
    "kube-aggregator.pkg.apis.apiregistration.v1.APIService": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "status": Field("kube-aggregator.pkg.apis.apiregistration.v1.APIServiceStatus", None),
    },
    "kube-aggregator.pkg.apis.apiregistration.v1.APIServiceStatus": {
        "conditions": Field("", ("type",)),
    },
    "kube-aggregator.pkg.apis.apiregistration.v1beta1.APIService": {
        "metadata": Field("meta.v1.ObjectMeta", None),
        "status": Field("kube-aggregator.pkg.apis.apiregistration.v1beta1.APIServiceStatus", None),
    },
    "kube-aggregator.pkg.apis.apiregistration.v1beta1.APIServiceStatus": {
        "conditions": Field("", ("type",)),
    },
}

# (apiVersion, kind) -> type
KINDS: dict[tuple[str, str], str] = {
    (
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
    ): "admissionregistration.v1.MutatingWebhookConfiguration",
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
    ): "admissionregistration.v1.ValidatingWebhookConfiguration",
    (
        "admissionregistration.k8s.io/v1beta1",
        "MutatingWebhookConfiguration",
    ): "admissionregistration.v1beta1.MutatingWebhookConfiguration",
    (
        "admissionregistration.k8s.io/v1beta1",
        "ValidatingWebhookConfiguration",
    ): "admissionregistration.v1beta1.ValidatingWebhookConfiguration",
    (
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
    ): "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
    (
        "apiextensions.k8s.io/v1beta1",
        "CustomResourceDefinition",
    ): "apiextensions-apiserver.pkg.apis.apiextensions.v1beta1.CustomResourceDefinition",
    ("apiregistration.k8s.io/v1", "APIService"): "kube-aggregator.pkg.apis.apiregistration.v1.APIService",
    ("apiregistration.k8s.io/v1beta1", "APIService"): "kube-aggregator.pkg.apis.apiregistration.v1beta1.APIService",
    ("apps/v1", "ControllerRevision"): "apps.v1.ControllerRevision",
    ("apps/v1", "DaemonSet"): "apps.v1.DaemonSet",
    ("apps/v1", "Deployment"): "apps.v1.Deployment",
    ("apps/v1", "ReplicaSet"): "apps.v1.ReplicaSet",
    ("apps/v1", "StatefulSet"): "apps.v1.StatefulSet",
    ("authentication.k8s.io/v1", "TokenRequest"): "authentication.v1.TokenRequest",
    ("authentication.k8s.io/v1", "TokenReview"): "authentication.v1.TokenReview",
    ("authentication.k8s.io/v1beta1", "TokenReview"): "authentication.v1beta1.TokenReview",
    ("authorization.k8s.io/v1", "LocalSubjectAccessReview"): "authorization.v1.LocalSubjectAccessReview",
    ("authorization.k8s.io/v1", "SelfSubjectAccessReview"): "authorization.v1.SelfSubjectAccessReview",
    ("authorization.k8s.io/v1", "SelfSubjectRulesReview"): "authorization.v1.SelfSubjectRulesReview",
    ("authorization.k8s.io/v1", "SubjectAccessReview"): "authorization.v1.SubjectAccessReview",
    ("authorization.k8s.io/v1beta1", "LocalSubjectAccessReview"): "authorization.v1beta1.LocalSubjectAccessReview",
    ("authorization.k8s.io/v1beta1", "SelfSubjectAccessReview"): "authorization.v1beta1.SelfSubjectAccessReview",
    ("authorization.k8s.io/v1beta1", "SelfSubjectRulesReview"): "authorization.v1beta1.SelfSubjectRulesReview",
    ("authorization.k8s.io/v1beta1", "SubjectAccessReview"): "authorization.v1beta1.SubjectAccessReview",
    ("autoscaling/v1", "HorizontalPodAutoscaler"): "autoscaling.v1.HorizontalPodAutoscaler",
    ("autoscaling/v1", "Scale"): "autoscaling.v1.Scale",
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler"): "autoscaling.v2beta1.HorizontalPodAutoscaler",
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler"): "autoscaling.v2beta2.HorizontalPodAutoscaler",
    ("batch/v1", "CronJob"): "batch.v1.CronJob",
    ("batch/v1", "Job"): "batch.v1.Job",
    ("batch/v1beta1", "CronJob"): "batch.v1beta1.CronJob",
    ("certificates.k8s.io/v1", "CertificateSigningRequest"): "certificates.v1.CertificateSigningRequest",
    ("certificates.k8s.io/v1beta1", "CertificateSigningRequest"): "certificates.v1beta1.CertificateSigningRequest",
    ("coordination.k8s.io/v1", "Lease"): "coordination.v1.Lease",
    ("coordination.k8s.io/v1beta1", "Lease"): "coordination.v1beta1.Lease",
    ("discovery.k8s.io/v1", "EndpointSlice"): "discovery.v1.EndpointSlice",
    ("discovery.k8s.io/v1beta1", "EndpointSlice"): "discovery.v1beta1.EndpointSlice",
    ("events.k8s.io/v1", "Event"): "events.v1.Event",
    ("events.k8s.io/v1beta1", "Event"): "events.v1beta1.Event",
    ("extensions/v1beta1", "Ingress"): "extensions.v1beta1.Ingress",
    ("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema"): "flowcontrol.v1beta1.FlowSchema",
    (
        "flowcontrol.apiserver.k8s.io/v1beta1",
        "PriorityLevelConfiguration",
    ): "flowcontrol.v1beta1.PriorityLevelConfiguration",
    ("kustomize.config.k8s.io/v1beta1", "Kustomization"): "apps.v1.Kustomization",
    ("networking.k8s.io/v1", "Ingress"): "networking.v1.Ingress",
    ("networking.k8s.io/v1", "IngressClass"): "networking.v1.IngressClass",
    ("networking.k8s.io/v1", "NetworkPolicy"): "networking.v1.NetworkPolicy",
    ("networking.k8s.io/v1beta1", "Ingress"): "networking.v1beta1.Ingress",
    ("networking.k8s.io/v1beta1", "IngressClass"): "networking.v1beta1.IngressClass",
    ("node.k8s.io/v1", "RuntimeClass"): "node.v1.RuntimeClass",
    ("node.k8s.io/v1beta1", "RuntimeClass"): "node.v1beta1.RuntimeClass",
    ("policy/v1", "PodDisruptionBudget"): "policy.v1.PodDisruptionBudget",
    ("policy/v1beta1", "Eviction"): "policy.v1beta1.Eviction",
    ("policy/v1beta1", "PodDisruptionBudget"): "policy.v1beta1.PodDisruptionBudget",
    ("policy/v1beta1", "PodSecurityPolicy"): "policy.v1beta1.PodSecurityPolicy",
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): "rbac.v1.ClusterRole",
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): "rbac.v1.ClusterRoleBinding",
    ("rbac.authorization.k8s.io/v1", "Role"): "rbac.v1.Role",
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): "rbac.v1.RoleBinding",
    ("rbac.authorization.k8s.io/v1beta1", "ClusterRole"): "rbac.v1beta1.ClusterRole",
    ("rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding"): "rbac.v1beta1.ClusterRoleBinding",
    ("rbac.authorization.k8s.io/v1beta1", "Role"): "rbac.v1beta1.Role",
    ("rbac.authorization.k8s.io/v1beta1", "RoleBinding"): "rbac.v1beta1.RoleBinding",
    ("scheduling.k8s.io/v1", "PriorityClass"): "scheduling.v1.PriorityClass",
    ("scheduling.k8s.io/v1beta1", "PriorityClass"): "scheduling.v1beta1.PriorityClass",
    ("storage.k8s.io/v1", "CSIDriver"): "storage.v1.CSIDriver",
    ("storage.k8s.io/v1", "CSINode"): "storage.v1.CSINode",
    ("storage.k8s.io/v1", "StorageClass"): "storage.v1.StorageClass",
    ("storage.k8s.io/v1", "VolumeAttachment"): "storage.v1.VolumeAttachment",
    ("storage.k8s.io/v1beta1", "CSIDriver"): "storage.v1beta1.CSIDriver",
    ("storage.k8s.io/v1beta1", "CSINode"): "storage.v1beta1.CSINode",
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity"): "storage.v1beta1.CSIStorageCapacity",
    ("storage.k8s.io/v1beta1", "StorageClass"): "storage.v1beta1.StorageClass",
    ("storage.k8s.io/v1beta1", "VolumeAttachment"): "storage.v1beta1.VolumeAttachment",
    ("v1", "Binding"): "core.v1.Binding",
    ("v1", "ComponentStatus"): "core.v1.ComponentStatus",
    ("v1", "ConfigMap"): "core.v1.ConfigMap",
    ("v1", "Endpoints"): "core.v1.Endpoints",
    ("v1", "Event"): "core.v1.Event",
    ("v1", "LimitRange"): "core.v1.LimitRange",
    ("v1", "Namespace"): "core.v1.Namespace",
    ("v1", "Node"): "core.v1.Node",
    ("v1", "PersistentVolume"): "core.v1.PersistentVolume",
    ("v1", "PersistentVolumeClaim"): "core.v1.PersistentVolumeClaim",
    ("v1", "Pod"): "core.v1.Pod",
    ("v1", "PodTemplate"): "core.v1.PodTemplate",
    ("v1", "ReplicationController"): "core.v1.ReplicationController",
    ("v1", "ResourceQuota"): "core.v1.ResourceQuota",
    ("v1", "Secret"): "core.v1.Secret",
    ("v1", "Service"): "core.v1.Service",
    ("v1", "ServiceAccount"): "core.v1.ServiceAccount",
}

# (apiVersion, kind) of what stands in no namespace
CLUSTER_SCOPED: frozenset[tuple[str, str]] = frozenset(
    {
        ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
        ("admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"),
        ("apiregistration.k8s.io/v1", "APIService"),
        ("apiregistration.k8s.io/v1beta1", "APIService"),
        ("certificates.k8s.io/v1", "CertificateSigningRequest"),
        ("certificates.k8s.io/v1beta1", "CertificateSigningRequest"),
        ("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema"),
        ("flowcontrol.apiserver.k8s.io/v1beta1", "PriorityLevelConfiguration"),
        ("networking.k8s.io/v1", "IngressClass"),
        ("networking.k8s.io/v1beta1", "IngressClass"),
        ("node.k8s.io/v1", "RuntimeClass"),
        ("node.k8s.io/v1beta1", "RuntimeClass"),
        ("policy/v1beta1", "PodSecurityPolicy"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole"),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
        ("rbac.authorization.k8s.io/v1beta1", "ClusterRole"),
        ("rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding"),
        ("scheduling.k8s.io/v1", "PriorityClass"),
        ("scheduling.k8s.io/v1beta1", "PriorityClass"),
        ("storage.k8s.io/v1", "CSIDriver"),
        ("storage.k8s.io/v1", "CSINode"),
        ("storage.k8s.io/v1", "StorageClass"),
        ("storage.k8s.io/v1", "VolumeAttachment"),
        ("storage.k8s.io/v1beta1", "CSIDriver"),
        ("storage.k8s.io/v1beta1", "CSINode"),
        ("storage.k8s.io/v1beta1", "StorageClass"),
        ("storage.k8s.io/v1beta1", "VolumeAttachment"),
        ("v1", "ComponentStatus"),
        ("v1", "Namespace"),
        ("v1", "Node"),
        ("v1", "PersistentVolume"),
    }
)
