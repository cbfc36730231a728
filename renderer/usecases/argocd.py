"""Argo CD's objects where only some apps are rendered: what they say of the other apps follows from the specs too."""

from __future__ import annotations

import os.path
from collections.abc import Sequence

from renderer.pipeline import Rendered, is_in, outline
from renderer.pipeline.fleet import argocd_file, argocd_files
from renderer.problem import Problem, errors
from renderer.tree import listing, reader
from renderer.usecases.project import Opened


def outlines(opened: Opened, apps: Sequence[str], envs: Sequence[str], *, stable_only: bool = False) -> list[Rendered]:
    """What Argo CD's objects must know of these apps, by app and environment; without files."""
    found: list[Rendered] = []
    with reader(opened.root) as read_some:
        for app in apps:
            texts, problems = opened.texts(app, read_some)
            wanted = [env for env in envs if is_in(opened.setup.environments[env], app)]
            if problems:
                found += [Rendered(env, app, problems=tuple(problems)) for env in wanted]
            else:
                found += outline(app, texts, opened.setup, wanted, stable_only=stable_only)
    return found


def argocd_of_some(
    opened: Opened, target: str, rendered: Sequence[Rendered], *, stable_only: bool = False
) -> tuple[dict[str, bytes], list[Problem]]:
    """The objects in the folder `target` whose environments have some of these apps, as a whole render writes them.

    Problems where an app with manifests there has a spec that cannot be read: without it, its pods would be deleted.
    """
    envs = sorted({each.env for each in rendered if each.env} if opened.setup.project.argocd else ())
    envs = [env for env in envs if os.path.lexists(os.path.join(target, argocd_file(env)))]
    if not envs:
        return {}, []
    others = sorted(set(opened.apps) - {each.app for each in rendered})
    found = outlines(opened, others, envs, stable_only=stable_only)
    problems = [
        problem for each in found for problem in errors(each.problems) if listing(target, f"{each.env}/{each.app}")
    ]
    return argocd_files(opened.setup, [*rendered, *found], envs), problems
