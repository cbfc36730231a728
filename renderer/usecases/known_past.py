"""The commits that changed an app; those that an earlier run read are known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from typing import Any, NamedTuple

from renderer.git import GitError, read_commits
from renderer.git.read import has_many_commits
from renderer.history import Parsed, Revision, Unreadable, files_of
from renderer.layout import Layout
from renderer.usecases.known_history import counts, is_kept
from renderer.usecases.past import commit_of, revisions
from renderer.usecases.trust import sealed

_NAME = "past"  # of what is kept
_APPS = 4  # of which it is kept, the latest
_MANY = 1000  # commits; a shorter history is read each time


class _Kept(NamedTuple):
    """What is known of an app up to the commit `head`: ids of commits and their files as JSON data, oldest first."""

    head: str
    revisions: Sequence[tuple[str, dict[str, Any]]]


def known_past(root: str, layout: Layout, app: str, head: str) -> list[Revision]:
    """The commits of the first-parent line that changed what the app is made of, oldest first. Raises GitError."""
    paths = files_of(layout, app)
    kept_text = sealed(root, layout, _NAME) if has_many_commits(root, head, _MANY) else None
    if kept_text is None:
        return revisions(root, paths, head)
    text = kept_text.read()
    apps: dict[str, Any] = json.loads(text) if text else {}
    kept = _Kept(*apps.pop(app, ("", ())))
    old = _old(root, head, kept)
    new = revisions(root, paths, head, without=kept.head if old else None)
    past = [*old, *new]
    if kept.head != head and is_kept(root) and (data := _data(past)) is not None:
        others = dict(islice(reversed(apps.items()), _APPS - 1))
        kept_text.write(json.dumps({**dict(reversed(others.items())), app: _Kept(head, data)}))
    return past


def _old(root: str, head: str, kept: _Kept) -> list[Revision]:
    """The revisions that are known; none if what is known is not about this history."""
    if not counts(root, head, kept.head):
        return []
    try:
        commits = {commit.sha: commit_of(commit) for commit in read_commits(root, [sha for sha, _ in kept.revisions])}
    except GitError:  # somebody removed them
        return []
    return [
        Revision(commits[sha], {path: _parsed(data) for path, data in files.items()}) for sha, files in kept.revisions
    ]


def _data(past: Sequence[Revision]) -> list[tuple[str, dict[str, Any]]] | None:
    """The revisions as JSON data; None if JSON would not give back the same."""
    data = [(each.commit.sha, {path: _plain(parsed) for path, parsed in each.files.items()}) for each in past]
    return data if [*map(tuple, json.loads(json.dumps(data)))] == data else None


def _plain(parsed: Parsed | None) -> Any:
    return parsed.reason if isinstance(parsed, Unreadable) else parsed


def _parsed(data: Any) -> Parsed | None:
    return Unreadable(data) if isinstance(data, str) else data
