"""A project at a revision or in the working tree: the two sides of a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from renderer.failure import Failure
from renderer.git import GitError, TreeEntry, read_blobs, read_many
from renderer.git.checkout import SUBMODULE
from renderer.git.read import commit_id, entries_at, ids_and_others
from renderer.layout import PROJECT_FILE, Layout
from renderer.pipeline.setup import Setup, read_project, resources_elsewhere, set_up
from renderer.problem import Problem, errors
from renderer.project import Versions
from renderer.resources import read_schema
from renderer.schema import Schemas
from renderer.tree import read
from renderer.tree.folders import LINK
from renderer.usecases.checkout import nested
from renderer.usecases.project import Opened, Refused, app_names, extra_resources
from renderer.usecases.selection import below
from renderer.yamlio import load

TextsByApp = dict[str, dict[str, bytes]]
_LINK_MODE = "120000"
_SHORT = 12


class Source:
    """Where the files of a side are, as values that can be pickled."""

    def texts(self, apps: Sequence[str]) -> tuple[TextsByApp, list[Problem]]:
        """For each of these apps that exists: its spec, its partial apps and the plain manifests that they name."""
        raise NotImplementedError

    def ran(self, env: str, app: str) -> tuple[Mapping[str, Any], ...]:
        """The pod templates that the rendered files of an app in an environment have had, oldest first."""
        return ()

    def before_pause(self, env: str, app: str, like: View) -> View | None:
        """The revision before the one that paused the app in an environment; None where that is not known."""
        return None

    def part(self, apps: Sequence[str]) -> Source:
        """The same for these apps alone."""
        return self


@dataclass(frozen=True, slots=True)
class View:
    """One side. `data` is the project file's document.

    `name` names the side for people, `revision` for Git, if it is there.
    """

    name: str
    setup: Setup
    apps: frozenset[str]
    data: Mapping[str, Any]
    source: Source
    revision: str = ""

    @property
    def layout(self) -> Layout:
        """The project's paths."""
        return self.setup.layout

    def texts(self, apps: Sequence[str]) -> tuple[TextsByApp, list[Problem]]:
        """See `Source`."""
        return self.source.texts(apps)

    def part(self, apps: Sequence[str]) -> View:
        """The same for these apps alone."""
        return replace(self, apps=self.apps.intersection(apps), source=self.source.part(apps))


@dataclass(frozen=True, slots=True)
class Given(Source):
    """The files of apps whose contents are at hand, and the problems of reading them."""

    files: TextsByApp
    problems: Sequence[Problem] = ()

    def texts(self, apps: Sequence[str]) -> tuple[TextsByApp, list[Problem]]:
        """Of those apps that are given."""
        return {app: self.files[app] for app in apps if app in self.files}, [*self.problems]


@contextmanager
def asking_git() -> Iterator[None]:
    """Turns Git's errors into failures: we could not look."""
    try:
        yield
    except GitError as error:
        raise Failure(error.message) from error


def of_tree(opened: Opened) -> View:
    """The working tree."""
    file, _ = read(opened.root, [PROJECT_FILE])
    apps = frozenset(opened.apps)
    return View("the working tree", opened.setup, apps, _data(file[PROJECT_FILE]), _InTree(opened, apps))


@dataclass(frozen=True, slots=True)
class _InTree(Source):
    """The files of the working tree."""

    opened: Opened
    apps: frozenset[str]

    def texts(self, apps: Sequence[str]) -> tuple[TextsByApp, list[Problem]]:
        found: TextsByApp = {}
        problems: list[Problem] = []
        for app in self.apps.intersection(apps):
            found[app], wrong = self.opened.texts(app)
            problems += wrong
        return found, problems


def of_revision(root: str, revision: str, like: View | None = None, *, is_head: bool = False) -> View | None:
    """A revision; None if it has no project file. Raises Refused if its shared files are wrong, and GitError.

    The schemas of `like` are used again if the versions are equal: compiling them takes a while. A symbolic link among
    the specs of a head is refused, as in a working tree. A base is read without it, so that a change can remove it.
    """
    commit = commit_id(root, revision)
    layout = like.layout if like else Layout()  # nearly always that of the revision too
    tree, other = _listed(root, commit, layout)
    oid = tree.get(PROJECT_FILE)
    if oid is None:
        return None
    shared = _shared(tree, layout)
    blobs = read_blobs(root, {oid, *shared.values()})
    text = blobs[oid]
    project, problems = read_project(text, like.setup.schemas if like else Schemas(Versions(), read_schema))
    if project is None:
        raise Refused(problems)
    shares_schemas = like is not None and like.setup.project.versions == project.versions
    schemas = like.setup.schemas if like and shares_schemas else Schemas(project.versions, read_schema)
    if project.layout != layout:
        tree, other = _listed(root, commit, project.layout)
        shared = _shared(tree, project.layout)
        blobs |= read_blobs(root, {*shared.values()})
    links = _links(root, commit, project.layout, other)
    if is_head and links:
        raise Refused([Problem(path, 0, 0, "path", LINK) for path in links])
    in_apps = f"{project.layout.apps}/"
    names, _ = app_names(project.layout.apps, [path for path in tree if path.startswith(in_apps)])
    files = {PROJECT_FILE: text} | {path: blobs[oid] for path, oid in shared.items()}
    elsewhere = resources_elsewhere(project.layout, files)
    found = read_many(root, commit, elsewhere) if elsewhere else {}
    files |= {path: text for path, text in found.items() if text is not None}
    setup, problems = set_up(project, files, frozenset(names), schemas)
    if errors(problems):
        raise Refused(problems)
    known = frozenset(names)
    return View(revision, setup, known, _data(text), _AtCommit(root, commit, setup, tree, known), revision)


@dataclass(frozen=True, slots=True)
class _AtCommit(Source):
    """The files of a commit. `tree` has the ids of the plain ones in the folders of specs, by path."""

    root: str
    commit: str
    setup: Setup
    tree: Mapping[str, str]
    apps: frozenset[str]

    def texts(self, apps: Sequence[str]) -> tuple[TextsByApp, list[Problem]]:
        files = {app: self._own(app) for app in self.apps.intersection(apps)}
        blobs = read_blobs(self.root, {self.tree[path] for paths in files.values() for path in paths})
        texts = {app: {path: blobs[self.tree[path]] for path in paths} for app, paths in files.items()}
        mentioned = {app: extra_resources(found) for app, found in texts.items()}
        wanted = {path for paths in mentioned.values() for path in paths}
        more = read_many(self.root, self.commit, wanted) if wanted else {}
        for app, paths in mentioned.items():
            texts[app] |= {path: text for path in paths if (text := more[path]) is not None}
        return texts, []

    def ran(self, env: str, app: str) -> tuple[Mapping[str, Any], ...]:
        from renderer.usecases.ran import templates_before  # for few changes only

        return templates_before(self.root, self.commit, self.setup.layout.manifests(env, app))

    def before_pause(self, env: str, app: str, like: View) -> View | None:
        from renderer.usecases.since import start_of_pause  # for few changes only

        try:
            commit = start_of_pause(self.root, self.commit, self.setup.layout, env, app)
            return of_revision(self.root, f"{commit.sha}^1", like) if commit and commit.parents else None
        except (GitError, Refused):  # the clone is shallow, or that revision cannot be read
            return None

    def part(self, apps: Sequence[str]) -> Source:
        some = self.apps.intersection(apps)
        return replace(self, apps=some, tree={path: self.tree[path] for app in some for path in self._own(app)})

    def _own(self, app: str) -> list[str]:
        """The app's spec and partial apps, as far as they are there."""
        layout = self.setup.layout
        files = layout.app(app), *(layout.partial(env, app) for env in self.setup.overlays)
        return [path for path in files if path in self.tree]


def _listed(root: str, commit: str, layout: Layout) -> tuple[dict[str, str], dict[str, TreeEntry]]:
    """Every file in the folders of specs, and the project file."""
    return ids_and_others(root, commit, [PROJECT_FILE, *layout.source_folders])


def _shared(tree: Mapping[str, str], layout: Layout) -> dict[str, str]:
    """The ids of the plain files that apps share: overlays, other files in their folders, and templates."""
    overlays, templates = f"{layout.overlays}/", f"{layout.templates}/"
    return {
        path: oid
        for path, oid in tree.items()
        if path.startswith(templates) or (path.startswith(overlays) and not layout.is_partial(path))
    }


def _links(root: str, commit: str, layout: Layout, other: Mapping[str, TreeEntry]) -> list[str]:
    """The symbolic links in the place of specs, among what is not a plain file in the folders of specs.

    Failure for a submodule there, whose files the revision lacks.
    """
    above = sorted({folder.rpartition("/")[0] for folder in layout.source_folders} - {""})
    for path, entry in (*other.items(), *(entries_at(root, commit, above).items() if above else ())):
        if entry.mode == SUBMODULE:
            raise nested(f"{path} in {commit[:_SHORT]}")
    return [
        path
        for path, entry in other.items()
        if entry.mode == _LINK_MODE and path != PROJECT_FILE and is_spec(layout, path)
    ]


def is_spec(layout: Layout, path: str) -> bool:
    """Whether a file of this path is read in the folders of specs."""
    return not below(path, layout.apps) or app_names(layout.apps, [path]) != ([], [])


def _data(text: bytes) -> dict[str, Any]:
    data, _ = load(text, PROJECT_FILE)
    return data if isinstance(data, dict) else {}
