"""`rollspec status`: what runs where, by the specs of the working tree, and since which commit."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from renderer.console import out, say
from renderer.git import GitError, changed, resolve
from renderer.history import Files, Key, Parsed, Standing, State, Unreadable, parse, state_at, trimmed
from renderer.pipeline import is_in
from renderer.problem import errors
from renderer.report.status import AppStatus, StatusReport, status_text
from renderer.usecases.checkout import refuse_nested
from renderer.usecases.past import SHALLOW
from renderer.usecases.project import Opened, Refused, open_project
from renderer.usecases.selection import chosen
from renderer.usecases.shown import show_stopping
from renderer.usecases.since import Since, since
from renderer.workers import crew, processors


def show_status(directory: str, envs: Sequence[str], apps: Sequence[str], form: str) -> int:
    """Print what runs where; the exit code."""
    try:
        opened = open_project(directory)
    except Refused as refused:
        return int(show_stopping(refused.problems, form))
    refuse_nested(opened.root, opened.layout)
    environments = chosen(envs, sorted(opened.setup.environments), "environment")
    status = read_status(opened, environments, chosen(apps, opened.apps, "app"), frozenset(apps))
    if not status.complete:
        say(SHALLOW)
    out(status_text(status, form, colour=sys.stdout.isatty()), end="")
    return int(any(row.standing is None for row in status.rows))


def read_status(opened: Opened, envs: Sequence[str], apps: Sequence[str], named: frozenset[str]) -> StatusReport:
    """The state of these apps in these environments; for `named` apps Git is always asked since when."""
    rows = read_rows(opened, envs, apps)
    try:
        return _with_git(opened, rows, named)
    except GitError as error:
        say(f"rollspec: Git cannot say since when: {error.message}")
        return StatusReport(None, rows)


def read_rows(opened: Opened, envs: Sequence[str], apps: Sequence[str]) -> list[AppStatus]:
    """The state in the working tree, by environment and app; several processes share the apps."""
    overlays = _overlays(opened)

    def work(share: Sequence[str], tick: Callable[[], None]) -> tuple[list[AppStatus], Callable[[], None]]:
        found: list[AppStatus] = []
        for app in share:
            found += _app_rows(opened, overlays, envs, app)
            tick()
        return found, lambda: None

    with crew(apps, work, processors()) as made:
        return sorted((row for report in made.reports for row in report), key=lambda row: (row.env, row.app))


def _app_rows(opened: Opened, overlays: Files, envs: Sequence[str], app: str) -> Iterator[AppStatus]:
    wanted = [env for env in envs if is_in(opened.setup.environments[env], app)]
    if not wanted:
        return
    texts, problems = opened.texts(app)
    files = {**overlays, **{file: trimmed(parse(text, file)) for file, text in texts.items()}}
    labels = _labels(files.get(opened.layout.app(app)))
    for env in wanted:
        state = Unreadable(str(problems[0])) if errors(problems) else state_at(files, opened.layout, env, app)
        if isinstance(state, State):
            yield AppStatus(env, app, state.standing, labels=labels, has_previous=state.previous is not None)
        elif state is not None:
            yield AppStatus(env, app, None, state.reason, labels=labels)


def _labels(app: Parsed | None) -> dict[str, str]:
    """The labels of an app spec, as far as they are text."""
    metadata = app.get("metadata") if isinstance(app, Mapping) else None
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    return {str(key): str(value) for key, value in labels.items()} if isinstance(labels, Mapping) else {}


def _overlays(opened: Opened) -> dict[str, Parsed]:
    chains = (each.chain for each in opened.setup.environments.values())
    return {document.file: trimmed(document.data) for chain in chains for document in chain}


def _with_git(opened: Opened, rows: Sequence[AppStatus], named: frozenset[str]) -> StatusReport:
    """The rows with the commits from Git. Raises GitError."""
    root, layout = opened.root, opened.layout
    head = resolve(root, "HEAD")
    differs = [path for _, path in changed(root, head, None, [layout.apps, layout.overlays])]
    there = frozenset(differs)

    def is_wanted(row: AppStatus) -> bool:
        own = (layout.app(row.app), *(layout.partial(env, row.app) for env in _names(opened, row.env)))
        return row.standing is not None and (row.is_active or row.app in named or not there.isdisjoint(own))

    wanted: dict[Key, Standing] = {}
    for row in rows:
        if row.standing and is_wanted(row):
            wanted[row.env, row.app, "standing"] = row.standing
            if row.standing.flight:
                wanted[row.env, row.app, "flight"] = row.standing
    known = since(root, head, layout, wanted)
    found = [_dated(row, known) if (row.env, row.app, "standing") in wanted else row for row in rows]
    return StatusReport(head, found, differs, known.complete)


def _dated(row: AppStatus, known: Since) -> AppStatus:
    key: Key = (row.env, row.app, "standing")
    started = known.found.get((row.env, row.app, "flight"))
    return replace(row, since=known.found.get(key), committed=key in known.committed, started=started)


def _names(opened: Opened, env: str) -> tuple[str, ...]:
    return opened.setup.environments[env].names
