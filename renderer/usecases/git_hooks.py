"""Hooks without pre-commit's stash: what they check, and the files that `rollspec init --hooks` writes for them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Sequence

from renderer.console import out
from renderer.failure import Failure
from renderer.git import top_folder
from renderer.git.checkout import SUBMODULE, unusual_entries
from renderer.git.driver import hooks_folder
from renderer.git.index import own_index
from renderer.git.trial import Staged, staged_commit
from renderer.layout import Layout
from renderer.problem import printable
from renderer.usecases.checkout import is_around, nested
from renderer.usecases.hook_files import create_hook, hook_file, read_hook
from renderer.usecases.laid_out import lay_out_files, layout_of
from renderer.usecases.project import find_root
from renderer.usecases.repository import subfolder
from renderer.usecases.revision import asking_git
from renderer.usecases.touched import projects
from renderer.yamlio import plain_or_quoted

HOOK_TOOLS = ("pre-commit", "git", "husky", "lefthook")
_COMMANDS = ("validate --hook", "render --hook")
_WRITTEN = "# Written by `rollspec init`: checks what is staged, whatever the working tree has.\n"


def each_staged(directory: str, paths: Sequence[str], run: Callable[[str, Staged], int]) -> int:
    """Call `run` with the folder and the commit of what is staged, for each project of the files; the exit code.

    Without files it is the project around the directory.
    """
    files = [os.path.normpath(os.path.join(directory, path)) for path in paths]
    return max((_one(root, run) for root in ([*projects(files)] if files else [find_root(directory)])), default=0)


def _one(root: str, run: Callable[[str, Staged], int]) -> int:
    with asking_git():
        entries = unusual_entries(root, **own_index())
        conflict = next((entry.path for entry in entries if entry.stage), None)
        if conflict:
            raise Failure(f"{printable(conflict)}: a merge conflict: resolve it and `git add` the file")
        inside = subfolder(root)
        with staged_commit(root) as staged:
            folder = os.path.join(staged.folder, inside)
            os.makedirs(folder, exist_ok=True)
            submodules = [entry.path for entry in entries if entry.mode == SUBMODULE]
            _refuse_submodules(submodules, layout_of(folder, staged.commit) if submodules else Layout())
            lay_out_files(folder, staged.commit)
            return run(folder, staged)


def _refuse_submodules(paths: Sequence[str], layout: Layout) -> None:
    for path in paths:
        if is_around(path, (*layout.source_folders, layout.output)):
            raise nested(path)


def write_hooks(directory: str, kind: str) -> int:
    """Write the hooks of a kind for the project, or say what to add to an existing file; the exit code."""
    root = find_root(directory)
    with asking_git():
        top, inside = top_folder(root), subfolder(root)
        folder, name = {
            "git": (hooks_folder(root), "pre-commit"),
            "husky": (top, ".husky/pre-commit"),
            "lefthook": (top, "lefthook.yml"),
        }[kind]
    hook = hook_file(top, folder, name)
    text = _lefthook(inside) if kind == "lefthook" else _script(inside, is_husky=kind == "husky")
    known, why = read_hook(hook)
    if why:
        out(f"not changed: {hook.file} ({why}): see that it has this:\n\n{text}", end="")
    elif known is None:
        create_hook(hook, text, runs=kind != "lefthook")
        out(f"created {hook.file}")
    elif "rollspec" in known:
        out(f"not changed: {hook.file}")
    else:
        out(f"{hook.file} exists; add this to it:\n\n{text}", end="")
    return 0


def command_line(inside: str, command: str) -> str:
    """The line of a hook that runs a command for the project: Git starts hooks in the top folder of the checkout."""
    return f"rollspec -C {shlex.quote(inside)} {command}" if inside else f"rollspec {command}"


def _lines(inside: str) -> Iterator[str]:
    return (command_line(inside, command) for command in _COMMANDS)


def _script(inside: str, *, is_husky: bool) -> str:
    first = "" if is_husky else "#!/bin/sh\n"
    return f"{first}{_WRITTEN}{' && '.join(_lines(inside))}\n"


def _lefthook(inside: str) -> str:
    validate, render = (plain_or_quoted(line) for line in _lines(inside))
    return (
        f"{_WRITTEN}pre-commit:\n  commands:\n    rollspec-validate:\n      run: {validate}\n"
        f"    rollspec-render:\n      run: {render}\n"
    )
