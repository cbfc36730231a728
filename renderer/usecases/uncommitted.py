"""Specs that were edited and not committed: a verb that commits must not take such an edit along, nor render it."""

from __future__ import annotations

import json
import os.path
import shlex
from collections.abc import Collection, Iterable, Iterator, Sequence

from renderer.console import say
from renderer.failure import Failure
from renderer.git import GitError, changed, read_many
from renderer.git.read import find
from renderer.layout import PROJECT_FILE
from renderer.problem import Problem, errors, some_of
from renderer.tree import read
from renderer.usecases.ignored import refuse_hidden
from renderer.usecases.project import Opened
from renderer.usecases.revision import asking_git
from renderer.workers import meanwhile
from renderer.yamlio import load

_NAMED = 3  # files; for more, all that changed is put aside


def refuse_uncommitted(opened: Opened, apps: Sequence[str], envs: Sequence[str], directory: str) -> None:
    """Refuse uncommitted specs: a commit of the verb's files alone would have manifests of specs that it lacks.

    Also, a release state that was never committed is not what the cluster has. An edit of comments alone stays out of
    the commit and changes no manifest, so it stops nothing, unless it is in a file that the verb writes. The command
    runs in `directory`.
    """
    written = {opened.layout.partial(env, app) for app in apps for env in envs}
    files = {*_shared(opened, envs), *written}
    for app in {*apps}.intersection(opened.apps):
        files |= {*opened.texts(app)[0]}
    if not find(opened.root, "HEAD"):
        raise Failure("there is no commit yet: commit the project first", 1)
    with meanwhile(lambda: _refuse_hidden(opened, files)):
        dirty = changed(opened.root, "HEAD", None, sorted(files))
    new = [path for status, path in dirty if status == "A"]
    if new:
        raise Failure(f"{some_of(new)}: not committed yet; commit it first", 1)
    edited = {path for _, path in dirty}
    wrong = sorted(edited - _same_data(opened, edited - written))
    if wrong:
        more = "or commit it first, or leave out --commit and commit it all"
        raise Failure(
            f"{some_of(wrong)}: changed since the last commit: {_aside(opened.root, wrong, directory)}; {more}", 1
        )


def say_how_to_put_aside(root: str, problems: Iterable[Problem], directory: str) -> None:
    """What to type where a file with one of these problems was right in the last commit, perhaps."""
    files = sorted({problem.file for problem in errors(problems) if problem.file})
    try:
        edited = [path for status, path in changed(root, "HEAD", None, files) if status != "A"] if files else []
    except GitError:  # no repository, or no commit yet
        return
    if edited:
        say(f"rollspec: {some_of(edited)}: changed since the last commit: {_aside(root, edited, directory)}")


def _aside(root: str, files: Sequence[str], directory: str) -> str:
    """What to type in the directory to run a verb without the edits of these files."""
    paths = [os.path.relpath(os.path.join(root, file), os.path.abspath(directory)) for file in files]
    named = f" push -- {shlex.join(paths)}" if len(files) <= _NAMED else ""
    return f"`git stash{named}` puts the edit aside; then run this again, and `git stash pop` brings the edit back"


def _shared(opened: Opened, envs: Sequence[str]) -> Iterator[str]:
    """The shared files that decide what these environments, and those that extend them, render."""
    above = f"{opened.layout.overlays}/"
    chains = [each.names for each in opened.setup.environments.values() if not {*each.names}.isdisjoint(envs)]
    overlays = {name for names in chains for name in names}
    for path in opened.setup.texts:
        if not path.startswith(above) or path.removeprefix(above).partition("/")[0] in overlays:
            yield path


def _same_data(opened: Opened, files: Collection[str]) -> set[str]:
    """Those of these files that are specs, and whose data and its order are those of the last commit."""
    layout = opened.layout
    apps = {layout.app(app) for app in opened.apps}
    specs = [path for path in files if path == PROJECT_FILE or path in apps or _is_of_overlay(opened, path)]
    if not specs:
        return set()
    now, old = read(opened.root, specs)[0], read_many(opened.root, "HEAD", specs)
    return {path for path, text in now.items() if (then := _data(old[path], path)) and then == _data(text, path)}


def _is_of_overlay(opened: Opened, path: str) -> bool:
    return opened.layout.env_of(path) is not None or path in opened.partials


def _data(text: bytes | None, path: str) -> str | None:
    """The data as text, in its order; None if it cannot be read."""
    data, problems = load(text, path) if text is not None else (None, [])
    return None if problems or data is None else json.dumps(data)


def _refuse_hidden(opened: Opened, files: Collection[str]) -> None:
    with asking_git():
        refuse_hidden(opened.root, set(files))
