"""`rollspec status`: what runs where by the specs of the working tree, and since which commit."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from renderer.console import out, say
from renderer.git import GitError, changed, resolve
from renderer.history import Files, Key, Parsed, Standing, State, Unreadable, parse, state_at, trimmed
from renderer.pipeline import is_in
from renderer.plan.ladder import rungs
from renderer.problem import errors
from renderer.progress import Progress, no_progress
from renderer.promotion import in_order
from renderer.report.possible import possible
from renderer.report.status import AppStatus, StatusReport, status_text
from renderer.tree import reader
from renderer.usecases.checkout import refuse_nested
from renderer.usecases.past import SHALLOW
from renderer.usecases.project import AppTexts, Opened, Refused, open_project
from renderer.usecases.selection import chosen
from renderer.usecases.shown import show_stopping
from renderer.usecases.since import Since, since
from renderer.usecases.watched import watched
from renderer.workers import Tick, processors, reports


@dataclass(frozen=True, slots=True)
class StatusOptions:
    """The options of the command line; ages are counted up to `now`."""

    directory: str
    now: datetime
    envs: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    form: str = "text"
    commands: bool = False
    older_than: timedelta | None = None


def show_status(options: StatusOptions) -> int:
    """Print what runs where; the exit code."""
    try:
        opened, environments, apps = selected(options)
    except Refused as refused:
        return int(show_stopping(refused.problems, options.form))
    status = replace(read_status(opened, environments, apps, frozenset(options.apps)), now=options.now)
    if options.apps:
        status = replace(status, rows=[with_watch(opened, row) for row in status.rows])
    if options.commands:
        status = replace(status, rows=[with_commands(opened, row) for row in status.rows])
    is_late = False
    if options.older_than is not None:
        longest = options.older_than.total_seconds()
        old = [row for row in status.rows if (row.age(options.now) or 0) > longest]
        status, is_late = replace(status, rows=old), bool(old)
    if not status.complete:
        say(SHALLOW)
    out(status_text(status, options.form, colour=sys.stdout.isatty()), end="")
    return int(is_late or any(row.standing is None for row in status.rows))


def selected(options: StatusOptions) -> tuple[Opened, list[str], list[str]]:
    """The project, and the environments and apps that the options select. Raises Refused."""
    opened = open_project(options.directory)
    refuse_nested(opened.root, opened.layout)
    return opened, environments_in_order(opened, options.envs), chosen(options.apps, opened.apps, "app")


def environments_in_order(opened: Opened, envs: Sequence[str]) -> list[str]:
    """The selected environments, or all, in the order of promotion."""
    found = chosen(envs, sorted(opened.setup.environments), "environment")
    return in_order(opened.setup.project.promotion, found)


def with_commands(opened: Opened, row: AppStatus) -> AppStatus:
    """The row with the commands that are possible now."""
    if row.standing is None:
        return row
    env = row.env if len(opened.setup.environments) > 1 else None
    found = possible(row.standing, row.app, env, namespace=row.namespace, has_previous=row.has_previous)
    return replace(row, commands=tuple(found))


def with_watch(opened: Opened, row: AppStatus) -> AppStatus:
    """The row with what watches its canary or its preview."""
    flight = row.standing.flight if row.standing else None
    if flight is None or flight.role not in ("canary", "preview"):
        return row
    return replace(row, watched=watched(opened, row.env, row.app))


def read_status(
    opened: Opened,
    envs: Sequence[str],
    apps: Sequence[str],
    named: frozenset[str],
    shown: Progress = no_progress,
) -> StatusReport:
    """The state of these apps in these environments; for `named` apps, Git is always asked for the commit."""
    rows = read_rows(opened, envs, apps, shown)
    try:
        return _with_git(opened, rows, named)
    except GitError as error:
        say(f"rollspec: Git cannot say since when: {error.message}")
        return StatusReport(None, rows)


def read_rows(
    opened: Opened, envs: Sequence[str], apps: Sequence[str], shown: Progress = no_progress
) -> list[AppStatus]:
    """The state in the working tree, by environment and app; several processes share the apps."""
    overlays = _overlays(opened)

    def work(share: Sequence[str], tick: Tick) -> list[AppStatus]:
        found: list[AppStatus] = []
        with reader(opened.root) as read_some:
            for app in share:
                found += _app_rows(opened, overlays, envs, app, opened.texts(app, read_some))
                tick()
        return found

    with shown("reading apps", len(apps)) as watch:
        rows = [row for report in reports(apps, work, processors(), watch) for row in report]
    order = {env: number for number, env in enumerate(envs)}
    return sorted(rows, key=lambda row: (order[row.env], row.app))


def _app_rows(opened: Opened, overlays: Files, envs: Sequence[str], app: str, read: AppTexts) -> Iterator[AppStatus]:
    wanted = [env for env in envs if is_in(opened.setup.environments[env], app)]
    if not wanted:
        return
    texts, problems = read
    files = {**overlays, **{file: trimmed(parse(text, file)) for file, text in texts.items()}}
    labels = _labels(files.get(opened.layout.app(app)))
    for env in wanted:
        state = Unreadable(str(problems[0])) if errors(problems) else state_at(files, opened.layout, env, app)
        if isinstance(state, State):
            yield AppStatus(
                env,
                app,
                state.standing,
                labels=labels,
                has_previous=state.previous is not None,
                ladder=_rungs(state),
                namespace=state.namespace or opened.setup.environments[env].spec.get("namespace") or "",
            )
        elif state is not None:
            yield AppStatus(env, app, None, state.reason, labels=labels)


def _rungs(state: State) -> tuple[str, ...]:
    """The ladder of a canary in flight."""
    flight = state.standing.flight
    return tuple(rungs(state.ladder)) if flight and flight.role == "canary" and flight.weight is None else ()


def _labels(app: Parsed | None) -> dict[str, str]:
    """The labels of an app spec that are text."""
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
