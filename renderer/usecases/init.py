"""`rollspec init`: a project in an empty or existing repository, and one more environment of a project."""

from __future__ import annotations

import os.path
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from renderer.console import out
from renderer.edit import EditError, Set, edit
from renderer.failure import Failure
from renderer.git import GitError, remotes, top_folder
from renderer.history import NO_TAG
from renderer.layout import PROJECT_FILE, Layout, holds
from renderer.pipeline.setup import read_project
from renderer.problem import Problem, printable, some_of
from renderer.project import Project, Versions
from renderer.promotion import Stages, stage_of, with_next
from renderer.resources import read_schema
from renderer.scaffold import HOOKS, PRE_COMMIT, PRE_COMMIT_CONFIG, app_text, overlay_files, project_files
from renderer.schema import Schemas
from renderer.spec import NAME
from renderer.tree import TreeError, read, write_all
from renderer.usecases.editor import SchemaSource, set_up_editor, with_line
from renderer.usecases.git_hooks import write_hooks
from renderer.usecases.merge_driver import set_up_merge_driver
from renderer.usecases.project import Refused, open_project
from renderer.usecases.repository import without_password
from renderer.usecases.shown import show_problems
from renderer.usecases.status import read_rows
from renderer.yamlio import load

SAMPLE_APP = "hello"
_DEFAULT_HOOKS = "pre-commit"


@dataclass(frozen=True, slots=True)
class InitOptions:
    """The options of the command line; Failure for a name that Kubernetes would refuse."""

    env: str
    namespace: str | None
    app: str
    image: str
    tag: str
    port: int
    after: str | None = None
    merge_driver: bool = False
    hooks: str = "pre-commit"
    editor: str | None = None

    def __post_init__(self) -> None:
        names = {"environment": self.env, "namespace": self.namespace or self.env, "app": self.app}
        for what, name in names.items():
            check_name(what, name)


def init(directory: str, options: InitOptions, given: AbstractSet[str]) -> int:
    """Create a project in the folder, or an environment of the existing one; the exit code.

    `given` are the names of the options that are not defaults.
    """
    if not os.path.exists(os.path.join(directory, PROJECT_FILE)):
        return _create(directory, options)
    if given and given <= {"merge_driver", "hooks", "editor"}:
        return _set_up(directory, options)
    if "env" not in given or given - {"env", "namespace", "after"}:
        adds = "`rollspec new APP` adds an app, `rollspec init --env ENV` an environment"
        raise Failure(f"{PROJECT_FILE} already exists: {adds}", 2)
    return _add_environment(directory, options.env, options.namespace or options.env, options.after)


def _create(directory: str, options: InitOptions) -> int:
    """Write the files of a new project that are not there, and say what to do next."""
    if options.after is not None:
        raise Failure("--after is for one more environment of a project: create the project first", 2)
    _refuse_inside(os.path.realpath(directory))
    top = _repository(directory)
    files = _first_files(directory, options, hooks=top is None and options.hooks == _DEFAULT_HOOKS)
    wanted = {file: text for file, text in files.items() if not _exists(directory, file)}
    write_all(directory, {file: text.encode() for file, text in wanted.items()}, mark=None)
    for file in files:
        out(f"{'created' if file in wanted else 'not changed:'} {file}")
    if options.hooks != _DEFAULT_HOOKS:
        write_hooks(directory, options.hooks)
    elif not _has_hooks(top or directory):
        out("")
        _say_hooks(directory, top)
    if options.merge_driver:
        set_up_merge_driver(directory)
    out("\nNext: run `rollspec render` to write the manifests, and commit them with the specs.")
    return 0


def _first_files(directory: str, options: InitOptions, *, hooks: bool) -> dict[str, str]:
    """The files of a new project by path. Failure for an app that the schema refuses."""
    env, app, layout = options.env, options.app, Layout()
    port = {"name": "http", "port": 80, "targetPort": options.port}
    files = {
        **project_files(env, options.namespace or env, hooks=hooks, repository=_as_git_says(directory)),
        layout.app(app): app_text(app, options.image, options.tag, [port], {}),
    }
    if options.editor is not None:
        files = _for_editors(SchemaSource(options.editor), files, [PROJECT_FILE, layout.overlay(env), layout.app(app)])
    data, _ = load(files[layout.app(app)].encode(), layout.app(app))
    for fault in Schemas(Versions(), read_schema).explain("App", data):
        raise Failure(f"{fault.message} ({fault.pointer})", 2)
    return files


def _set_up(root: str, options: InitOptions) -> int:
    """The additions to an existing project: hooks, a merge driver."""
    project, problems = _project(root)
    if project is None:
        return int(show_problems(problems, "text"))
    if options.editor is not None:
        set_up_editor(root, SchemaSource(options.editor), project.layout)
    if options.hooks != _DEFAULT_HOOKS:
        write_hooks(root, options.hooks)
    elif not options.merge_driver and options.editor is None:
        _set_up_pre_commit(root)
    return set_up_merge_driver(root, project.layout) if options.merge_driver else 0


def _set_up_pre_commit(root: str) -> None:
    """Write pre-commit's config, or say what to add to one that exists or belongs to the folder above."""
    top = _repository(root)
    if _has_hooks(top or root):
        out(f"not changed: {PRE_COMMIT}")
    elif top is None and not _exists(root, PRE_COMMIT):
        write_all(root, {PRE_COMMIT: PRE_COMMIT_CONFIG.encode()}, mark=None)
        out(f"created {PRE_COMMIT}")
    else:
        _say_hooks(root, top)


def _say_hooks(directory: str, top: str | None) -> None:
    file = os.path.relpath(os.path.join(top, PRE_COMMIT), os.path.realpath(directory)) if top else PRE_COMMIT
    out(f"To check commits with pre-commit, add this under `repos` in {file}:\n\n{HOOKS}", end="")


def _for_editors(source: SchemaSource, files: dict[str, str], specs: Sequence[str]) -> dict[str, str]:
    """The files of a new project with the line that names its schema in each spec, and the schemas."""
    layout = Layout()
    return {**files, **{path: with_line(source, path, files[path], layout) for path in specs}, **source.files(layout)}


def _add_environment(root: str, env: str, namespace: str, after: str | None) -> int:
    project, problems = _project(root)
    if project is None:
        return int(show_problems(problems, "text"))
    if after is not None and not os.path.exists(os.path.join(root, project.layout.overlay(after))):
        raise Failure(f"there is no environment `{after}`", 2)
    file = project.layout.overlay(env)
    if _exists(root, file):
        raise Failure(f"the environment `{env}` already exists: {file}", 2)
    promoted = {} if after is None else {PROJECT_FILE: _promoted(root, with_next(project.promotion, after, env))}
    files = {
        path: text for path, text in overlay_files(project.layout, env, namespace).items() if not _exists(root, path)
    }
    write_all(root, {**{path: text.encode() for path, text in files.items()}, **promoted}, mark=None)
    for path in files:
        out(f"created {path}")
    if after is not None:
        stages = with_next(project.promotion, after, env)
        others = [each for each in stages[stage_of(stages, env) or 0] if each != env]
        together = f", in one stage with {', '.join(others)}" if others else ""
        out(f"changed {PROJECT_FILE}: `promotion`, in which {env} comes after {after}{together}")
    first = _first_tags(root, project.layout, env)
    out(f"\nNext: {first}run `rollspec render` to write its manifests, and commit them with the overlay.")
    return 0


def _first_tags(root: str, layout: Layout, env: str) -> str:
    """What must come before the first render of a new environment: the tags of apps that have one only elsewhere."""
    try:
        opened = open_project(root)
    except Refused:
        return ""
    rows = read_rows(opened, [env], opened.apps)
    missing = [row.app for row in rows if row.problem == NO_TAG]
    if not missing:
        return ""
    verb = "has" if len(missing) == 1 else "have"
    return (
        f"{some_of(missing)} {verb} no tag in {env}: write one into {layout.partial(env, 'APP')} for "
        f"each, or list the apps that {env} has under `apps` in {layout.overlay(env)}. Then "
    )


def _exists(root: str, path: str) -> bool:
    return os.path.lexists(os.path.join(root, path))


def _promoted(root: str, stages: Stages) -> bytes:
    """The project file with this order of promotion."""
    texts, _ = read(root, [PROJECT_FILE])
    order = [stage[0] if len(stage) == 1 else [*stage] for stage in stages]
    try:
        return edit(texts[PROJECT_FILE].decode(), [Set("/spec/promotion", order)]).encode()
    except EditError as error:
        raise Failure(f"{PROJECT_FILE}: {error}", 1) from error


def check_name(what: str, name: str) -> None:
    """Failure for a name that no environment, namespace or app can have."""
    if not NAME.fullmatch(name):
        why = "use lower-case letters, digits and `-`; begin with a letter"
        raise Failure(f"`{printable(name)}` is not a valid name for the {what}: {why}", 2)


def _refuse_inside(directory: str) -> None:
    """Refuse a folder inside a project's own folders of specs, templates or manifests."""
    root = directory
    while (above := os.path.dirname(root)) != root:
        root = above
        if not os.path.isfile(os.path.join(root, PROJECT_FILE)):
            continue
        project, _ = _project(root)
        layout = project.layout if project else Layout()
        for folder in (*layout.source_folders, layout.output):
            if holds(os.path.join(root, folder), directory):
                folder_there = printable(f"{folder}/ of the project in {os.path.relpath(root, directory)}")
                raise Failure(f"this folder is in {folder_there}: to add an app, run `rollspec new APP`", 2)


def _project(root: str) -> tuple[Project | None, list[Problem]]:
    files, problems = read(root, [PROJECT_FILE])
    return (None, problems) if problems else read_project(files[PROJECT_FILE], Schemas(Versions(), read_schema))


def _repository(directory: str) -> str | None:
    """The top folder of the repository around the folder, if it is another one; the folder may not exist yet."""
    folder = start = os.path.realpath(directory)
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    try:
        top = os.path.realpath(top_folder(folder))
    except GitError:  # none, or no git
        return None
    return None if top == start else top


def _as_git_says(directory: str) -> dict[str, str]:
    """The URL of the remote `origin` and the project's folder in the repository; empty if Git knows neither."""
    folder = os.path.realpath(directory)
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    try:
        urls, inside = (
            remotes(folder),
            os.path.relpath(os.path.realpath(directory), os.path.realpath(top_folder(folder))),
        )
    except GitError:
        return {}
    return {"url": without_password(urls[0]) if urls else "", "path": "" if inside == os.curdir else inside}


def _has_hooks(top: str) -> bool:
    try:
        files, _ = read(top, [PRE_COMMIT])
    except TreeError:  # there is none
        return False
    return b"rollspec-render" in files.get(PRE_COMMIT, b"")
