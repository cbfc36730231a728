"""Whether an object stands in a namespace, by group and kind; of kinds that no set has, nobody can tell."""

from __future__ import annotations

from functools import cache
from typing import Literal

from renderer.schema.kind_names import KINDS

Scope = Literal["namespace", "cluster", "unknown"]

# By group, whatever the version: a kind never changes sides. A test holds it against the sets, and against kustomize.
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
    """Where objects of the kind stand."""
    if kind in CLUSTER_SCOPED.get(group, "").split():
        return "cluster"
    known = any(version.rpartition("/")[0] == group and kind in kinds.split() for version, kinds in KINDS.items())
    return "namespace" if known else "unknown"
