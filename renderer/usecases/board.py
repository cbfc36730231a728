"""`rollspec board`: what runs in every environment as web pages, from Git alone."""

from __future__ import annotations

import json
import os.path
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, NamedTuple

from renderer.board.model import AppPage, Board, Cell, Change, PastEntry, Release
from renderer.board.page import app_page, index_page
from renderer.console import out, say
from renderer.failure import Failure
from renderer.freeze import windows_of
from renderer.git import commits_of, log_files, read_blobs
from renderer.history import LiveCommit, Revision, Standing, history
from renderer.layout import Layout
from renderer.plain import lookup
from renderer.plan.simulated import plan_with_timeline
from renderer.problem import errors
from renderer.progress import Progress, counted, no_progress, progress
from renderer.report.commits import who
from renderer.report.history import AppHistory, entry_texts
from renderer.report.masked_file import masked_file
from renderer.report.plan_details import plan_lines
from renderer.report.possible import possible_verbs
from renderer.report.status import AppStatus
from renderer.tree import TreeError, listing, read, write_all
from renderer.usecases.compare import compare
from renderer.usecases.past import SHALLOW, commit_of, revisions
from renderer.usecases.project import Opened, Refused, open_comparable, other_output
from renderer.usecases.revision import Given, View, asking_git, of_tree
from renderer.usecases.selection import Selection, chosen
from renderer.usecases.shown import show_stopping
from renderer.usecases.status import environments_in_order, read_rows, read_status, with_commands
from renderer.workers import Tick, Work, processes, reports
from renderer.yamlio import load

INDEX = "index.html"
RECENT = timedelta(days=30)  # an app that changed in this time has a page of its own
Key = tuple[str, str]  # app, environment


@dataclass(frozen=True, slots=True)
class BoardOptions:
    """What is asked for on the command line; `now` is the time that ages are counted to."""

    directory: str
    now: datetime
    output: str = "board"
    single: str | None = None
    envs: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    everything: bool = False

    def __post_init__(self) -> None:
        if self.single and len(self.envs) != 1:
            raise Failure("--single writes one environment: name it with --env", 2)
        if self.single and self.everything:
            raise Failure("--single writes one page: leave --all out", 2)


def write_board(options: BoardOptions) -> int:
    """Write the pages; the exit code."""
    try:
        opened = open_comparable(options.directory)
    except Refused as refused:
        return int(show_stopping(refused.problems, "text"))
    board = read_board(opened, options, progress)
    if not board.complete:
        say(SHALLOW)
    if options.single:
        files = {os.path.basename(options.single): index_page(_single(board))}
        folder = os.path.dirname(options.single)
    else:
        files = {INDEX: index_page(board), **dict(_app_pages(opened, board))}
        folder = options.output
        other_output(opened, options.directory, folder, [opened.layout.output])
    _write(os.path.join(options.directory, folder), {path: text.encode() for path, text in files.items()})
    out(
        f"{os.path.join(folder, INDEX) if not options.single else options.single}: {len(board.active)} of "
        f"{len(board.cells)} app environments need a look; {counted(len(files) - 1, 'page')} of apps"
    )
    return int(any("unreadable" in cell.states for cell in board.active))


def read_board(opened: Opened, options: BoardOptions, shown: Progress = no_progress) -> Board:
    """Everything that the pages show, except what only an app's own page has; `shown` shows how far it is."""
    environments = environments_in_order(opened, options.envs)
    apps = chosen(options.apps, opened.apps, "app")
    status = read_status(opened, environments, apps, frozenset(), shown, stopped=True)
    recent = _recent(opened, status.head, options.now - RECENT) if status.head else {}
    rows = {(row.app, row.env): row for row in status.rows}
    cells = {key: _cell(row, recent.get(key), everything=options.everything) for key, row in rows.items()}
    releases = _releases(opened, [row for key, row in rows.items() if cells[key].is_active], cells, shown)
    return Board(
        title=os.path.basename(os.path.realpath(opened.root)),
        environments=environments,
        apps=apps,
        cells=cells,
        now=options.now,
        head=status.head,
        differs=status.differs,
        labels={row.app: row.labels for row in status.rows if row.labels},
        releases=releases,
        complete=status.complete,
    )


def _recent(opened: Opened, head: str, since: datetime) -> dict[Key, Change]:
    """The newest commit of the last days that touched the specs of an app, by app and environment."""
    layout = opened.layout
    own: dict[str, tuple[str, str | None]] = {layout.app(app): (app, None) for app in opened.apps}
    own |= {layout.partial(env, app): (app, env) for env in opened.setup.environments for app in opened.apps}
    found: dict[Key, Change] = {}
    for commit, touches in log_files(opened.root, layout.spec_folders, head):
        if commit.time < since:
            break
        for app, env in (own[touch.path] for touch in touches if touch.path in own):
            for one in [env] if env else opened.setup.environments:
                found.setdefault((app, one), _change(commit_of(commit)))
    return found


def _cell(row: AppStatus, recent: Change | None, *, everything: bool) -> Cell:
    change = _change(row.since) if row.since else recent
    page = f"apps/{row.env}/{row.app}.html"
    standing = row.standing
    if standing is None:
        return Cell(row.env, row.app, "", "", ("unreadable",), detail=row.problem or "", change=change, page=page)
    states = tuple(_states(row, standing))
    flight = standing.flight
    return Cell(
        env=row.env,
        app=row.app,
        strategy=f"{standing.strategy} by {standing.router}" if standing.router else standing.strategy,
        stable=str(standing.stable),
        states=states,
        flying=str(flight.name) if flight else next((str(version) for _, version in standing.stopped), ""),
        weight=flight.weight if flight else None,
        detail=_detail(row, standing),
        change=change,
        page=page if states or recent or everything else None,
    )


def _states(row: AppStatus, standing: Standing) -> Iterator[str]:
    yield from standing.states
    if row.committed is False:
        yield "uncommitted"


def _detail(row: AppStatus, standing: Standing) -> str:
    words = [f"switching ({standing.stage})"] if standing.stage else []
    if standing.flight:
        is_ladder = standing.flight.role == "canary" and standing.flight.weight is None
        words += [f"on the ladder {' -> '.join(row.ladder)}"] if is_ladder else []
        words += ["with its own configuration"] if standing.flight.overrides else []
    return ", ".join(words)


def _change(commit: LiveCommit) -> Change:
    return Change(commit.sha, commit.time, who(commit), commit.subject)


def _releases(opened: Opened, rows: Sequence[AppStatus], cells: Mapping[Key, Cell], shown: Progress) -> list[Release]:
    """The active cells with their plans, in the order of apps and environments; shared out to the processors."""
    order = sorted(rows, key=lambda row: (row.app, row.env))
    before = _texts_before(opened, order)
    items = [_Active(row, cells[row.app, row.env], before.get((row.app, row.env))) for row in order]
    with shown("making plans", len(items)) as watch:
        releases = [release for some in reports(items, _Planning(opened), processes(), watch) for release in some]
    return sorted(releases, key=lambda release: (release.cell.app, release.cell.env))


class _Active(NamedTuple):
    """What somebody should look at, and its files before its last change; None where Git has no such change."""

    row: AppStatus
    cell: Cell
    before: dict[str, bytes] | None


@dataclass(frozen=True, slots=True)
class _Planning(Work[_Active, list[Release]]):
    """Makes the plans of active cells."""

    seconds: ClassVar[float] = 0.004

    opened: Opened

    def __call__(self, items: Sequence[_Active], tick: Tick) -> list[Release]:
        new = of_tree(self.opened)
        found = []
        for row, cell, before in items:
            found.append(_with_verbs(self.opened, row, _release(new, cell, before)))
            tick()
        return found


def _with_verbs(opened: Opened, row: AppStatus, release: Release) -> Release:
    verbs = possible_verbs(row.standing, has_previous=row.has_previous) if row.standing else ()
    windows = windows_of(opened.setup.environments[row.env].spec)
    return replace(release, commands=with_commands(opened, row).commands, verbs=tuple(verbs), windows=windows)


def _release(new: View, cell: Cell, before: dict[str, bytes] | None) -> Release:
    """The plan from the app's files before its last change to the working tree, under today's overlays."""
    if "unreadable" in cell.states:
        return Release(cell, (), not_shown=cell.detail)
    if before is None:
        return Release(cell, (), not_shown="Git has no commit that brought this, so there is no plan of it.")
    old = View("before", new.setup, new.apps, new.data, Given({cell.app: before} if before else {}))
    found = compare(old, new, Selection({cell.env: frozenset([cell.app])}), make=plan_with_timeline)
    plan = next(iter(found.plans), None)
    if plan is None:
        wrong = errors(found.problems)
        return Release(cell, (), not_shown=str(wrong[0]) if wrong else "there is no plan")
    return Release(cell, (), replace(plan, timeline=None), plan_lines(plan), plan.timeline)


def _texts_before(opened: Opened, rows: Sequence[AppStatus]) -> dict[Key, dict[str, bytes]]:
    """The files of each app before the commit that brought its state: today's, but for those that it touched."""
    since = {(row.app, row.env): row.since.sha for row in rows if row.since}
    if not since:
        return {}
    layout = opened.layout
    with asking_git():
        touches = dict(commits_of(opened.root, sorted(set(since.values())), layout.spec_folders))
        oids = {touch.before for found in touches.values() for touch in found if touch.before}
        blobs = read_blobs(opened.root, oids)
    before = {sha: {touch.path: touch.before for touch in found} for sha, found in touches.items()}
    found = {}
    for (app, env), sha in since.items():
        texts, _ = opened.texts(app)
        there = before.get(sha, {})
        for path in _own_files(layout, opened, app) & there.keys():
            texts.pop(path, None)
            texts |= {path: blobs[oid]} if (oid := there[path]) in blobs else {}
        found[app, env] = texts if layout.app(app) in texts else {}
    return found


def _own_files(layout: Layout, opened: Opened, app: str) -> set[str]:
    return {layout.app(app), *(layout.partial(env, app) for env in opened.setup.overlays)}


def read_app_page(opened: Opened, options: BoardOptions) -> AppPage:
    """What the page of the one app and environment that the options select shows."""
    ((_, page),) = _read_pages(opened, read_board(opened, replace(options, everything=True)))
    if page.release.verbs or page.release.cell.is_active:
        return page
    (row,) = read_rows(opened, options.envs, options.apps)
    return replace(page, release=_with_verbs(opened, row, page.release))


def _app_pages(opened: Opened, board: Board) -> Iterator[tuple[str, str]]:
    for path, page in _read_pages(opened, board):
        yield path, app_page(page)


def _read_pages(opened: Opened, board: Board) -> Iterator[tuple[str, AppPage]]:
    """The cells that have pages of their own, with the addresses of these."""
    known = {(release.cell.app, release.cell.env): release for release in board.releases}
    paged = {key: cell for key, cell in board.cells.items() if cell.page}
    past = _past(opened, board.head, {app for app, _ in paged}) if board.head else {}
    for (app, env), cell in paged.items():
        release = known.get((app, env)) or Release(cell, ())
        entries = history(past.get(app, ()), opened.layout, app, [env])
        shown = tuple(_past_entries(AppHistory(app, board.head or "", entries), env))
        yield f"apps/{env}/{app}.html", _app_page(opened, board, release, shown)


def _past_entries(past: AppHistory, env: str) -> Iterator[PastEntry]:
    for entry, (text, *steps) in entry_texts(past, env):
        is_flying = entry.type in ("canary", "preview") and entry.end is None
        yield PastEntry(text, tuple(steps), entry.type if is_flying else "aborted" if entry.end == "aborted" else "")


def _past(opened: Opened, head: str, apps: set[str]) -> dict[str, list[Revision]]:
    """The commits that touched the files of each app, or an overlay, oldest first; read in one pass over Git's log."""
    layout = opened.layout
    about = {path: app for app in apps for path in _own_files(layout, opened, app)}
    about |= {layout.overlay(env): "" for env in opened.setup.environments}
    found: dict[str, list[Revision]] = {app: [] for app in apps}
    for revision in revisions(opened.root, layout.spec_folders, head, only=about):
        names = {about[path] for path in revision.files}
        for app in apps if "" in names else names:
            own = {path: data for path, data in revision.files.items() if about[path] in (app, "")}
            found[app].append(replace(revision, files=own))
    return found


def _app_page(opened: Opened, board: Board, release: Release, past: tuple[PastEntry, ...]) -> AppPage:
    cell = release.cell
    folder = opened.layout.manifests(cell.env, cell.app)
    texts, _ = read(opened.root, listing(opened.root, folder))
    not_secret = opened.setup.project.not_secret
    files = {path: _masked(text, not_secret) for path, text in sorted(texts.items())}
    return AppPage(release, board.now, board.head, past, files, tuple(_steps(texts)))


def _masked(text: bytes, not_secret: Collection[str]) -> str:
    return "".join(masked_file(text.decode("utf-8", "replace").splitlines(keepends=True), not_secret))


def _steps(texts: Mapping[str, bytes]) -> Iterator[str]:
    """The step list of the rendered Rollout, each step in one line."""
    for path, text in texts.items():
        data, _ = load(text, path)
        steps = lookup(data, "/spec/strategy/canary/steps")
        for step in steps if isinstance(steps, list) else ():
            yield json.dumps(step, ensure_ascii=False).replace('"', "")


def _single(board: Board) -> Board:
    """Without links to pages that are not written."""
    cells = {key: replace(cell, page=None) for key, cell in board.cells.items()}
    releases = [replace(release, cell=replace(release.cell, page=None)) for release in board.releases]
    return replace(board, cells=cells, releases=releases)


def _write(folder: str, files: Mapping[str, bytes]) -> None:
    try:
        write_all(folder or ".", files, mark=None)
    except TreeError as error:
        raise Failure(str(error)) from error
