"""One rendered Kubernetes object: its identity and the file it is written to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

SYNC_OPTIONS = "argocd.argoproj.io/sync-options"  # the annotation by which an object tells Argo CD how to apply it
Object = dict[str, Any]  # a Kubernetes object as plain data: dict, list, str, int, float, bool, None


class Identity(NamedTuple):
    """What the API server tells objects apart by."""

    group: str
    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A file name inside the app's output folder (`rollout.yaml`) and the object in it."""

    file: str
    data: Object

    @property
    def api_version(self) -> str:
        """`apps/v1`, `v1`, ..."""
        return str(self.data.get("apiVersion", ""))

    @property
    def kind(self) -> str:
        """`Deployment`, ..."""
        return str(self.data.get("kind", ""))

    @property
    def sync_options(self) -> frozenset[str]:
        """How Argo CD is to apply the object: `PruneLast=true`, ..."""
        return sync_options(self.data)

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.data.get("metadata", {}).get("name", ""))

    @property
    def namespace(self) -> str:
        """The object's namespace; empty for a cluster-scoped one."""
        return str(self.data.get("metadata", {}).get("namespace", ""))

    @property
    def identity(self) -> Identity:
        """Group, kind, namespace, name."""
        group, _, _ = self.api_version.rpartition("/")
        return Identity(group, self.kind, self.namespace, self.name)


def sync_options(data: Object) -> frozenset[str]:
    """The sync options that an object's annotation gives."""
    given = ((data.get("metadata") or {}).get("annotations") or {}).get(SYNC_OPTIONS) or ""
    return frozenset(str(given).replace(" ", "").split(","))
