"""`rollspec status`: what runs where by the specs of the working tree, and since which commit."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from renderer.console import out, say
from renderer.failure import Failure
from renderer.freeze import must_wait, windows_of
from renderer.git import GitError, changed, resolve
from renderer.history import Files, Key, Parsed, Standing, State, VersionName
from renderer.history.standing import name_of
from renderer.pipeline import is_in
from renderer.progress import Progress, no_progress
from renderer.promotion import in_order
from renderer.release.rungs import rungs
from renderer.report.possible import possible
from renderer.report.status import AppStatus, StatusReport, status_text
from renderer.usecases.known_since import known_since
from renderer.usecases.past import SHALLOW
from renderer.usecases.project import Opened, Refused, open_comparable
from renderer.usecases.selection import chosen
from renderer.usecases.shown import show_stopping
from renderer.usecases.since import Here, Since
from renderer.usecases.spec_states import SpecStates, spec_states
from renderer.workers import meanwhile


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
        status = replace(status, rows=[with_commands(opened, row, options.now) for row in status.rows])
    is_late = False
    if options.older_than is not None:
        longest = options.older_than.total_seconds()
        old = [row for row in status.rows if (row.age(options.now) or 0) > longest]
        if not (old or status.complete):
            raise Failure(f"{SHALLOW.removeprefix('rollspec: ')}; until then, nobody knows what is older", 3)
        status, is_late = replace(status, rows=old), bool(old)
    if not status.complete:
        say(SHALLOW)
    out(status_text(status, options.form, colour=sys.stdout.isatty()), end="")
    return int(is_late or any(row.standing is None for row in status.rows))


def selected(options: StatusOptions) -> tuple[Opened, list[str], list[str]]:
    """The project, and the environments and apps that the options select. Raises Refused."""
    opened = open_comparable(options.directory)
    return opened, environments_in_order(opened, options.envs), chosen(options.apps, opened.apps, "app")


def environments_in_order(opened: Opened, envs: Sequence[str]) -> list[str]:
    """The selected environments, or all, in the order of promotion."""
    found = chosen(envs, sorted(opened.setup.environments), "environment")
    return in_order(opened.setup.project.promotion, found)


def with_commands(opened: Opened, row: AppStatus, now: datetime | None = None) -> AppStatus:
    """The row with the commands that are possible now: with `now`, without those that wait for the end of a freeze."""
    if row.standing is None:
        return row
    env = row.env if len(opened.setup.environments) > 1 else None
    found = possible(row.standing, row.app, env, namespace=row.namespace, has_previous=row.has_previous)
    windows = windows_of(opened.setup.environments[row.env].spec)
    return row._replace(commands=tuple(each for each in found if now is None or not must_wait(each, windows, now)))


def with_watch(opened: Opened, row: AppStatus) -> AppStatus:
    """The row with what watches its canary or its preview."""
    flight = row.standing.flight if row.standing else None
    if flight is None or flight.role not in ("canary", "preview"):
        return row
    from renderer.usecases.watched import watched  # the plan takes time to import

    return row._replace(watched=watched(opened, row.env, row.app))


def read_status(
    opened: Opened,
    envs: Sequence[str],
    apps: Sequence[str],
    named: frozenset[str],
    shown: Progress = no_progress,
    *,
    stopped: bool = False,
) -> StatusReport:
    """The state of these apps in these environments.

    For `named` apps, Git is always asked for the commit; with `stopped`, also for those with an aborted or undone
    version.
    """
    states = spec_states(opened, apps, shown)
    rows: list[AppStatus] = []
    is_whole = len(apps) == len(opened.apps) and len(envs) == len(opened.setup.environments)
    try:
        with meanwhile(partial(_head_and_differing, opened)) as in_git:
            rows = _rows(opened, states, envs, apps)
        asked = {(row.env, row.app) for row in rows if row.app in named or (stopped and _is_stopped(row))}
        return _with_git(opened, rows, asked, (states.files, *in_git.value()), is_whole=is_whole)
    except GitError as error:
        say(f"rollspec: Git cannot say since when: {error.message}")
        return StatusReport(None, rows)


def read_rows(opened: Opened, envs: Sequence[str], apps: Sequence[str]) -> list[AppStatus]:
    """The state in the working tree, by environment and app."""
    return _rows(opened, spec_states(opened, apps), envs, apps)


def _rows(opened: Opened, states: SpecStates, envs: Sequence[str], apps: Sequence[str]) -> list[AppStatus]:
    return [row for env in envs for app in sorted(apps) if (row := _row(opened, states, env, app))]


def _row(opened: Opened, states: SpecStates, env: str, app: str) -> AppStatus | None:
    if not is_in(opened.setup.environments[env], app):
        return None
    labels = _labels(states.files.get(opened.layout.app(app)))
    state = states.of(env, app)
    if isinstance(state, State):
        return AppStatus(
            env,
            app,
            state.standing,
            labels=labels,
            has_previous=state.previous is not None,
            replaced=_replaced(state),
            needs_weight=state.needs_weight,
            ladder=_rungs(state),
            namespace=state.namespace or opened.setup.environments[env].spec.get("namespace") or "",
        )
    return None if state is None else AppStatus(env, app, None, state.reason, labels=labels)


def _replaced(state: State) -> VersionName | None:
    """The version that the stable one replaced; None where an undo went back from it."""
    name = name_of(state.previous) if state.previous else None
    return None if name == state.standing.undone else name


def _rungs(state: State) -> tuple[str, ...]:
    """The ladder of a canary in flight."""
    flight = state.standing.flight
    if flight is None or flight.role != "canary" or flight.weight is not None:
        return ()
    return tuple(rungs(state.ladder, ends_by_itself=state.ends_by_itself))


def _labels(app: Parsed | None) -> dict[str, str]:
    """The labels of an app spec that are text."""
    metadata = app.get("metadata") if isinstance(app, Mapping) else None
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    return {str(key): str(value) for key, value in labels.items()} if isinstance(labels, Mapping) else {}


def _head_and_differing(opened: Opened) -> tuple[str, list[str]]:
    """The last commit, and the specs that differ from it. Raises GitError."""
    root, layout = opened.root, opened.layout
    head = resolve(root, "HEAD")
    return head, [path for _, path in changed(root, head, None, layout.spec_folders)]


def _is_stopped(row: AppStatus) -> bool:
    return row.standing is not None and bool(row.standing.stopped)


def _with_git(
    opened: Opened,
    rows: Sequence[AppStatus],
    asked: set[tuple[str, str]],
    compared: tuple[Files, str, list[str]],
    *,
    is_whole: bool,
) -> StatusReport:
    """The rows with the commits from Git: of what is under way or not committed, and what is asked. Raises GitError.

    `asked` are environments and apps; `compared` are the files of the working tree, the last commit, and the paths of
    those that differ.
    """
    root, layout = opened.root, opened.layout
    files, head, differs = compared
    there = frozenset(differs)

    def is_wanted(row: AppStatus) -> bool:
        return row.is_active or (row.env, row.app) in asked or (bool(there) and is_edited(row))

    def is_edited(row: AppStatus) -> bool:
        own = (layout.app(row.app), *(layout.partial(env, row.app) for env in _names(opened, row.env)))
        return not there.isdisjoint(own)

    wanted: dict[Key, Standing] = {}
    for row in rows:
        if row.standing and is_wanted(row):
            wanted[row.env, row.app, "standing"] = row.standing
            if row.standing.flight:
                wanted[row.env, row.app, "flight"] = row.standing
    known = known_since(root, head, layout, wanted, Here(files, there), is_whole=is_whole)
    found = [_dated(row, known) if (row.env, row.app, "standing") in wanted else row for row in rows]
    return StatusReport(head, found, differs, known.complete)


def _dated(row: AppStatus, known: Since) -> AppStatus:
    key: Key = (row.env, row.app, "standing")
    started = known.found.get((row.env, row.app, "flight"))
    return row._replace(since=known.found.get(key), committed=key in known.committed, started=started)


def _names(opened: Opened, env: str) -> tuple[str, ...]:
    return opened.setup.environments[env].names
