"""One rendered Kubernetes object: its identity and the file it is written to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

SYNC_OPTIONS = "argocd.argoproj.io/sync-options"  # the annotation that says how Argo CD applies the object
ROLLOUT_HASH = "rollouts-pod-template-hash"  # the label that Argo Rollouts puts on the pods of each version
WORKLOADS = ("Deployment", "Rollout")  # of an app
JOBS = ("Job", "CronJob")
ISTIO_ROUTING = ("VirtualService", "DestinationRule")  # what splits the traffic; a Rollout writes into both
ANALYSIS_TEMPLATES = ("AnalysisTemplate", "ClusterAnalysisTemplate")
KINDS_OF_ARGOCD = frozenset(("Application", "ApplicationSet", "AppProject"))
_GROUPS = {
    "": ("Pod", "Service", "ConfigMap", "Secret", "ServiceAccount", "PersistentVolumeClaim", "Namespace"),
    "apps": ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"),
    "batch": JOBS,
    "autoscaling": ("HorizontalPodAutoscaler",),
    "policy": ("PodDisruptionBudget",),
    "argoproj.io": ("Rollout", "AnalysisTemplate", "ClusterAnalysisTemplate", "Application", "ApplicationSet"),
    "networking.istio.io": ("VirtualService", "DestinationRule", "Gateway", "ServiceEntry", "Sidecar"),
}
_GROUP_OF = {kind: group for group, kinds in _GROUPS.items() for kind in kinds}
_LONGEST_FILE = 255  # bytes of a file's name, for most file systems
Object = dict[str, Any]  # a Kubernetes object as plain data: dict, list, str, int, float, bool, None


class Identity(NamedTuple):
    """What the API server distinguishes objects by."""

    group: str
    kind: str
    namespace: str
    name: str


class Written(NamedTuple):
    """Where a person wrote an object: the file of plain manifests, and the number of the document, from 0."""

    file: str
    text: bytes  # of the file
    number: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A file name inside the app's output folder (`rollout.yaml`) and the object in it.

    `written` is set for a plain manifest that no patch changed.
    """

    file: str
    data: Object
    written: Written | None = field(default=None, compare=False, repr=False)

    @property
    def api_version(self) -> str:
        """`apps/v1`, `v1`, ..."""
        return str(self.data.get("apiVersion", ""))

    @property
    def kind(self) -> str:
        """`Deployment`, ...; see `kind_of`."""
        return kind_of(self.data)

    @property
    def sync_options(self) -> frozenset[str]:
        """How Argo CD is to apply the object: `PruneLast=true`, ..."""
        return sync_options(self.data)

    @property
    def name(self) -> str:
        """The object's name; for a hook that has none, the `generateName` that its names begin with."""
        metadata = self.data.get("metadata") or {}
        return str(metadata.get("name") or metadata.get("generateName", ""))

    @property
    def namespace(self) -> str:
        """The namespace that the object names; empty where it names none, as one without namespaces does."""
        return str((self.data.get("metadata") or {}).get("namespace") or "")

    @property
    def identity(self) -> Identity:
        """Group, kind, namespace, name."""
        data = self.data
        group = str(data.get("apiVersion", "")).rpartition("/")[0]
        metadata = data.get("metadata") or {}
        name = metadata.get("name") or metadata.get("generateName", "")
        return Identity(group, str(data.get("kind", "")), str(metadata.get("namespace") or ""), str(name))


def kind_of(data: Object) -> str:
    """`Service`; with its group where that is not the one that we mean, and its shape another one.

    `Service.serving.knative.dev`, as kubectl writes it: what is known of a Service does not hold for it.
    """
    return _kind(str(data.get("kind", "")), str(data.get("apiVersion", "")))


@lru_cache(maxsize=256)
def _kind(kind: str, api_version: str) -> str:
    group = api_version.rpartition("/")[0]
    return kind if _GROUP_OF.get(kind, group) == group else f"{kind}.{group or 'core'}"


def sync_options(data: Mapping[str, Any]) -> frozenset[str]:
    """The sync options that an object's annotation gives."""
    given = ((data.get("metadata") or {}).get("annotations") or {}).get(SYNC_OPTIONS)
    return _options(str(given)) if given else frozenset()


@lru_cache(maxsize=256)
def _options(text: str) -> frozenset[str]:
    return frozenset(text.replace(" ", "").split(","))


def file_of(stem: str) -> str:
    """The name of an object's file; a stem too long for a file system is cut, and gets a mark of the whole."""
    size = len(stem.encode()) + len(".yaml")
    if size <= _LONGEST_FILE:
        return f"{stem}.yaml"
    from hashlib import sha256  # it loads OpenSSL, which few names need

    end = f"-{sha256(stem.encode()).hexdigest()[:8]}.yaml"
    return stem.encode()[: _LONGEST_FILE - len(end)].decode(errors="ignore") + end
