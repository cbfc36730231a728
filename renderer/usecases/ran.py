"""What Git knows about a version that is restored: its pod template in the rendered workload when it ran."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

from renderer.console import say
from renderer.git import GitError, is_shallow, log_files, read_blobs
from renderer.layout import Layout
from renderer.plain import equal
from renderer.plan import AppPlan
from renderer.plan.ran import has_form, is_version, not_as_it_ran
from renderer.tree import listing, read
from renderer.usecases.project import Opened
from renderer.yamlio import load

_LOOKED = 200  # commits that changed the rendered workload
_FEW = 10  # apps whose workloads are named to git one by one
_SHORT = 12
_WORKLOAD_FILES = ("rollout.yaml", "deployment.yaml")
_LINES = re.compile(rb"^  template:\n((?:    .*\n|\n)*)", re.MULTILINE)
_IMAGE = re.compile(rb"^ +(?:- )?image: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class _Restored:
    """A workload whose version comes back: its pod template as data, or the file to read it from only when needed."""

    data: Mapping[str, Any] | None = None
    text: bytes = b""

    @cached_property
    def template(self) -> Mapping[str, Any]:
        return self.data or _template(self.text) or {}

    @cached_property
    def written(self) -> bytes:
        return _written(self.text)

    @cached_property
    def images(self) -> frozenset[bytes]:
        if self.written:
            return frozenset(_IMAGE.findall(self.written))
        containers = (self.template.get("spec") or {}).get("containers") or ()
        return frozenset(str(each.get("image")).encode() for each in containers)


def say_how_they_ran(opened: Opened, taken_back: Sequence[tuple[str, str]], base: str) -> None:
    """Name the apps (by environment) whose version, restored by a verb, differs from when it ran up to `base`."""
    plans = [AppPlan(app, env, ()) for env, app in taken_back]
    texts = {
        folder: _workload(opened, folder) for plan in plans if (folder := opened.layout.manifests(plan.env, plan.app))
    }
    restored = {folder: _Restored(text=text) for folder, text in texts.items() if text}
    try:
        noted = _noted(opened.root, opened.layout, base, plans, restored)
    except GitError as error:
        for plan in plans:
            say(f"rollspec: {plan.app} in {plan.env}: it was not compared with how it ran: {error.message}")
        return
    for plan in noted:
        for note in plan.problems:
            say(f"rollspec: {plan.app} in {plan.env}: {note.message}")


def _workload(opened: Opened, folder: str) -> bytes:
    there = set(listing(opened.root, folder))
    files, _ = read(opened.root, [path for name in _WORKLOAD_FILES if (path := f"{folder}/{name}") in there])
    return next((text for text in files.values() if _written(text) or _template(text)), b"")


def with_history(root: str, layout: Layout, base: str, plans: Sequence[AppPlan]) -> list[AppPlan]:
    """The plans, with a note where the restored version differs from when it ran before `base`. Raises GitError."""
    restored = {
        layout.manifests(plan.env, plan.app): _Restored(json.loads(plan.comes_back))
        for plan in plans
        if plan.comes_back
    }
    return _noted(root, layout, base, plans, restored)


def _noted(
    root: str, layout: Layout, base: str, plans: Sequence[AppPlan], restored: Mapping[str, _Restored]
) -> list[AppPlan]:
    found = _when_they_ran(root, base, restored) if restored else {}
    is_cut = len(found) < len(restored) and is_shallow(root)
    noted = []
    for plan in plans:
        folder = layout.manifests(plan.env, plan.app)
        commit, then = found.get(folder, (None, {}))
        looked = folder in found or (folder in restored and is_cut)
        note = None
        if looked and then is not None:
            known = replace(plan, comes_back=json.dumps(restored[folder].template))
            note = not_as_it_ran(known, layout.partial(plan.env, plan.app), commit, then)
        noted.append(replace(plan, problems=(*plan.problems, note)) if note else plan)
    return noted


def templates_before(root: str, revision: str, folder: str) -> tuple[Mapping[str, Any], ...]:
    """The pod templates of a rendered workload up to a revision, by their first commit, oldest first. Raises GitError.

    Each is a ReplicaSet that the controller has made, as far as Git reaches.
    """
    paths = [f"{folder}/{name}" for name in _WORKLOAD_FILES]
    oids = [touch.after for _, touches in islice(log_files(root, paths, revision), _LOOKED) for touch in touches]
    texts = read_blobs(root, {oid for oid in oids if oid})
    found: list[Mapping[str, Any]] = []
    for oid in reversed(oids):
        template = _template(texts.get(oid or "", b""))
        if template and not any(equal(template, each) for each in found):
            found.append(template)
    return tuple(found)


def _when_they_ran(
    root: str, base: str, restored: Mapping[str, _Restored]
) -> dict[str, tuple[str, Mapping[str, Any] | None]]:
    """By folder, the last commit up to `base` that has this version in the workload, and its pod template there.

    The template is None where the file has the very same text of it. One walk through the history for all of them.
    """
    left, found = dict(restored), {}
    few = len(restored) <= _FEW
    folders = restored if few else {f"{folder.rpartition('/')[0]}/*" for folder in restored}
    paths = [f"{folder}/{name}" for folder in sorted(folders) for name in _WORKLOAD_FILES]
    for commit, touches in islice(log_files(root, paths, base), _LOOKED if few else _LOOKED * _FEW):
        known = [(folder, touch.after) for touch in touches if (folder := touch.path.rpartition("/")[0]) in left]
        texts = read_blobs(root, {oid for _, oid in known if oid})
        for folder, oid in known:
            text = texts.get(oid or "", b"")
            is_equal = bool(restored[folder].written) and _written(text) == restored[folder].written
            template = None if is_equal else _version_in(text, restored[folder])
            if is_equal or template:
                found[folder] = commit.sha[:_SHORT], template
                left.pop(folder, None)
        if not left:
            break
    return found


def _version_in(text: bytes, restored: _Restored) -> Mapping[str, Any] | None:
    """The pod template of a rendered workload if it is of the restored version."""
    if not all(image in text for image in restored.images):
        return None  # most are of another version, and need not be parsed
    found = _template(text)
    return found if found and is_version(found, restored.template) else None


def _written(text: bytes) -> bytes:
    """The lines of the pod template in a rendered workload; two of equal lines are equal. Empty if it is not found."""
    found = _LINES.search(text)
    return found[1] if found else b""


def _template(text: bytes) -> Mapping[str, Any] | None:
    """The pod template of a rendered workload; None for a text that is none, as somebody may have committed it."""
    data, _ = load(text, "")
    spec = data.get("spec") if isinstance(data, dict) else None
    found = spec.get("template") if isinstance(spec, dict) else None
    return found if isinstance(found, dict) and has_form(found) else None
