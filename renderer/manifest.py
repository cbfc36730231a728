"""One rendered Kubernetes object: its identity and the file it is written to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

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
