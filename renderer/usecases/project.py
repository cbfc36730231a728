"""A project on disk: finds it, lists it, reads its shared files, renders its apps."""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from renderer.failure import Failure
from renderer.layout import PROJECT_FILE, Layout, holds
from renderer.overlay import Environment
from renderer.pipeline import Rendered, building, is_in
from renderer.pipeline.in_step import Stepwise, groups, in_step
from renderer.pipeline.positions import Locator
from renderer.pipeline.setup import (
    Setup,
    named,
    read_project,
    resource_path,
    resources_elsewhere,
    resources_named,
    set_up,
)
from renderer.plain import escape
from renderer.problem import Problem, errors, printable, that_exist
from renderer.progress import counted
from renderer.project import Project, Versions
from renderer.promotion import order_faults
from renderer.resources import read_schema
from renderer.schema import Schemas
from renderer.tree import Read, listing, read, reader, sources
from renderer.usecases.checkout import Ignored, refuse_left_out, refuse_nested, submodules_in_output, submodules_of
from renderer.usecases.misplaced import misplaced

AppTexts = tuple[dict[str, bytes], list[Problem]]  # an app's files, and the problems of reading them


class Refused(Exception):  # noqa: N818 - no error of the program: an outcome, with problems to show
    """Problems that end a command at its start."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("the project has problems")
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Opened:
    """A project: `apps` are the names of its app specs, `partials` its partial app files."""

    root: str
    setup: Setup
    apps: tuple[str, ...]
    partials: frozenset[str]
    problems: tuple[Problem, ...] = field(default=())
    ignored: Ignored | None = field(default=None, compare=False, repr=False)
    submodules: tuple[str, ...] = field(default=())  # of Git's index

    @property
    def layout(self) -> Layout:
        """The project's paths."""
        return self.setup.layout

    @property
    def sizes(self) -> tuple[str, ...]:
        """How large it is, for people."""
        shared, environments = len(self.setup.texts), len(self.setup.environments)
        return counted(shared, "shared file"), counted(len(self.apps), "app"), counted(environments, "environment")

    def spec_files(self, some: Iterable[str] | None = None) -> frozenset[str]:
        """The files that some apps (None: all) are rendered from, but the plain manifests that apps name."""
        layout = self.setup.layout
        apps = map(layout.app, self.apps if some is None else some)
        partials = self.partials if some is None else chain.from_iterable(map(self._partials, some))
        return frozenset((PROJECT_FILE, *self.setup.texts, *apps, *partials))

    def _partials(self, app: str) -> list[str]:
        """The partial app files of an app."""
        files = (self.setup.layout.partial(env, app) for env in self.setup.overlays)
        return [file for file in files if file in self.partials]

    def texts(self, app: str, read_some: Read | None = None) -> AppTexts:
        """The bytes of an app's spec and partial apps, and of the plain manifests that they name.

        A problem for each that is not a plain file inside the project. `read_some` is a reader of the project, for
        reading many apps one after the other.
        """
        files = [self.setup.layout.app(app), *self._partials(app)]
        found, problems = read_some(files) if read_some else read(self.root, files)
        for file in [*found]:
            more, wrong = self._extra(file, found[file])
            found |= more
            problems += wrong
        return found, problems

    def _extra(self, file: str, text: bytes) -> tuple[dict[str, bytes], tuple[Problem, ...]]:
        """The plain manifests that a spec names, and a problem at each entry whose file cannot be read."""
        found = named(file, text, "extraResources")
        files, unread = _taken_along(self.root, {path for _, path in found}, self.ignored)
        wrong = [
            Problem(file, 0, 0, "resource", unread[path], entry.pointer) for entry, path in found if path in unread
        ]
        return files, Locator({file: text}).locate(wrong)


def extra_resources(texts: Mapping[str, bytes]) -> set[str]:
    """The files under `extraResources`."""
    found = set()
    for file, text in texts.items():
        found |= {path for _, path in named(file, text, "extraResources")}
    return found


def find_root(directory: str) -> str:
    """The nearest folder with the project file, from `directory` upwards."""
    start = os.path.abspath(directory)
    if not os.path.isdir(start):
        raise Failure(f"there is no folder {directory}", 2)
    folder = start
    while not os.path.isfile(os.path.join(folder, PROJECT_FILE)):
        refuse_left_out(folder, [PROJECT_FILE])
        above = os.path.dirname(folder)
        if above == folder:
            raise Failure(f"no {PROJECT_FILE} in this folder or above it: create a project with `rollspec init`", 2)
        folder = above
    return folder


def whole_projects(directory: str, paths: Sequence[str]) -> list[str]:
    """The folders of `paths`, if each is a whole project: `.`, or a folder with a project file.

    The directory itself if there are no paths, and nothing if they are files. Failure for a folder that is only a
    part of a project, and for folders together with files.
    """
    if not paths:
        return [directory]
    folders = {path: os.path.join(directory, path) for path in paths if os.path.isdir(os.path.join(directory, path))}
    for path, folder in folders.items():
        is_whole = os.path.normpath(path) == os.curdir or os.path.isfile(os.path.join(folder, PROJECT_FILE))
        if not is_whole or len(folders) < len(set(paths)):
            raise Failure(f"{path} is a folder: name files, or only the folders of whole projects", 2)
    return [*folders.values()]


def open_project(directory: str) -> Opened:
    """The project around `directory`. Raises Refused with the errors of the files that all apps share."""
    root = find_root(directory)
    project, text, problems = _read_project(root)
    if project is None:
        raise Refused(problems)
    layout = project.layout
    refuse_left_out(root, layout.source_folders)
    names, found = app_names(layout.apps, sources(root, layout.apps))
    if not names and not found and (stale := _of_apps(root, layout.output)):
        message = f"there is no app spec in this folder, so {stale}/ would be deleted, with all other rendered apps: "
        message += f"correct `apps`, or delete {layout.output}/ yourself"
        found.append(Problem(layout.apps, 0, 0, "no-apps", message))
    submodules = submodules_of(root)
    problems += found + submodules_in_output(submodules, layout.output)
    shared, partials, found = _shared_files(root, layout)
    problems += found + _orphans(layout, partials, frozenset(names))
    schemas = Schemas(project.versions, read_schema)
    ignored = Ignored(root)
    elsewhere, unread = _taken_along(root, resources_elsewhere(layout, shared), ignored)
    unread |= _ignored(resources_named(shared) & shared.keys(), ignored)
    shared = {path: content for path, content in shared.items() if path not in unread}
    files = {PROJECT_FILE: text, **shared, **elsewhere}
    setup, found = set_up(project, files, frozenset(names), schemas, unread)
    problems += found + _unused(setup, partials) + ([] if errors(found) else _environments_named(root, setup))
    taken = {resource_path(entry) for each in setup.environments.values() for entry in each.resources}
    problems += misplaced(layout, shared, partials, frozenset(names), taken)
    if errors(problems):
        raise Refused(problems)
    return Opened(root, setup, tuple(names), frozenset(partials), tuple(problems), ignored, tuple(submodules))


def open_comparable(directory: str) -> Opened:
    """The project, if it can be compared with revisions: Git has all of its files. Raises Refused, and Failure."""
    opened = open_project(directory)
    refuse_nested(opened.root, opened.layout, opened.submodules)
    return opened


def _of_apps(root: str, output: str) -> str:
    """A rendered folder of an app, if there is one: an environment's own objects are in folders with a `_`."""
    folders = (path.removeprefix(f"{output}/").rpartition("/")[0] for path in listing(root, output))
    own = (folder for folder in folders if not any(part.startswith("_") for part in folder.split("/")))
    return next((f"{output}/{folder}".rstrip("/") for folder in own), "")


def _read_project(root: str) -> tuple[Project | None, bytes, list[Problem]]:
    """The project, if its file is right; the text of the file; and what is wrong with it."""
    files, problems = read(root, [PROJECT_FILE])
    if problems:
        return None, b"", problems
    project, problems = read_project(files[PROJECT_FILE], Schemas(Versions(), read_schema))
    return project, files[PROJECT_FILE], problems


def _environments_named(root: str, setup: Setup) -> list[Problem]:
    """Problems of the order of promotion, and of the clusters, in the project file."""
    found = [
        Problem(PROJECT_FILE, 0, 0, "promotion", why, f"/spec/promotion{pointer}")
        for pointer, why in order_faults(setup.project.promotion, setup.environments)
    ]
    found += [
        Problem(
            PROJECT_FILE,
            0,
            0,
            "clusters",
            f"there is no environment `{env}`; {that_exist(setup.environments)}",
            f"/spec/clusters/{escape(env)}",
        )
        for env in setup.project.clusters
        if env not in setup.environments
    ]
    return [*Locator(read(root, [PROJECT_FILE])[0]).locate(found)] if found else []


def app_names(folder: str, files: Sequence[str]) -> tuple[list[str], list[Problem]]:
    """The apps of the files in the folder of app specs, and a problem for files with another ending."""
    names, problems = [], []
    for file in files:
        if file == folder:
            problems.append(Problem(file, 0, 0, "path", "the folder of app specs is a file or a symbolic link"))
        name = file.removeprefix(f"{folder}/")
        if name.endswith(".yaml") and "/" not in name:
            names.append(name.removesuffix(".yaml"))
        elif name.endswith((".yml", ".yaml", ".json")):
            message = (
                f"not read: an app spec must be named {folder}/<app>.yaml. Keep a plain manifest outside {folder}/"
            )
            problems.append(Problem(file, 0, 0, "app-file", message))
    return sorted(names), problems


_IS_ABSTRACT = re.compile(rb"^[^#\n]*\babstract:[ ]*true\b", re.MULTILINE).search


def names_around(directory: str) -> tuple[list[str], list[str]]:
    """The apps and the environments of the project around `directory`, by the names of their files.

    An abstract overlay is not an environment. They are found by their text, since a shell waits for the answer.

    Both are empty if the project file cannot be read. Failure if there is no project.
    """
    root = find_root(directory)
    project, _, _ = _read_project(root)
    if project is None:
        return [], []
    layout = project.layout
    apps, _ = app_names(layout.apps, sources(root, layout.apps))
    overlays = {file: env for file in sources(root, layout.overlays) if (env := layout.env_of(file))}
    texts, _ = read(root, list(overlays))
    return apps, sorted(env for file, env in overlays.items() if not _IS_ABSTRACT(texts.get(file, b"")))


def _shared_files(root: str, layout: Layout) -> tuple[dict[str, bytes], list[str], list[Problem]]:
    """Overlays, other files in their folders, and templates, with their bytes; and the paths of partial apps."""
    wanted = sources(root, layout.templates)
    partials: list[str] = []
    for file in sources(root, layout.overlays):
        (partials if layout.is_partial(file) else wanted).append(file)
    shared, problems = read(root, wanted)
    return shared, partials, problems


def _ignored(paths: Iterable[str], ignored: Ignored | None) -> dict[str, str]:
    """Why these files are not read: git ignores them. One may be a Secret that is kept out of Git on purpose."""
    lines = {path: ignored.line(path) for path in paths} if ignored else {}
    why = "is ignored by Git ({line}), and its contents would be committed with the rendered files: `git add` it, or "
    why += "take it out of the list"
    return {path: f"`{path}` {why.format(line=line)}" for path, line in lines.items() if line}


def _taken_along(root: str, paths: Iterable[str], ignored: Ignored | None) -> tuple[dict[str, bytes], dict[str, str]]:
    """The bytes of these files, and the reasons why existing ones cannot be read."""
    files: dict[str, bytes] = {}
    there = sorted(paths)
    unread = _ignored((path for path in there if os.path.lexists(os.path.join(root, path))), ignored)
    for path in [path for path in there if path not in unread]:
        if ".git" in path.split("/"):
            unread[path] = f"`{path}` is one of Git's own files, which are never read as manifests"
        elif os.path.lexists(os.path.join(root, path)):
            found, problems = read(root, [path])
            files |= found
            unread.update((path, f"`{problem.file}` {problem.message}") for problem in problems)
        else:
            refuse_left_out(root, [path])
    return files, unread


def _orphans(layout: Layout, partials: Sequence[str], apps: frozenset[str]) -> list[Problem]:
    """Partial app files of apps that do not exist."""
    found = []
    for file in partials:
        name = file.rpartition("/")[2]
        if not name.endswith(".yaml"):
            found.append(Problem(file, 0, 0, "app-file", "not read: a partial app must be named <app>.yaml"))
        elif name.removesuffix(".yaml") not in apps:
            spec = layout.app(name.removesuffix(".yaml"))
            message = f"not read: there is no app spec {spec}; add it, or delete this file"
            found.append(Problem(file, 0, 0, "overlay-app", message))
    return found


def _unused(setup: Setup, partials: Sequence[str]) -> list[Problem]:
    """Partial app files that no environment reads, because no environment of their overlay has the app."""
    found = []
    readers: dict[str, list[Environment]] = {}
    for file in partials:
        folder, _, name = file.rpartition("/")
        if folder not in readers:
            overlay = folder.split("/")[-2]
            readers[folder] = [each for each in setup.environments.values() if overlay in each.names]
        app = name.removesuffix(".yaml")
        if readers[folder] and not any(is_in(each, app) for each in readers[folder]):
            message = (
                f"not read: no environment of this overlay has the app `{app}`; add it to `apps`, or delete the file"
            )
            found.append(Problem(file, 0, 0, "overlay-app", message))
    return found


def build_all(opened: Opened, apps: Sequence[str], envs: Sequence[str], *, text: bool = True) -> list[Rendered]:
    """Each app in each environment, through the pipeline."""
    found: list[Rendered] = []
    with reader(opened.root) as read_some:
        for some in groups(apps):
            texts = {app: opened.texts(app, read_some) for app in some}
            found += build_read(opened, texts, dict.fromkeys(some, envs), text=text)
    return found


def build_read(
    opened: Opened,
    texts: Mapping[str, AppTexts],
    wanted: Mapping[str, Sequence[str]],
    *,
    stable_only: bool = False,
    text: bool = True,
) -> list[Rendered]:
    """A group of apps whose files are read, each in its environments (`wanted`)."""

    def work(app: str) -> Stepwise[list[Rendered]]:
        files, problems = texts[app]
        if problems:
            return [Rendered("", app, problems=tuple(problems))]
        return (yield from building(app, files, opened.setup, wanted[app], stable_only=stable_only, text=text))

    return [each for made in in_step(map(work, texts)) for each in made]


def other_output(opened: Opened, directory: str, output: str, also: Sequence[str] = ()) -> str:
    """The folder that `--output` names, from `directory`; Failure for Git's or one of the project's (`also`: more)."""
    layout, root = opened.layout, os.path.realpath(opened.root)
    target = os.path.realpath(os.path.join(directory, output))
    own = [os.path.join(root, each) for each in (*layout.source_folders, *also)]
    is_own = any(holds(target, each) for each in (root, *own)) or any(holds(each, target) for each in own)
    if is_own or ".git" in target.split(os.sep):
        shown = printable(output)
        raise Failure(f"--output {shown}: this folder contains the project's or Git's files; choose another one", 2)
    return target
