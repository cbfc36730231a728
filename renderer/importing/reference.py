"""A Rollout that takes its pod template from a Deployment (`workloadRef`), as one with a template of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from renderer.importing.group import Group
from renderer.importing.rollout import NotLifted


def with_template(group: Group) -> Group:
    """A Rollout that names a Deployment in `workloadRef`, with that Deployment's template as its own."""
    if group.reference is None:
        raise NotLifted("the Deployment that its `workloadRef` names is not in the source")
    spec = {key: value for key, value in group.workload.spec.items() if key != "workloadRef"}
    given = {key: group.reference.spec[key] for key in ("selector", "template") if key in group.reference.spec}
    data: dict[str, Any] = {**group.workload.data, "spec": {**given, **spec}}
    kept = (*group.objects, group.reference)
    return replace(group, workload=replace(group.workload, data=data), objects=kept, reference=None)


def about_reference(group: Group) -> Iterator[str]:
    """Sentences about the Deployment that a Rollout names in `workloadRef`."""
    given = group.workload.spec["workloadRef"]
    yield f"the Rollout has the template of the Deployment {given.get('name')} now; remove that when it has no pods"
    replicas = group.reference.spec.get("replicas") if group.reference else None
    if replicas and given.get("scaleDown", "never") != "never":
        yield (
            f"the Deployment {given.get('name')} says `replicas: {replicas}`, and without `workloadRef` nothing scales "
            "it down: write `replicas: 0` into its file before a sync, or its pods start again and serve too"
        )
