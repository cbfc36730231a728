"""What scales a workload: a HorizontalPodAutoscaler, or a ScaledObject of KEDA, as one value."""

from __future__ import annotations

from typing import NamedTuple

from renderer.manifest import Object
from renderer.plain import mapping

SCHEMALESS = "ScaledObject"
SCALERS = ("HorizontalPodAutoscaler", SCHEMALESS)
# The fields of a ScaledObject that `scaler_of` reads, and the JSON type of each.
SCALED_FIELDS = (
    (("spec",), "object"),
    (("spec", "scaleTargetRef"), "object"),
    (("spec", "minReplicaCount"), "integer"),
    (("spec", "maxReplicaCount"), "integer"),
)


class Scaler(NamedTuple):
    """The workload that an autoscaler scales, and its bounds; `api_version` is empty where the object names none."""

    api_version: str
    kind: str
    name: str
    least: int
    most: int
    least_field: str
    most_field: str


def scaler_of(data: Object) -> Scaler:
    """The autoscaler that an object of one of SCALERS is.

    KEDA scales a Deployment where the target names no kind, from 0 to 100 pods where it names no bounds.
    """
    spec = mapping(data.get("spec"))
    ref = mapping(spec.get("scaleTargetRef"))
    name, kind, version = (str(ref.get(key) or "") for key in ("name", "kind", "apiVersion"))
    if data.get("kind") == SCHEMALESS:
        least, most = spec.get("minReplicaCount", 0), spec.get("maxReplicaCount", 100)
        return Scaler(version, kind or "Deployment", name, least, most, "minReplicaCount", "maxReplicaCount")
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    return Scaler(version, kind, name, least, most, "minReplicas", "maxReplicas")
