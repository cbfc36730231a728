"""Which lists a strategic merge merges, and by which keys; reads the table in `merge_keys.json` once a patch needs it.

schemas/merge-keys/main.go makes the table from kyaml v0.21.1 (kustomize 5.8.1), which holds the schema of Kubernetes
1.21.2. A newer list or kind (autoscaling/v2, PodSpec.resourceClaims) is replaced, as kustomize replaces it.
"""

from __future__ import annotations

import json
import os.path
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

_TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "merge_keys.json")


class Field(NamedTuple):
    """A field that leads to a merged list.

    `type` is the type of the value or of the list's items; if it is empty, nothing below it merges.
    `keys` are the keys of a merged list's items, () if the items are plain values, and None if the list does not merge.
    """

    type: str
    keys: tuple[str, ...] | None


class MergeKeys(NamedTuple):
    """`types`: type -> its fields; `kinds`: (apiVersion, kind) -> type; `cluster_scoped`: (apiVersion, kind)."""

    types: Mapping[str, Mapping[str, Field]]
    kinds: Mapping[tuple[str, str], str]
    cluster_scoped: frozenset[tuple[str, str]]


# A Rollout's pod template merges like a Deployment's: kustomize does this if it has this part of the kind's schema.
_ROLLOUT = {
    "": {},
    "rollout": {"metadata": Field("meta.v1.ObjectMeta", None), "spec": Field("rollout.spec", None)},
    "rollout.spec": {"template": Field("core.v1.PodTemplateSpec", None)},
}


@cache
def merge_keys() -> MergeKeys:
    """The table of Kubernetes' own kinds, and the Rollout."""
    with open(_TABLE, "rb") as file:
        table = json.load(file)
    types = {
        name: {field: Field(kind, None if keys is None else tuple(keys)) for field, (kind, keys) in fields.items()}
        for name, fields in table["types"].items()
    }
    kinds = {(version, kind): name for version, kind, name in table["kinds"]}
    return MergeKeys(
        types | _ROLLOUT,
        kinds | {("argoproj.io/v1alpha1", "Rollout"): "rollout"},
        frozenset((version, kind) for version, kind in table["clusterScoped"]),
    )
