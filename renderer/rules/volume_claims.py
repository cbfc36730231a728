"""Which pods hold a PersistentVolumeClaim for good, and which claims one pod alone may use."""

from __future__ import annotations

from renderer.manifest import Manifest
from renderer.plain import mapping
from renderer.rules.index import SELECTING, Pod


def has_pods(pod: Pod) -> bool:
    """Whether there are pods at all: a workload may be scaled to none."""
    return pod.kind not in SELECTING or pod.manifest.data["spec"].get("replicas", 1) != 0


def holds_claims(pod: Pod) -> bool:
    """Whether the pods run all the time, as those of a workload do."""
    return pod.kind in SELECTING and has_pods(pod)


def is_of_one_pod(claim: Manifest) -> bool:
    """Whether a PersistentVolumeClaim is ReadWriteOncePod."""
    return mapping(claim.data.get("spec")).get("accessModes") == ["ReadWriteOncePod"]
