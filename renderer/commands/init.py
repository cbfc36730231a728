"""`rollspec init`: a project in an empty or existing repository, and one more environment of a project."""

from __future__ import annotations

import os.path
import re

import click
from click.core import ParameterSource

from renderer.commands.options import show_problems
from renderer.failure import Failure
from renderer.git import GitError
from renderer.git import root as top_folder
from renderer.layout import PROJECT_FILE, Layout, holds
from renderer.pipeline.setup import read_project
from renderer.problem import Problem, printable
from renderer.project import Project, Versions
from renderer.resources import read_schema
from renderer.scaffold import HOOKS, PRE_COMMIT, app_text, overlay_text, project_files
from renderer.schema import Schemas
from renderer.tree import read, write_all
from renderer.yamlio import load

_SAMPLE = "hello"


@click.command("init")
@click.option("--env", default="production", show_default=True, help="The first environment; in a project: one more.")
@click.option("--namespace", help="Its namespace (default: the environment's name).")
@click.option("--app", default=_SAMPLE, show_default=True, help="The first app.")
@click.option("--image", default="ghcr.io/stefanprodan/podinfo", show_default=True, help="Its image, without a tag.")
@click.option("--tag", default="6.7.1", show_default=True, help="Its tag.")
@click.option("--port", type=click.IntRange(1, 65535), default=9898, show_default=True, help="Its port.")
@click.pass_context
def command(context: click.Context, env: str, namespace: str | None, app: str, image: str, tag: str, port: int) -> int:
    """Make a project here: the project file, an overlay, a first app, and a pre-commit config.

    Files that exist are left as they are. The hooks are printed where a config of pre-commit exists that lacks them,
    and below the top folder of a repository, where pre-commit reads no config.

    In a folder of another project's own (apps, overlays, ...) none is made.
    In a project, `--env ENV` adds the overlay of one more environment, and nothing else.
    """
    directory = context.obj
    _check_names(environment=env, namespace=namespace or env, app=app)
    if os.path.exists(os.path.join(directory, PROJECT_FILE)):
        given = {name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
        if "env" not in given or given - {"env", "namespace"}:
            adds = "`rollspec new APP` adds an app, `rollspec init --env ENV` an environment"
            raise Failure(f"{PROJECT_FILE} is there already: {adds}", 2)
        return _add_environment(directory, env, namespace or env)
    _refuse_inside(os.path.realpath(directory))
    layout, top = Layout(), _repository(directory)
    files = {
        **project_files(env, namespace or env, hooks=top is None),
        layout.app(app): app_text(app, image, tag, [{"name": "http", "port": 80, "targetPort": port}], {}),
    }
    schemas = Schemas(Versions(), read_schema)
    text = files[layout.app(app)].encode()
    data, _ = load(text, layout.app(app))
    for fault in schemas.explain("App", data):
        raise Failure(f"{fault.message} ({fault.pointer})", 2)
    wanted = {file: text for file, text in files.items() if not os.path.lexists(os.path.join(directory, file))}
    write_all(directory, {file: text.encode() for file, text in wanted.items()}, mark=None)
    for file in files:
        click.echo(f"{'made' if file in wanted else 'kept'} {file}")
    if not _has_hooks(top or directory):
        where = os.path.relpath(os.path.join(top, PRE_COMMIT), os.path.realpath(directory)) if top else PRE_COMMIT
        click.echo(f"\nTo check commits with pre-commit, add this under `repos` in {where}:\n\n{HOOKS}", nl=False)
    click.echo("\nNext: `rollspec render` writes the manifests; commit them with the specs.")
    return 0


def _add_environment(root: str, env: str, namespace: str) -> int:
    project, problems = _project(root)
    if project is None:
        return int(show_problems(problems, "text"))
    file = project.layout.overlay(env)
    if os.path.lexists(os.path.join(root, file)):
        raise Failure(f"there is an environment `{env}` already: {file}", 2)
    write_all(root, {file: overlay_text(env, namespace).encode()}, mark=None)
    click.echo(f"made {file}\n\nNext: `rollspec render` writes its manifests; commit them with the overlay.")
    return 0


def _check_names(**names: str) -> None:
    for what, name in names.items():
        if not re.fullmatch(r"[a-z]([a-z0-9-]{0,51}[a-z0-9])?", name):
            raise Failure(f"`{name}` is no name for the {what}: lower-case letters, digits and `-`, a letter first", 2)


def _refuse_inside(directory: str) -> None:
    """A project above takes what lies in its own folders for specs, templates or manifests; others are nobody's."""
    root = directory
    while (above := os.path.dirname(root)) != root:
        root = above
        if not os.path.isfile(os.path.join(root, PROJECT_FILE)):
            continue
        project, _ = _project(root)
        layout = project.layout if project else Layout()
        for folder in (layout.apps, layout.overlays, layout.templates, layout.output):
            if holds(os.path.join(root, folder), directory):
                where = printable(f"{folder}/ of the project in {os.path.relpath(root, directory)}")
                raise Failure(f"this is in {where}: `rollspec new APP` adds an app", 2)


def _project(root: str) -> tuple[Project | None, list[Problem]]:
    files, problems = read(root, [PROJECT_FILE])
    return (None, problems) if problems else read_project(files[PROJECT_FILE], Schemas(Versions(), read_schema))


def _repository(directory: str) -> str | None:
    """The top folder of the repository that the folder lies in, where it is another one; it need not be there yet."""
    place = start = os.path.realpath(directory)
    while not os.path.isdir(place):
        place = os.path.dirname(place)
    try:
        top = os.path.realpath(top_folder(place))
    except GitError:  # none, or no git
        return None
    return None if top == start else top


def _has_hooks(top: str) -> bool:
    try:
        with open(os.path.join(top, PRE_COMMIT), encoding="utf-8", errors="replace") as file:
            return "rollspec-render" in file.read()
    except OSError:
        return False
