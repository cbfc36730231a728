"""Whether an object belongs to a namespace, by group and kind; unknown for kinds that no set has."""

from __future__ import annotations

from functools import cache
from typing import Literal

from renderer.schema.kind_names import KINDS

Scope = Literal["namespace", "cluster", "unknown"]

# By group, in any version: a kind never changes its scope. A test compares this with the sets and with kustomize.
CLUSTER_SCOPED: dict[str, str] = {
    "": "Namespace Node PersistentVolume",
    "admissionregistration.k8s.io": (
        "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration "
        "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration"
    ),
    "apiextensions.k8s.io": "CustomResourceDefinition",
    "apiregistration.k8s.io": "APIService",
    "argoproj.io": "ClusterAnalysisTemplate",
    "certificates.k8s.io": "ClusterTrustBundle",
    "flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
    "networking.k8s.io": "IngressClass ServiceCIDR",
    "node.k8s.io": "RuntimeClass",
    "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding",
    "resource.k8s.io": "DeviceClass DeviceTaintRule",
    "scheduling.k8s.io": "PriorityClass",
    "storage.k8s.io": "CSIDriver StorageClass VolumeAttributesClass",
}


@cache  # a project has a dozen kinds
def scope(group: str, kind: str) -> Scope:
    """The scope of the kind: a namespace, the cluster, or unknown."""
    if kind in CLUSTER_SCOPED.get(group, "").split():
        return "cluster"
    known = any(version.rpartition("/")[0] == group and kind in kinds.split() for version, kinds in KINDS.items())
    return "namespace" if known else "unknown"
