"""Files that git ignores or overlooks: a commit would lack them, and say that it has them."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping

from renderer.failure import Failure
from renderer.git import GitError
from renderer.git.ignored import has_tracked, hidden, ignored_and_hidden, ignored_by
from renderer.git.run import MANY
from renderer.layout import PROJECT_FILE, Layout, holds
from renderer.pipeline.fleet import ARGOCD
from renderer.problem import printable
from renderer.project import Project
from renderer.workers import meanwhile

_MANY = 200  # folders; beyond, git is asked for the whole output folder


def commits_apps(project: Project) -> bool:
    """Whether the manifests of the apps are committed together with the specs. A plugin of Argo CD makes its own."""
    return project.commit_rendered and not (project.argocd and project.argocd.plugin)


def is_committed(project: Project, path: str) -> bool:
    """Whether the rendered file at this path is committed together with the specs, for Argo CD to read there."""
    return commits_apps(project) or (project.commit_rendered and holds(f"{project.layout.output}/{ARGOCD}", path))


def ignored_output(root: str, project: Project, paths: Collection[str]) -> frozenset[str]:
    """The rendered files at these paths that no commit of the specs needs, and that Git ignores."""
    try:
        return frozenset(ignored_by(root, [path for path in paths if not is_committed(project, path)]))
    except GitError:  # no repository, or no git
        return frozenset()


def refuse_hidden(root: str, paths: Collection[str]) -> None:
    """Failure where git ignores or overlooks one of these specs: a commit would not have it."""
    with meanwhile(lambda: hidden(root, sorted(paths))) as unseen:
        ignored = ignored_by(root, paths)
    _refuse(ignored, unseen.value())


def refuse_hidden_specs(root: str, layout: Layout, paths: Collection[str]) -> None:
    """The same for specs of a project, which may be all of them; nothing where there is no repository."""
    try:
        if len(paths) <= MANY:
            refuse_hidden(root, paths)
            return
        found, unseen = ignored_and_hidden(root, [PROJECT_FILE], layout.source_folders)
        ignored = ignored_by(root, {*found}.intersection(paths))
        overlooked = {path: option for path, option in unseen.items() if path in paths}
    except GitError:  # no repository, or no git: then there is no commit either
        return
    _refuse(ignored, overlooked)


def _refuse(ignored: Mapping[str, str], overlooked: Mapping[str, str]) -> None:
    for path, line in sorted(ignored.items()):
        raise Failure(
            f"{printable(path)}: Git ignores this file ({printable(line)}), so a commit would not have it: "
            f"remove that line, or `git add --force {shlex.quote(printable(path))}`",
            1,
        )
    for path, option in sorted(overlooked.items()):
        raise Failure(_overlooked(path, option), 1)


def refuse_hidden_output(root: str, project: Project, folders: Iterable[str], paths: Collection[str] = ()) -> None:
    """Failure where git ignores or overlooks rendered files that the project commits, in these folders or at `paths`.

    Also where it does not commit them and git tracks some. Nothing where there is no repository.
    """
    why = output_fault(root, project, folders, paths)
    if why:
        raise Failure(why, 1)


def output_fault(root: str, project: Project, folders: Iterable[str], paths: Collection[str] = ()) -> str:
    """Why a commit would not have just what Argo CD must get of the output folder; empty where it would."""
    layout = project.layout
    try:
        if not project.commit_rendered:
            return _tracked(layout) if has_tracked(root, layout.output) else ""
        if not commits_apps(project):
            folders, paths = [f"{layout.output}/{ARGOCD}"], [path for path in paths if is_committed(project, path)]
        some = sorted(folders)
        some = some if len(some) <= _MANY else [layout.output]
        with meanwhile(lambda: ignored_and_hidden(root, [], some)) as there:
            not_there = ignored_by(root, paths)
        found, overlooked = there.value()
        ignored = {*found, *not_there}
        if ignored:
            path = min(ignored)
            line = ignored_by(root, [path]).get(path, "")
            return _ignored(path, line, len(ignored), is_mixed=has_tracked(root, layout.output))
    except GitError as error:
        if not error.is_absent:
            raise
        return ""  # there is no commit either
    return _overlooked(*min(overlooked.items())) if overlooked else ""


def _ignored(path: str, line: str, count: int, *, is_mixed: bool) -> str:
    more = f" and {count - 1} more" if count > 1 else ""
    tracked = "; it tracks other rendered files, so Argo CD would get a part of them" if is_mixed else ""
    field = "" if is_mixed else ", or write `commitRendered: false` in rollspec.yaml if another branch or job has them"
    return (
        f"{printable(path)}{more}: Git ignores these rendered files ({printable(line)}), so no commit has them"
        f"{tracked}: remove that line{field}"
    )


def _tracked(layout: Layout) -> str:
    return (
        f"{layout.output}/: Git tracks rendered files here, and this project does not commit them (`commitRendered` or "
        f"`publish` in rollspec.yaml): `git rm -r --cached {shlex.quote(layout.output)}` ends that"
    )


def _overlooked(path: str, option: str) -> str:
    return (
        f"{printable(path)}: Git overlooks changes of this file ({option}), so a commit would not have them: "
        f"`git update-index --no-{option} {shlex.quote(printable(path))}`"
    )
