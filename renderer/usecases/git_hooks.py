"""The files that `rollspec init --hooks` writes: hooks without pre-commit, which check what is staged."""

from __future__ import annotations

from renderer.console import out
from renderer.git import top_folder
from renderer.git.driver import hooks_folder
from renderer.usecases.hook_files import create_hook, hook_file, read_hook
from renderer.usecases.project import find_root
from renderer.usecases.revision import asking_git

HOOK_TOOLS = ("pre-commit", "git", "husky", "lefthook")
_COMMANDS = ("rollspec validate --hook --cached", "rollspec render --hook")
_WRITTEN = "# Written by `rollspec init`: checks what is staged, whatever the working tree has.\n"


def write_hooks(directory: str, kind: str) -> int:
    """Write the hooks of a kind, or say what to add to an existing file; the exit code.

    Git starts hooks in the top folder of the checkout, where ours judge every project of the repository.
    """
    root = find_root(directory)
    with asking_git():
        top = top_folder(root)
        folder, name = {
            "git": (hooks_folder(root), "pre-commit"),
            "husky": (top, ".husky/pre-commit"),
            "lefthook": (top, "lefthook.yml"),
        }[kind]
    hook = hook_file(top, folder, name)
    text = _lefthook() if kind == "lefthook" else _script()
    known, why = read_hook(hook)
    if why:
        out(f"not changed: {hook.file} ({why}): see that it has this:\n\n{text}", end="")
    elif known is None:
        create_hook(hook, f"#!/bin/sh\n{text}" if kind == "git" else text, runs=kind != "lefthook")
        out(f"created {hook.file}")
    elif "rollspec" in known:
        out(f"not changed: {hook.file}")
    else:
        words = "to it" if kind == "lefthook" else "at its start"
        out(f"{hook.file} exists; add this {words}:\n\n{text}", end="")
    return 0


def _script() -> str:
    lines = "".join(f"{line} || exit\n" for line in _COMMANDS)  # other lines may follow, or already do
    return f"{_WRITTEN}{lines}"


def _lefthook() -> str:
    validate, render = _COMMANDS
    return (
        f"{_WRITTEN}pre-commit:\n  commands:\n    rollspec-validate:\n      run: {validate}\n"
        f"    rollspec-render:\n      run: {render}\n"
    )
