"""Prints problems with paths relative to the reader's folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

from renderer.console import out, say
from renderer.failure import Failure
from renderer.problem import Problem, count_text, errors, in_order, strict
from renderer.progress import Lap, no_laps
from renderer.report.problems import DOCUMENTS, problems_text
from renderer.usecases.project import Opened, Refused, find_root, open_project


class Shown(NamedTuple):
    """The options. `start` is the folder that the given paths are relative to; None (no paths): the project's root."""

    form: str
    is_strict: bool
    start: str | None
    lap: Lap = no_laps  # to call at the end of each step

    def problems(self, found: Sequence[Problem], root: str) -> bool:
        """Show the problems of the project at `root`; whether any of them is an error."""
        return show_problems(seen_from_folder(found, root, self._from(root)), self.form, is_strict=self.is_strict)

    def refuse_several(self, projects: Collection[str]) -> None:
        """Failure if several documents would follow each other: no reader would take that."""
        if len(projects) > 1 and self.form in DOCUMENTS:
            raise Failure(f"--format {self.form} is about one project: run it once for each", 2)

    def path(self, file: str, root: str) -> str:
        """The path of a file of the project at `root`, as in its problems."""
        return seen_from_folder([Problem(file, 0, 0, "", "")], root, self._from(root))[0].file

    def _from(self, root: str) -> str:
        """Annotations and reports name files relative to the top of the repository."""
        if self.form not in ("github", "sarif", "junit"):
            return self.start if self.start is not None else root
        from renderer.git import GitError, top_folder  # a plain run does not need git

        try:
            return top_folder(root)
        except GitError:
            return root


def tried(folder: str) -> Opened | Refused:
    """The project around the folder, or why it cannot be opened."""
    try:
        return open_project(folder)
    except Refused as refused:
        return refused


def in_project(folder: str, shown: Shown, run: Callable[[Opened], int], known: Opened | Refused | None = None) -> int:
    """Call `run` with the project around the folder, or show why it cannot be opened; the exit code.

    `known` is the project if it was opened before.
    """
    opened = known or tried(folder)
    if isinstance(opened, Refused):
        return int(shown.problems(opened.problems, find_root(folder)))
    shown.lap("read the project", *opened.sizes)
    return run(opened)


def seen_from_folder(problems: Sequence[Problem], root: str, start: str) -> list[Problem]:
    """Problems of the project at `root`, with paths from the folder `start`."""
    here, there = os.path.realpath(root), os.path.realpath(start)
    if here == there:
        return list(problems)
    paths = {each.file: os.path.relpath(os.path.join(here, each.file), there).replace(os.sep, "/") for each in problems}
    return [replace(each, file=paths[each.file]) for each in problems]


def show_problems(problems: Sequence[Problem], form: str, *, is_strict: bool = False) -> bool:
    """Print problems (text to stderr, other formats to stdout); whether any of them is an error."""
    found = in_order(strict(problems) if is_strict else problems)
    text = problems_text(found, form)
    (say if form == "text" else out)(text, end="")
    if found and form == "text":
        say(f"rollspec: {count_text(found)}")
    return bool(errors(found))


def show_stopping(problems: Sequence[Problem], form: str) -> bool:
    """Like `show_problems`, for commands with another result on stdout: problems are JSON only if they replace it."""
    return show_problems(problems, "json" if form == "json" and errors(problems) else "text")
