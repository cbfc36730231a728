"""Finds the apps and environments, by project, of file names such as pre-commit passes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from renderer.console import say
from renderer.failure import Failure
from renderer.git import GitError, list_tree
from renderer.git.index import deletions, unknown
from renderer.git.read import find
from renderer.layout import PROJECT_FILE
from renderer.pipeline.fleet import ARGOCD
from renderer.problem import printable
from renderer.usecases.project import Opened, Refused, extra_resources, open_project
from renderer.usecases.selection import Selection, asked, below, touched
from renderer.usecases.shown import Shown, in_project, tried
from renderer.workers import meanwhile

Each = Callable[[Opened, Selection], int]

LIVE = "ROLLSPEC_LIVE"  # the variable by which a verb names the revision of `--live` to hooks


def is_under_pre_commit() -> bool:
    """Whether pre-commit runs us: it hides unstaged changes, and expects files to be fixed in the working tree."""
    return bool(os.environ.get("PRE_COMMIT") or os.environ.get("PRE_COMMIT_FROM_REF"))


def each_touched(
    shown: Shown, paths: Sequence[str], *, hook: bool, run: Each, load: Callable[[], object] = lambda: None
) -> int:
    """Call `run` for each project with the selection of its files; the highest exit code, 0 if there is none.

    `load` imports what `run` needs, while git is asked.
    """
    directory = shown.start or "."
    files = [os.path.normpath(os.path.join(directory, path)) for path in paths]
    if not hook:
        _refuse_strangers(files)
    with meanwhile(lambda: _deleted(directory, hook)) as gone:  # few are deleted, and rarely in another project
        known = {root: tried(root) for root in projects(files)}
        load()
    found = projects([*files, *gone.value()])
    shown.refuse_several(found)
    return max((_one(root, inside, shown, run, known.get(root)) for root, inside in found.items()), default=0)


def _refuse_strangers(files: Sequence[str]) -> None:
    """Refuse a named file outside of all projects, or one that does not exist and was not a file of an app."""
    for file in files:
        found = projects([file])
        if not found:
            raise Failure(f"{printable(file)} is not in a project: no {PROJECT_FILE} is in its folder or above it", 2)
        if not os.path.lexists(file) and not any(_about(root, inside[0]) for root, inside in found.items()):
            name = os.path.basename(file)
            hint = "" if "." in name else f"; an app: `--app {name}`, an environment: `--env {name}`"
            raise Failure(printable(f"there is no file {file}{hint}"), 2)


def _about(root: str, path: str) -> bool:
    """Whether the path, at which no file is, belongs to apps; for a spec of no app: whether it was committed."""
    try:
        opened = open_project(root)
    except Refused:
        return True
    layout = opened.layout
    partials = (layout.partial(env, app) for env in opened.setup.overlays for app in opened.apps)
    if (below(path, layout.apps) or below(path, layout.overlays)) and path not in partials:
        return _was_committed(root, path)
    return bool(touched(opened.layout, opened.setup.environments, opened.apps, [path])[0].apps)


def _was_committed(root: str, path: str) -> bool:
    try:
        return bool(list_tree(root, "HEAD", path))
    except GitError:  # no repository, or no commit yet
        return False


def projects(files: Iterable[str]) -> dict[str, list[str]]:
    """The files by the root of their project, relative to it; files outside of any project are left out."""
    roots: dict[str, str | None] = {}
    found: dict[str, list[str]] = {}
    for file in sorted({os.path.abspath(file) for file in files}):
        root = _root(os.path.dirname(file), roots)
        if root is not None:
            found.setdefault(root, []).append(os.path.relpath(file, root).replace(os.sep, "/"))
    return found


def selection_of(opened: Opened, paths: Sequence[str]) -> Selection:
    """The selection of the files; a plain manifest under `extraResources` belongs to its app, in any folder.

    An overlay that is not there is a deleted one: then it is everything, as the environment has rendered files.
    """
    environments = opened.setup.environments
    if any(opened.layout.env_of(path) and path not in opened.setup.texts for path in paths):
        return asked(opened.apps, list(environments), whole=True)
    found, others = touched(opened.layout, environments, opened.apps, paths)
    beside = _with_resources(opened, others)
    if beside:
        found = found | asked(beside, list(environments), whole=False)
    return found


def not_in_the_commit(opened: Opened, selection: Selection) -> list[str]:
    """Rendered files of the selection that exist but are not in the commit that is being made."""
    folders = output_folders(opened, selection)
    return unknown(opened.root, [folder for folder in folders if os.path.isdir(os.path.join(opened.root, folder))])


def output_folders(opened: Opened, selection: Selection) -> list[str]:
    """The folders of the rendered files of a selection, whether they exist or not."""
    folders = selection.folders(opened.layout)
    if opened.setup.project.argocd is not None and not selection.whole:
        folders.append(f"{opened.layout.output}/{ARGOCD}")
    return sorted(folders)


def _one(root: str, paths: Sequence[str], shown: Shown, run: Each, known: Opened | Refused | None) -> int:
    def some(opened: Opened) -> int:
        selection = selection_of(opened, paths)
        return run(opened, selection) if selection.apps else 0

    return in_project(root, shown, some, known)


def _root(folder: str, roots: dict[str, str | None]) -> str | None:
    """The nearest folder with a project file, from this one upwards; the folder itself may be deleted."""
    if folder not in roots:
        above = os.path.dirname(folder)
        if os.path.isfile(os.path.join(folder, PROJECT_FILE)):
            roots[folder] = folder
        else:
            roots[folder] = _root(above, roots) if above != folder else None
    return roots[folder]


def _with_resources(opened: Opened, paths: Sequence[str]) -> list[str]:
    """The apps that name these files, which may be deleted."""
    return [app for app in opened.apps if not extra_resources(opened.texts(app)[0]).isdisjoint(paths)] if paths else []


def _deleted(directory: str, hook: bool) -> list[str]:
    """Files that the commit or push deletes: pre-commit passes only the names of files that exist."""
    if not hook:
        return []
    span = os.environ.get("PRE_COMMIT_FROM_REF"), os.environ.get("PRE_COMMIT_TO_REF")
    return deletions(directory, [each for each in span if each] if all(span) else ())


def hook_base(directory: str) -> str | None:
    """The revision that the commit (HEAD) or push starts from; None where a push starts from a commit we lack."""
    pushed = os.environ.get("PRE_COMMIT_FROM_REF")
    if pushed:
        return pushed if find(directory, pushed) else None
    return live_revision(directory) or "HEAD"


def live_revision(directory: str) -> str | None:
    """The revision that the cluster has, if the verb that makes this commit was given it (`--live`)."""
    live = os.environ.get(LIVE)
    return live if live and find(directory, live) else None


def tell_unknown(paths: Sequence[str]) -> None:
    """Name the files that must still be added."""
    for path in paths:
        say(f"not in the commit: {printable(path)}")
    if paths:
        say("rollspec: `git add` the files above")
