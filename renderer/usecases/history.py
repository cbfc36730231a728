"""`rollspec history`: who released what, when, and how it ended, from Git alone."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from renderer.console import out, say
from renderer.failure import Failure
from renderer.git import Commit, is_shallow, list_tree, read_many, renamed, resolve
from renderer.history import HistoryEntry, LiveCommit, Revision, environments_of, history
from renderer.layout import PROJECT_FILE, Layout
from renderer.pipeline.setup import read_project
from renderer.project import Versions
from renderer.report.history import AppHistory, history_text
from renderer.resources import read_schema
from renderer.schema import Schemas
from renderer.usecases.checkout import refuse_nested, submodules_of
from renderer.usecases.known_past import known_past
from renderer.usecases.past import SHALLOW, brought, commit_of
from renderer.usecases.project import find_root
from renderer.usecases.revision import asking_git
from renderer.usecases.selection import chosen
from renderer.usecases.shown import show_stopping

HistoryEntries = Mapping[str, Sequence[HistoryEntry]]


def show_history(directory: str, app: str, envs: Sequence[str], form: str, limit: int | None) -> int:
    """Print the releases of an app; the exit code."""
    root = find_root(directory)
    with asking_git():
        head = resolve(root, "HEAD")
        text = read_many(root, head, [PROJECT_FILE])[PROJECT_FILE]
        if text is None:
            raise Failure(f"{PROJECT_FILE} is not in the last commit: commit the project first")
        project, problems = read_project(text, Schemas(Versions(), read_schema))
        if project is None:
            return int(show_stopping(problems, form))
        refuse_nested(root, project.layout, submodules_of(root))
        found = _history(root, head, project.layout, app, envs, limit)
    if not found.complete:
        say(SHALLOW)
    out(history_text(found, form, colour=sys.stdout.isatty()), end="")
    return 0


def _history(root: str, head: str, layout: Layout, app: str, envs: Sequence[str], limit: int | None) -> AppHistory:
    past = _past(root, head, layout, app)
    known = environments_of(past, layout)
    found = history(past, layout, app, chosen(envs, known, "environment"))
    found = {env: entries for env, entries in found.items() if entries or env in envs}
    shown = {env: entries[:limit] for env, entries in found.items()}
    left_out = {env: len(entries) - len(shown[env]) for env, entries in found.items()}
    paths = [layout.app(app), *(path for env in known for path in (layout.partial(env, app), layout.overlay(env)))]
    complete = not (past[0].commit.parents == 0 and is_shallow(root))
    return AppHistory(
        app, head, _with_merged(root, shown, paths), complete, _renamed(root, shown, layout, app), left_out
    )


def _past(root: str, head: str, layout: Layout, app: str) -> list[Revision]:
    """The commits that touched what the app is made of; a failure where there never was such an app."""
    own = layout.app(app)
    past = [] if set(app) & set("*/\0") else known_past(root, layout, app, head)
    if not any(own in revision.files for revision in past):
        names = [path.removeprefix(f"{layout.apps}/") for path in list_tree(root, head, layout.apps)]
        chosen([app], [name.removesuffix(".yaml") for name in names if name.endswith(".yaml")], "app")
        raise Failure(f"there is no app `{app}`", 2)
    return past


def _with_merged(root: str, shown: HistoryEntries, paths: Sequence[str]) -> dict[str, list[HistoryEntry]]:
    """The entries with the commits that each merge brought."""
    merges = {
        step.commit.sha: step.commit
        for entries in shown.values()
        for entry in entries
        for step in entry.steps
        if step.commit.parents > 1
    }
    full = {sha: _full(commit, brought(root, commit, paths)) for sha, commit in merges.items()}
    return {env: [_complete(entry, full) for entry in entries] for env, entries in shown.items()}


def _full(commit: LiveCommit, merged: Sequence[Commit]) -> LiveCommit:
    return replace(commit, merged=tuple(commit_of(each) for each in merged if len(each.parents) < 2))


def _complete(entry: HistoryEntry, full: Mapping[str, LiveCommit]) -> HistoryEntry:
    steps = tuple(replace(step, commit=full.get(step.commit.sha, step.commit)) for step in entry.steps)
    return replace(entry, steps=steps)


def _renamed(root: str, shown: HistoryEntries, layout: Layout, app: str) -> dict[str, tuple[str, str]]:
    """Of the commits with which the app came or went, those that renamed it: from, to."""
    own = layout.app(app)
    commits = {
        step.commit.sha
        for entries in shown.values()
        for entry in entries
        for step in entry.steps
        if step.move.type in ("added", "removed")
    }
    found = {}
    for sha in commits:
        for new, old in renamed(root, sha, layout.apps).items():
            if own in (new, old):
                found[sha] = (_app(layout, old), _app(layout, new))
    return found


def _app(layout: Layout, path: str) -> str:
    return path.removeprefix(f"{layout.apps}/").removesuffix(".yaml")
