"""A project at a revision or in the working tree: the two sides of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from renderer.failure import Failure
from renderer.git import GitError, TreeEntry, read_blobs, read_many
from renderer.git.checkout import SUBMODULE
from renderer.git.read import commit_id, entries_at, list_trees
from renderer.layout import PROJECT_FILE, Layout
from renderer.pipeline.setup import Setup, named, read_project, resources_elsewhere, set_up
from renderer.problem import Problem, errors
from renderer.project import Versions
from renderer.resources import read_schema
from renderer.schema import Schemas
from renderer.tree import read
from renderer.tree.folders import LINK
from renderer.usecases.checkout import nested
from renderer.usecases.project import Opened, Refused, app_names
from renderer.usecases.selection import below
from renderer.yamlio import load

TextsByApp = dict[str, dict[str, bytes]]
_FILE_MODES = ("100644", "100755")
_LINK_MODE = "120000"
_SHORT = 12


@dataclass(frozen=True, slots=True)
class View:
    """One side. `data` is the project file's document; `name` names it for people, `revision` for Git, if it is there.

    `texts` returns, for each given app, the bytes of its spec, its partial apps and the plain manifests that they name;
    an app that does not exist is left out. `ran` returns the pod templates that the rendered files of an app in an
    environment have had, oldest first.
    """

    name: str
    setup: Setup
    apps: frozenset[str]
    data: Mapping[str, Any]
    texts: Callable[[Sequence[str]], tuple[TextsByApp, list[Problem]]]
    ran: Callable[[str, str], tuple[Mapping[str, Any], ...]] = lambda env, app: ()
    revision: str = ""

    @property
    def layout(self) -> Layout:
        """The project's paths."""
        return self.setup.layout


@contextmanager
def asking_git() -> Iterator[None]:
    """Turns Git's errors into failures: we could not look."""
    try:
        yield
    except GitError as error:
        raise Failure(error.message) from error


def of_tree(opened: Opened) -> View:
    """The working tree."""
    known = frozenset(opened.apps)

    def texts(apps: Sequence[str]) -> tuple[TextsByApp, list[Problem]]:
        found: TextsByApp = {}
        problems: list[Problem] = []
        for app in known.intersection(apps):
            found[app], wrong = opened.texts(app)
            problems += wrong
        return found, problems

    file, _ = read(opened.root, [PROJECT_FILE])
    return View("the working tree", opened.setup, known, _data(file[PROJECT_FILE]), texts)


def of_revision(root: str, revision: str, like: View | None = None, *, is_head: bool = False) -> View | None:
    """A revision; None if it has no project file. Raises Refused if its shared files are wrong, and GitError.

    The schemas of `like` are used again if the versions are equal: compiling them takes a while. A symbolic link among
    the specs of a head is refused, as in a working tree. A base is read without it, so that a change can remove it.
    """
    commit = commit_id(root, revision)
    layout = like.layout if like else Layout()  # nearly always that of the revision too
    tree = _listed(root, commit, layout)
    entry = tree.get(PROJECT_FILE)
    if entry is None or entry.mode not in _FILE_MODES:
        return None
    shared = _shared(tree, layout)
    blobs = read_blobs(root, {entry.oid, *shared.values()})
    text = blobs[entry.oid]
    project, problems = read_project(text, like.setup.schemas if like else Schemas(Versions(), read_schema))
    if project is None:
        raise Refused(problems)
    shares_schemas = like is not None and like.setup.project.versions == project.versions
    schemas = like.setup.schemas if like and shares_schemas else Schemas(project.versions, read_schema)
    if project.layout != layout:
        tree = _listed(root, commit, project.layout)
        shared = _shared(tree, project.layout)
        blobs |= read_blobs(root, {*shared.values()})
    tree, links = _plain_files(root, commit, project.layout, tree)
    if is_head and links:
        raise Refused([Problem(path, 0, 0, "path", LINK) for path in links])
    names, _ = app_names(project.layout.apps, [path for path in tree if below(path, project.layout.apps)])
    files = {PROJECT_FILE: text} | {path: blobs[oid] for path, oid in shared.items()}
    elsewhere = resources_elsewhere(project.layout, files)
    found = read_many(root, commit, elsewhere) if elsewhere else {}
    files |= {path: text for path, text in found.items() if text is not None}
    setup, problems = set_up(project, files, frozenset(names), schemas)
    if errors(problems):
        raise Refused(problems)

    def texts(apps: Sequence[str]) -> tuple[TextsByApp, list[Problem]]:
        return _texts(root, commit, setup, tree, frozenset(names).intersection(apps)), []

    def ran(env: str, app: str) -> tuple[Mapping[str, Any], ...]:
        from renderer.usecases.ran import templates_before  # for few changes only

        return templates_before(root, commit, project.layout.manifests(env, app))

    return View(revision, setup, frozenset(names), _data(text), texts, ran, revision)


def _listed(root: str, commit: str, layout: Layout) -> dict[str, TreeEntry]:
    """Every file in the folders of specs, and the project file."""
    return list_trees(root, commit, [PROJECT_FILE, layout.apps, layout.overlays, layout.templates])


def _shared(tree: Mapping[str, TreeEntry], layout: Layout) -> dict[str, str]:
    """The ids of the plain files that apps share: overlays, other files in their folders, and templates."""
    overlays, templates = f"{layout.overlays}/", f"{layout.templates}/"
    return {
        path: entry.oid
        for path, entry in tree.items()
        if path.startswith(templates) or (path.startswith(overlays) and not layout.is_partial(path))
        if entry.mode in _FILE_MODES
    }


def _plain_files(
    root: str, commit: str, layout: Layout, tree: Mapping[str, TreeEntry]
) -> tuple[dict[str, TreeEntry], list[str]]:
    """The plain files of the folders of specs, and the symbolic links in the place of specs.

    Failure for a submodule there, whose files the revision lacks.
    """
    folders = (layout.apps, layout.overlays, layout.templates)
    found = [(path, entry) for path, entry in tree.items() if path != PROJECT_FILE]
    above = sorted({folder.rpartition("/")[0] for folder in folders} - {""})
    for path, entry in (*found, *(entries_at(root, commit, above).items() if above else ())):
        if entry.mode == SUBMODULE:
            raise nested(f"{path} in {commit[:_SHORT]}")
    links = [path for path, entry in found if entry.mode == _LINK_MODE and _is_spec(layout, path)]
    return {path: entry for path, entry in found if entry.mode in _FILE_MODES}, links


def _is_spec(layout: Layout, path: str) -> bool:
    """Whether a file of this path is read in the folders of specs."""
    return not below(path, layout.apps) or app_names(layout.apps, [path]) != ([], [])


def _texts(root: str, commit: str, setup: Setup, tree: Mapping[str, TreeEntry], apps: frozenset[str]) -> TextsByApp:
    layout = setup.layout
    wanted = {
        app: [path for path in (layout.app(app), *(layout.partial(env, app) for env in setup.overlays)) if path in tree]
        for app in apps
    }
    blobs = read_blobs(root, {tree[path].oid for paths in wanted.values() for path in paths})
    texts = {app: {path: blobs[tree[path].oid] for path in paths} for app, paths in wanted.items()}
    named = {app: _named(found) for app, found in texts.items()}
    more = read_many(root, commit, {path for paths in named.values() for path in paths}) if any(named.values()) else {}
    for app, paths in named.items():
        texts[app] |= {path: text for path in paths if (text := more[path]) is not None}
    return texts


def _named(texts: Mapping[str, bytes]) -> set[str]:
    """The files under `extraResources`."""
    found = set()
    for file, text in texts.items():
        found |= {path for _, path in named(file, text, "extraResources")}
    return found


def _data(text: bytes) -> dict[str, Any]:
    data, _ = load(text, PROJECT_FILE)
    return data if isinstance(data, dict) else {}
