"""Edits of rendered files that nobody committed: a verb would overwrite them, and nothing else has them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from renderer.console import say
from renderer.failure import Failure
from renderer.git import GitError, changed
from renderer.git.commits import keep
from renderer.problem import printable, some_of
from renderer.spec import app_of
from renderer.usecases.project import Opened
from renderer.usecases.rendered_files import key_of, rendered_at
from renderer.usecases.revision import of_tree

_MANY = 200  # paths; beyond, git is asked for the whole output folder


def refuse_edited(
    opened: Opened, there: Mapping[str, bytes], rescued: Collection[tuple[str, str]], *, is_dry_run: bool = False
) -> None:
    """Failure for a rendered file of `there` that differs from its last commit and from what the specs render to.

    A line for one that was committed so.

    Where the edit of a verb takes traffic from a new version (`rescued`: environments and apps), the file is
    overwritten all the same, and its content is kept in Git (`is_dry_run`: this is only said). Nothing where Git cannot
    be asked.
    """
    layout = opened.layout
    try:
        paths = sorted(there) if len(there) <= _MANY else [layout.output]
        dirty = [path for _, path in changed(opened.root, "HEAD", None, paths) if path in there] if there else []
    except GitError:  # no repository, or no commit yet
        return
    few = [path for path in there if key_of(layout, path)] if len(there) <= _MANY else []  # many are not looked at
    looked = sorted({*dirty, *few})
    wanted = rendered_at(of_tree(opened), looked) if looked else {}
    edited = [path for path in dirty if there[path] != wanted.get(path)]
    _say_committed([path for path in looked if path not in dirty and there[path] != wanted.get(path)])
    urgent = [path for path in edited if key_of(layout, path) in rescued]
    _refuse([path for path in edited if path not in urgent])
    for path in urgent:
        if is_dry_run:
            say(f"rollspec: {printable(path)}: an edit that was not committed would be overwritten; Git keeps a copy")
            continue
        oid = keep(opened.root, there[path])
        say(f"rollspec: {printable(path)}: an edit that was not committed is overwritten; `git show {oid}` prints it")


def rescues(app: str, env: str, after: Mapping[str, object]) -> bool:
    """Whether the edit that made this spec takes traffic from a new version."""
    return app_of(app, env, after, namespace="").takes_away


def _say_committed(paths: Sequence[str]) -> None:
    """Such a file is in Git's history, and the cluster runs it: the verb overwrites it, and says so."""
    if paths:
        why = "not what the specs render to, edited by hand or not rendered after the last edit: this overwrites it"
        say(f"rollspec: {some_of(paths)}: {why}")


def _refuse(paths: Sequence[str]) -> None:
    if not paths:
        return
    raise Failure(
        f"{some_of(paths)}: edited and not committed, and the specs render something else, so the edit would be lost: "
        "put it into the spec or a patch, then `rollspec render` overwrites the file",
        1,
    )
