"""What the specs of a project, in the working tree or at a revision, render to."""

from __future__ import annotations

from collections.abc import Collection

from renderer.layout import Layout
from renderer.pipeline import build_app, is_in, outline
from renderer.pipeline.argocd_objects import RESOURCES
from renderer.pipeline.fleet import argocd_file, argocd_files, resource_files
from renderer.problem import errors
from renderer.usecases.revision import View

Key = tuple[str, str]  # environment and app
_BATCH = 200  # apps whose texts are read at once


def key_of(layout: Layout, path: str) -> Key | None:
    """The environment and app whose folder holds the file."""
    parts = path.removeprefix(f"{layout.output}/").split("/")
    return (parts[0], parts[1]) if len(parts) == 3 else None


def rendered_at(view: View, paths: Collection[str]) -> dict[str, bytes]:
    """What the specs render to in the folders of these paths of the output, by path."""
    apps = {key for path in paths if (key := key_of(view.layout, path)) and has_app(view, *key)}
    rendered, _ = rendered_of(view, apps)
    return rendered | shared_files(view, {path for path in paths if key_of(view.layout, path) not in apps}, ())


def has_app(view: View, env: str, app: str) -> bool:
    """Whether the environment has the app there."""
    environment = view.setup.environments.get(env)
    return environment is not None and app in view.apps and is_in(environment, app)


def rendered_of(view: View, apps: Collection[Key]) -> tuple[dict[str, bytes], frozenset[Key]]:
    """The rendered files of these apps, and those of the apps that have errors: nobody knows what they render to."""
    found: dict[str, bytes] = {}
    sound: set[Key] = set()
    envs_of: dict[str, list[str]] = {}
    for env, app in sorted(apps):
        envs_of.setdefault(app, []).append(env)
    names = sorted(envs_of)
    for start in range(0, len(names), _BATCH):
        texts, _ = view.texts(names[start : start + _BATCH])
        for app, files in texts.items():
            for each in build_app(app, files, view.setup, envs_of[app]):
                if not errors(each.problems):
                    found |= each.files
                    sound.add((each.env, each.app))
    return found, frozenset(apps).difference(sound)


def shared_files(view: View, paths: Collection[str], whole: Collection[str]) -> dict[str, bytes]:
    """Rendered files other than those of apps: of the environments in `whole`, and of those with one of these files."""
    found: dict[str, bytes] = {}
    output = view.layout.output
    for env in sorted(view.setup.environments):
        if env in whole or any(path.startswith(f"{output}/{env}/{RESOURCES}/") for path in paths):
            found |= resource_files(view.setup, env)
    envs = [env for env in sorted(view.setup.environments) if f"{output}/{argocd_file(env)}" in paths]
    if envs and view.setup.project.argocd is not None:
        texts, _ = view.texts(sorted(view.apps))
        some = [(app, files, [env for env in envs if has_app(view, env, app)]) for app, files in texts.items()]
        made = [each for app, files, names in some for each in outline(app, files, view.setup, names)]
        found |= argocd_files(view.setup, made, envs)
    return found
