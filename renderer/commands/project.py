"""A project on disk as the commands use it: found, listed, its shared files read, its apps built and written."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from renderer.build import Rendered, build_app
from renderer.build.fleet import fleet_problems
from renderer.build.setup import Setup, read_project, resource_path, set_up
from renderer.failure import Failure
from renderer.layout import PROJECT_FILE, Layout
from renderer.overlay import Entry
from renderer.problem import Problem
from renderer.resources import read_schema
from renderer.schema import Schemas, Versions
from renderer.tree import Tree


class Refused(Exception):  # noqa: N818 - the project itself is wrong, and nothing more can be said
    """Problems that stop before any app can be looked at."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("the project has problems")
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Opened:
    """A project: `apps` are the names of its app specs, `partials` the partial app files that there are."""

    tree: Tree
    setup: Setup
    schemas: Schemas
    apps: tuple[str, ...]
    partials: frozenset[str]
    problems: tuple[Problem, ...] = field(default=())

    @property
    def layout(self) -> Layout:
        """The project's paths."""
        return self.setup.layout

    def texts(self, app: str) -> dict[str, bytes]:
        """The bytes of an app's spec and its partials, and of the plain manifests that they name."""
        files = [self.layout.app(app)]
        files += [file for env in self.setup.environments if (file := self.layout.partial(env, app)) in self.partials]
        found = {file: self.tree.read(file) for file in files}
        for file in [*found]:
            if b"extraResources" in found[file]:
                found |= self._extra(file, found[file])
        return found

    def _extra(self, file: str, text: bytes) -> dict[str, bytes]:
        from renderer.yamlio import load

        data, _ = load(text, file)
        spec = data.get("spec") if isinstance(data, dict) else None
        listed = spec.get("extraResources") if isinstance(spec, dict) else None
        paths = [resource_path(Entry(file, "", value)) for value in listed] if isinstance(listed, list) else []
        return {path: text for path in paths if path and (text := self.tree.read_if_there(path)) is not None}


def find_root(directory: str) -> str:
    """The folder with the project file, from `directory` upwards."""
    start = os.path.abspath(directory)
    if not os.path.isdir(start):
        raise Failure(f"there is no folder {directory}", 2)
    folder = start
    while not os.path.isfile(os.path.join(folder, PROJECT_FILE)):
        above = os.path.dirname(folder)
        if above == folder:
            raise Failure(f"no {PROJECT_FILE} here or above: `rollspec init` makes a project", 2)
        folder = above
    return folder


def open_project(directory: str) -> Opened:
    """The project around `directory`; Refused with what is wrong in the files that all apps share."""
    tree = Tree(find_root(directory))
    project, problems = read_project(tree.read(PROJECT_FILE), Schemas(Versions(), read_schema))
    if project is None:
        raise Refused(problems)
    versions = Versions(**{_VERSION_FIELDS[key]: value for key, value in project.versions.items()})
    layout = project.layout
    names, problems = app_names(layout.apps, tree.list_files(layout.apps))
    shared, partials = _shared_files(tree, layout)
    schemas = Schemas(versions, read_schema)
    setup, found = set_up(project, shared, frozenset(names), schemas)
    problems += found + _orphans(layout, partials, frozenset(names))
    if any(problem.severity == "error" for problem in found):
        raise Refused(problems)
    return Opened(tree, setup, schemas, tuple(names), frozenset(partials), tuple(problems))


_VERSION_FIELDS = {
    "kubernetes": "kubernetes",
    "argoRollouts": "argo_rollouts",
    "istio": "istio",
    "argoCD": "argo_cd",
}


def app_names(folder: str, files: Sequence[str]) -> tuple[list[str], list[Problem]]:
    """The apps of the files in the folder of app specs; other endings are named, for nothing would read them."""
    names, problems = [], []
    for file in files:
        name = file.removeprefix(f"{folder}/")
        if name.endswith(".yaml") and "/" not in name:
            names.append(name.removesuffix(".yaml"))
        elif name.endswith((".yml", ".yaml", ".json")):
            message = f"an app spec is a file {folder}/<app>.yaml: rename it"
            problems.append(Problem(file, 0, 0, "app-file", message))
    return sorted(names), problems


def _shared_files(tree: Tree, layout: Layout) -> tuple[dict[str, bytes], list[str]]:
    """Overlays, what stands beside them, and templates, with their bytes; and the names of the partial app files."""
    shared: dict[str, bytes] = {}
    partials = []
    for file in tree.list_files(layout.overlays):
        parts = file.removeprefix(f"{layout.overlays}/").split("/")
        if len(parts) == 3 and parts[1] == "apps":
            partials.append(file)
        else:
            shared[file] = tree.read(file)
    for file in tree.list_files(layout.templates):
        shared[file] = tree.read(file)
    return shared, partials


def _orphans(layout: Layout, partials: Sequence[str], apps: frozenset[str]) -> list[Problem]:
    """Partial app files of apps that do not exist."""
    found = []
    for file in partials:
        name = file.rpartition("/")[2]
        if not name.endswith(".yaml"):
            found.append(Problem(file, 0, 0, "app-file", "a partial app is a file <app>.yaml: rename it"))
        elif name.removesuffix(".yaml") not in apps:
            message = f"there is no app `{name.removesuffix('.yaml')}` in {layout.apps}/"
            found.append(Problem(file, 0, 0, "overlay-app", message))
    return found


def build_all(
    opened: Opened,
    apps: Sequence[str],
    envs: Sequence[str],
    *,
    stable_only: bool = False,
    tick: Callable[[], None] = lambda: None,
) -> list[Rendered]:
    """Each app in each environment, through the pipeline."""
    found: list[Rendered] = []
    for app in apps:
        texts = opened.texts(app)
        found += build_app(app, texts, opened.setup, opened.schemas, envs, stable_only=stable_only)
        tick()
    return found


def across_apps(opened: Opened, rendered: Sequence[Rendered], envs: Sequence[str], *, whole: bool) -> list[Problem]:
    """What only all apps of an environment together can show."""
    return fleet_problems(opened.setup, rendered, envs, whole=whole)


def all_files(rendered: Sequence[Rendered]) -> Mapping[str, bytes]:
    """The rendered files of all, by path."""
    return {path: text for each in rendered for path, text in each.files.items()}
