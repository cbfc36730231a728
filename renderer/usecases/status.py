"""`rollspec status`: what runs where, by the specs of the working tree, and since which commit."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from renderer.console import out, say
from renderer.git import GitError, Touch, TreeEntry, changed, is_shallow, list_tree, log_files, resolve
from renderer.history import Files, Parsed, Search, Standing, State, Unreadable, files_of, parse, state_at, trimmed
from renderer.layout import Layout
from renderer.pipeline import is_in
from renderer.problem import errors
from renderer.report.status import AppStatus, StatusReport, status_text
from renderer.usecases.checkout import refuse_nested
from renderer.usecases.past import SHALLOW, commit_of, parse_blobs
from renderer.usecases.project import Opened, Refused, open_project
from renderer.usecases.selection import chosen
from renderer.usecases.shown import show_stopping
from renderer.workers import crew, processors

_FEW = 20  # apps that are asked for by their paths; beyond, git is asked for whole folders
_BATCH = 200  # commits of which old specs are read at once
_PLAIN = ("100644", "100755")


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

    wanted = {(row.env, row.app): row.standing for row in rows if row.standing and is_wanted(row)}
    if not wanted:
        return StatusReport(head, rows, differs)
    search, same = _search(root, head, layout, wanted)
    _go_back(root, head, layout, search)
    found = [
        replace(row, since=search.found.get(key), committed=key in same)
        if (key := (row.env, row.app)) in wanted
        else row
        for row in rows
    ]
    complete = not (any(commit.parents == 0 for commit in search.found.values()) and is_shallow(root))
    return StatusReport(head, found, differs, complete)


def _names(opened: Opened, env: str) -> tuple[str, ...]:
    return opened.setup.environments[env].names


def _search(
    root: str, head: str, layout: Layout, wanted: Mapping[tuple[str, str], Standing]
) -> tuple[Search, frozenset[tuple[str, str]]]:
    """A search from HEAD for the rows that stand there as they do in the working tree, and which those are."""
    apps = {app for _, app in wanted}
    own = {layout.app(app) for app in apps}
    tree = {path: entry for path, entry in list_tree(root, head, layout.apps).items() if path in own}
    tree |= {
        path: entry
        for path, entry in list_tree(root, head, layout.overlays).items()
        if path.endswith("/overlay.yaml") or path.rpartition("/")[2].removesuffix(".yaml") in apps
    }
    files = _parsed(root, {path: entry for path, entry in tree.items() if entry.mode in _PLAIN})
    same = {row: standing for row, standing in wanted.items() if _stands(files, layout, row, standing)}
    return Search(layout, files, same), frozenset(same)


def _parsed(root: str, tree: Mapping[str, TreeEntry]) -> dict[str, Parsed]:
    parsed = parse_blobs(root, {entry.oid: path for path, entry in tree.items()})
    return {path: trimmed(parsed[entry.oid]) for path, entry in tree.items()}


def _stands(files: Files, layout: Layout, row: tuple[str, str], standing: Standing) -> bool:
    state = state_at(files, layout, *row)
    return isinstance(state, State) and state.standing == standing


def _go_back(root: str, head: str, layout: Layout, search: Search) -> None:
    """Go back commit by commit, until every row has its answer."""
    apps = sorted({app for _, app in search.open})
    few = sorted({path for app in apps for path in files_of(layout, app)})
    paths = few if len(apps) <= _FEW else [layout.apps, layout.overlays]
    commits = log_files(root, paths, head)
    while search.open and (batch := list(islice(commits, _BATCH))):
        some = [(commit, wanted) for commit, touches in batch if (wanted := _wanted(search, touches))]
        parsed = parse_blobs(root, {touch.before: touch.path for _, touches in some for touch in touches})
        for commit, touches in some:
            search.back(commit_of(commit), {touch.path: _before(parsed, touch) for touch in touches})


def _wanted(search: Search, touches: Sequence[Touch]) -> list[Touch]:
    return [touch for touch in touches if search.wants(touch.path)]


def _before(parsed: Mapping[str | None, Parsed], touch: Touch) -> Parsed | None:
    found = parsed.get(touch.before)
    return None if found is None else trimmed(found)
