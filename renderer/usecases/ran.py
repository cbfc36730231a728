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
_FEW = 10  # apps whose workloads are named to git one by one
_SHORT = 12
_WORKLOADS = ("rollout.yaml", "deployment.yaml")


def say_how_they_ran(opened: Opened, taken_back: Sequence[tuple[str, str]], base: str) -> None:
    """Name the apps (by environment) whose version, restored by a verb, differs from when it ran up to `base`."""
    plans = [_restored(opened, env, app) for env, app in taken_back]
    try:
        noted = with_history(opened.root, opened.layout, base, plans)
    except GitError as error:
        for plan in plans:
            say(f"rollspec: {plan.app} in {plan.env}: it was not compared with how it ran: {error.message}")
        return
    for plan in noted:
        for note in plan.problems:
            say(f"rollspec: {plan.app} in {plan.env}: {note.message}")


def _restored(opened: Opened, env: str, app: str) -> AppPlan:
    """A plan that has only the version that came back."""
    folder = opened.layout.manifests(env, app)
    there = set(listing(opened.root, folder))
    files, _ = read(opened.root, [path for name in _WORKLOADS if (path := f"{folder}/{name}") in there])
    templates = [found for text in files.values() if (found := _template(text))]
    return AppPlan(app, env, (), comes_back=json.dumps(templates[0]) if templates else "")


def with_history(root: str, layout: Layout, base: str, plans: Sequence[AppPlan]) -> list[AppPlan]:
    """The plans, with a note where the restored version differs from when it ran before `base`. Raises GitError."""
    wanted = {layout.manifests(plan.env, plan.app): template for plan in plans if (template := _comes_back(plan))}
    found = _when_they_ran(root, base, wanted) if wanted else {}
    is_cut = len(found) < len(wanted) and is_shallow(root)
    noted = []
    for plan in plans:
        folder = layout.manifests(plan.env, plan.app)
        commit, then = found.get(folder, (None, {}))
        looked = folder in found or (folder in wanted and is_cut)
        note = not_as_it_ran(plan, layout.partial(plan.env, plan.app), commit, then) if looked else None
        noted.append(replace(plan, problems=(*plan.problems, note)) if note else plan)
    return noted


def _comes_back(plan: AppPlan) -> Mapping[str, Any] | None:
    template, _ = load(plan.comes_back.encode(), "") if plan.comes_back else (None, [])
    return template if isinstance(template, dict) else None


def _when_they_ran(
    root: str, base: str, wanted: Mapping[str, Mapping[str, Any]]
) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """By folder, the last commit up to `base` that has this version in the workload, and its pod template there.

    One walk through the history for all of them.
    """
    left, found = dict(wanted), {}
    few = len(wanted) <= _FEW
    folders = wanted if few else {f"{folder.rpartition('/')[0]}/*" for folder in wanted}
    paths = [f"{folder}/{name}" for folder in sorted(folders) for name in _WORKLOADS]
    for commit, touches in islice(log_files(root, paths, base), _LOOKED if few else _LOOKED * _FEW):
        known = [(folder, touch.after) for touch in touches if (folder := touch.path.rpartition("/")[0]) in left]
        texts = read_blobs(root, {oid for _, oid in known if oid})
        for folder, oid in known:
            template = _version_in(texts.get(oid or "", b""), wanted[folder])
            if template:
                found[folder] = commit.sha[:_SHORT], template
                left.pop(folder, None)
        if not left:
            break
    return found


def _version_in(text: bytes, wanted: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The pod template of a rendered workload if it is of the wanted version."""
    images = [each.get("image") for each in (wanted.get("spec") or {}).get("containers") or ()]
    if not all(isinstance(image, str) and image.encode() in text for image in images):
        return None  # most are of another version, and need not be parsed
    found = _template(text)
    return found if found and is_version(found, wanted) else None


def _template(text: bytes) -> Mapping[str, Any] | None:
    """The pod template of a rendered workload."""
    data, _ = load(text, "")
    spec = data.get("spec") if isinstance(data, dict) else None
    found = spec.get("template") if isinstance(spec, dict) else None
    return found if isinstance(found, dict) else None
