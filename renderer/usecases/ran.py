"""What Git knows about a version that is restored: its pod template in the rendered workload when it ran."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from renderer.console import say
from renderer.git import GitError, is_shallow, log_files, read_blobs
from renderer.layout import Layout
from renderer.plan import AppPlan
from renderer.plan.ran import is_version, not_as_it_ran
from renderer.tree import listing, read
from renderer.usecases.project import Opened
from renderer.yamlio import load

_LOOKED = 200  # commits that changed the rendered workload
_SHORT = 12
_WORKLOADS = ("rollout.yaml", "deployment.yaml")


def say_how_it_ran(opened: Opened, env: str, apps: Sequence[str], base: str) -> None:
    """Name apps whose version, restored by a verb, differs from when it ran up to `base`."""
    layout = opened.layout
    for app in apps:
        folder = layout.manifests(env, app)
        there = set(listing(opened.root, folder))
        files, _ = read(opened.root, [path for name in _WORKLOADS if (path := f"{folder}/{name}") in there])
        templates = [found for text in files.values() if (found := _template(text))]
        plan = AppPlan(app, env, (), comes_back=json.dumps(templates[0]) if templates else "")
        try:
            noted = with_history(opened.root, layout, base, plan).problems
        except GitError as error:
            say(f"rollspec: {app} in {env}: it was not compared with how it ran: {error.message}")
            continue
        for note in noted:
            say(f"rollspec: {app} in {env}: {note.message}")


def with_history(root: str, layout: Layout, base: str, plan: AppPlan) -> AppPlan:
    """The plan, with a note if the restored version differs from when it ran before `base`. Raises GitError."""
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
    paths = [f"{folder}/{name}" for name in _WORKLOADS]
    for commit, touches in islice(log_files(root, paths, base), _LOOKED):
        for text in read_blobs(root, {touch.after for touch in touches if touch.after}).values():
            found = _template(text)
            if found and is_version(found, template):
                return commit.sha[:_SHORT], found
    return None, {}


def _template(text: bytes) -> Mapping[str, Any] | None:
    """The pod template of a rendered workload."""
    data, _ = load(text, "")
    spec = data.get("spec") if isinstance(data, dict) else None
    found = spec.get("template") if isinstance(spec, dict) else None
    return found if isinstance(found, dict) else None
