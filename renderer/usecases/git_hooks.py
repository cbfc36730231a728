"""The files that `rollspec init --hooks` writes: hooks without pre-commit, which check what is staged."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from renderer.console import out
from renderer.git import top_folder
from renderer.git.driver import hooks_folder
from renderer.usecases.hook_files import create_hook, hook_file, read_hook
from renderer.usecases.project import find_root
from renderer.usecases.repository import subfolder
from renderer.usecases.revision import asking_git
from renderer.yamlio import plain_or_quoted

HOOK_TOOLS = ("pre-commit", "git", "husky", "lefthook")
_COMMANDS = ("validate --hook --cached", "render --hook")
_WRITTEN = "# Written by `rollspec init`: checks what is staged, whatever the working tree has.\n"


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
