"""The kinds and fields that occur in manifests: a rule that is about others has nothing to look at."""

from __future__ import annotations

from renderer.plain import mapping
from renderer.rules.index import Index


def words(index: Index) -> set[str]:
    """The kinds of the manifests, and the names of fields.

    Fields of each `spec`; of pods and their containers; of HTTP routes; of a Rollout's strategy, its `canary` or
    `blueGreen`, and its `trafficRouting`; of the subsets of a DestinationRule. `annotations` stands for those of an
    object, not of its pods.
    """
    found: set[str] = {*index.kinds}
    for manifests in index.kinds.values():
        for manifest in manifests:
            found.update(mapping(manifest.data.get("spec")))
    for pod in index.pods:
        found.update(pod.spec)
        for _, container in pod.every:
            found.update(container)
    for _, _, route in index.routes:
        found.update(route)
    for rollout in index.kinds.get("Rollout", ()):
        strategy = mapping(mapping(rollout.data.get("spec")).get("strategy"))
        for fields in strategy.values():
            found.update(strategy, fields or (), (fields or {}).get("trafficRouting") or ())
    for rule in index.kinds.get("DestinationRule", ()):
        for subset in mapping(rule.data.get("spec")).get("subsets") or ():
            found.update(subset)
    if index.annotated:
        found.add("annotations")
    return found
