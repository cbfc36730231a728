"""What Git knows of a version that comes back: the pod template that its rendered workload had when it ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from renderer.git import is_shallow, log_files, read_blobs
from renderer.layout import Layout
from renderer.plan import AppPlan
from renderer.plan.ran import is_version, not_as_it_ran
from renderer.yamlio import load

_LOOKED = 200  # commits that changed the rendered workload
_SHORT = 12


def with_history(root: str, layout: Layout, base: str, plan: AppPlan) -> AppPlan:
    """The plan with a note where the version that comes back is not as it ran before `base`. Raises GitError."""
    if not plan.comes_back:
        return plan
    template, _ = load(plan.comes_back.encode(), "")
    if not isinstance(template, dict):
        return plan
    commit, then = _when_it_ran(root, layout, base, plan, template)
    if commit is None and not is_shallow(root):
        return plan
    note = not_as_it_ran(plan, layout.partial(plan.env, plan.app), commit, then)
    return replace(plan, problems=(*plan.problems, note)) if note else plan


def _when_it_ran(
    root: str, layout: Layout, base: str, plan: AppPlan, template: Mapping[str, Any]
) -> tuple[str | None, Mapping[str, Any]]:
    """The last commit up to `base` that has this version in the workload, and its pod template there."""
    folder = layout.manifests(plan.env, plan.app)
    paths = [f"{folder}/{name}" for name in ("rollout.yaml", "deployment.yaml")]
    for commit, touches in islice(log_files(root, paths, base), _LOOKED):
        for oid, text in read_blobs(root, {touch.after for touch in touches if touch.after}).items():
            data, _ = load(text, oid)
            spec = data.get("spec") if isinstance(data, dict) else None
            found = spec.get("template") if isinstance(spec, dict) else None
            if isinstance(found, dict) and is_version(found, template):
                return commit.sha[:_SHORT], found
    return None, {}
