"""Which commits brought apps to where they are, from Git."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from renderer.git import Touch, TreeEntry, is_shallow, log_files
from renderer.git.read import FILES, list_trees
from renderer.history import (
    ASPECTS,
    Files,
    Key,
    LiveCommit,
    Parsed,
    Search,
    Standing,
    State,
    States,
    files_of,
    state_at,
    trimmed,
)
from renderer.layout import Layout
from renderer.usecases.past import commit_of, parse_blobs
from renderer.usecases.selection import below

_FEW = 20  # apps that are asked for by their paths; beyond, git is asked for whole folders
_BATCH = 200  # commits of which old specs are read at once


class Since(NamedTuple):
    """The commits that were found; `committed` are the keys whose part of the state HEAD has too.

    `order` says of a commit's id how many commits back it is. `complete` is False if the clone does not reach back to
    one of the commits, which may then be older. `searched` is the number of commits that Git was asked for.
    """

    found: Mapping[Key, LiveCommit]
    committed: frozenset[Key]
    order: Mapping[str, int]
    complete: bool = True
    searched: int = 0


class Here(NamedTuple):
    """The working tree: its trimmed specs and overlays, and the paths at which it differs from HEAD."""

    files: Files
    differs: frozenset[str]

    @property
    def unchanged(self) -> Files:
        """The files that HEAD has too."""
        return {path: data for path, data in self.files.items() if path not in self.differs}

    def changed_apps(self, apps: set[str], at_head: Files) -> set[str]:
        """Those of the apps that may have another state at HEAD, which has these files of them, and these overlays."""
        absent = (path for path in self.files if path not in at_head)  # also files that Git ignores
        names = {path.rpartition("/")[2].removesuffix(".yaml") for path in (*self.differs, *absent)}
        return apps if "overlay" in names else apps & names


def since(
    root: str,
    head: str,
    layout: Layout,
    wanted: Mapping[Key, Standing],
    here: Here | None = None,
    *,
    until: str | None = None,
) -> Since:
    """The commits that brought these parts of the standings in the working tree. Raises GitError.

    `here` saves reading at HEAD what the working tree has too. The search ends before the commit `until`.
    """
    if not wanted:
        return Since({}, frozenset(), {})
    apps = {app for _, app, _ in wanted}
    files = _files(root, head, layout, apps, here.unchanged if here else {})
    changed = here.changed_apps(apps, files) if here else apps
    states = States(files, layout)
    committed = {
        key: standing for key, standing in wanted.items() if key[1] not in changed or _has(states, key, standing)
    }
    search = Search(layout, files, committed)
    searched = _go_back(root, head, layout, search, until)
    complete = not (any(commit.parents == 0 for commit in search.found.values()) and is_shallow(root))
    return Since(search.found, frozenset(committed), search.order, complete, searched)


def start_of_flight(root: str, revision: str, layout: Layout, env: str, app: str) -> LiveCommit | None:
    """The commit that brought what is in flight at a revision; None where nothing is. Raises GitError."""
    state = state_at(_files(root, revision, layout, {app}, {}), layout, env, app)
    if not isinstance(state, State) or state.standing.flight is None:
        return None
    return next(iter(since(root, revision, layout, {(env, app, "flight"): state.standing}).found.values()), None)


def start_of_pause(root: str, revision: str, layout: Layout, env: str, app: str) -> LiveCommit | None:
    """The commit that paused an app which is paused at a revision; None where it is not. Raises GitError."""
    state = state_at(_files(root, revision, layout, {app}, {}), layout, env, app)
    if not isinstance(state, State) or not state.standing.paused:
        return None
    return next(iter(since(root, revision, layout, {(env, app, "paused"): state.standing}).found.values()), None)


def _files(root: str, head: str, layout: Layout, apps: set[str], known: Files) -> dict[str, Parsed]:
    """The specs of these apps at HEAD, and every overlay."""
    own = {layout.app(app) for app in apps}
    tree = list_trees(root, head, layout.spec_folders)
    files = {
        path: entry
        for path, entry in tree.items()
        if entry.mode in FILES and (path in own or (below(path, layout.overlays) and _is_of(path, apps)))
    }
    here = {path: known[path] for path in files if path in known}
    return {**here, **_parsed(root, {path: entry for path, entry in files.items() if path not in here})}


def _is_of(path: str, apps: set[str]) -> bool:
    """Whether a file of the overlays is one of an environment, or of one of these apps."""
    return path.endswith("/overlay.yaml") or path.rpartition("/")[2].removesuffix(".yaml") in apps


def _parsed(root: str, tree: Mapping[str, TreeEntry]) -> dict[str, Parsed]:
    parsed = parse_blobs(root, {entry.oid: path for path, entry in tree.items()})
    return {path: trimmed(parsed[entry.oid]) for path, entry in tree.items()}


def _has(states: States, key: Key, standing: Standing) -> bool:
    """Whether the state has this part of the standing."""
    env, app, aspect = key
    state = states.of(env, app)
    return isinstance(state, State) and ASPECTS[aspect](state.standing) == ASPECTS[aspect](standing)


def _go_back(root: str, head: str, layout: Layout, search: Search, until: str | None) -> int:
    """Go back commit by commit, until every key has its answer; how many commits that took."""
    apps = sorted({app for _, app, _ in search.open})
    few = sorted({path for app in apps for path in files_of(layout, app)})
    paths = few if len(apps) <= _FEW else layout.spec_folders
    commits = log_files(root, paths, head, without=until)
    searched = 0
    while search.open and (batch := list(islice(commits, _BATCH))):
        searched += len(batch)
        some = [(commit, wanted) for commit, touches in batch if (wanted := _wanted(search, touches))]
        parsed = parse_blobs(root, {touch.before: touch.path for _, touches in some for touch in touches})
        for commit, touches in some:
            search.back(commit_of(commit), {touch.path: _before(parsed, touch) for touch in touches})
    return searched


def _wanted(search: Search, touches: Sequence[Touch]) -> list[Touch]:
    return [touch for touch in touches if search.wants(touch.path)]


def _before(parsed: Mapping[str | None, Parsed], touch: Touch) -> Parsed | None:
    found = parsed.get(touch.before)
    return None if found is None else trimmed(found)
