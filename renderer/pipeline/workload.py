"""Finds the template or patch that leaves an app without a workload."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from renderer.manifest import Manifest
from renderer.patch import Patch, apply
from renderer.problem import Problem

# A Job does not count: it runs once, for example as a migration next to the workload.
_KINDS = frozenset(("Deployment", "Rollout", "StatefulSet", "DaemonSet", "ReplicaSet", "CronJob"))


def has_workload(manifests: Iterable[Manifest]) -> bool:
    """Whether one of the manifests keeps pods running, or starts them on a schedule."""
    return any(manifest.kind in _KINDS for manifest in manifests)


def no_workload(
    app: str,
    rendered: Sequence[Manifest],
    templates: Sequence[Any],
    unpatched: Sequence[Manifest],
    patches: Sequence[Patch],
) -> Problem:
    """The template or patch that removed the last workload: `rendered` had one, `unpatched` after `patches` has none.

    The app's Service, autoscaler, disruption budget and routes would have no target.
    """
    message = (
        f"this leaves `{app}` without a workload (Deployment, Rollout, ...); to remove the app, remove it from the "
        "overlay's `apps`"
    )
    if has_workload(unpatched):
        before = (number for number in range(len(patches)) if has_workload(apply(unpatched, patches[:number])[0]))
        file, _, pointer = patches[max(before)].source.partition("#")
        return Problem(file, 0, 0, "no-workload", message, pointer)
    files = {manifest.file for manifest in rendered if manifest.kind in _KINDS}
    file = next(template.file for template in templates if template.target in files)
    return Problem(file, 0, 0, "no-workload", message)
