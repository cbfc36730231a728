"""Which projects staged files are in. A hook runs in every branch, also in one without a project."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence

from renderer.failure import Failure
from renderer.git import top_folder
from renderer.git.differences import staged_files
from renderer.git.index import tracked_like
from renderer.layout import PROJECT_FILE, holds
from renderer.problem import printable
from renderer.usecases.touched import projects


def staged_projects(directory: str) -> dict[str, tuple[str, ...]] | None:
    """The staged files by the root of their project, relative to it: of the one around the directory and those below.

    None where nothing is staged there. A project whose file is only in the index counts too.
    """
    here = os.path.realpath(directory)
    while not os.path.isdir(here):  # another branch has the folder
        here = os.path.dirname(here)
    top = top_folder(here)
    staged = staged_files(top)
    if not staged:
        return None
    around, files = os.path.join(here, PROJECT_FILE), [os.path.join(top, path) for path in staged]
    roots = projects([around, *files])
    of_file = {os.path.join(root, path): root for root, inside in roots.items() for path in inside}
    lacking = [file for file in files if file not in of_file]
    of_file |= _in_index(top, [around, *lacking] if around not in of_file else lacking) if lacking else {}
    own = of_file.get(around)
    found = {of_file[file] for file in files if file in of_file}
    some = sorted(root for root in found if root == own or holds(here, root))
    for root in some:
        if not os.path.isdir(root) or os.path.realpath(root) != root:
            raise _not_there(os.path.relpath(root, top))
    if not some and own is not None:
        return None
    return {root: tuple(file.removeprefix(f"{root}/") for file in files if holds(root, file)) for root in some}


def _not_there(folder: str) -> Failure:
    """What to say of a project's folder that is deleted, or that is a link: to the files of who knows what."""
    name = printable(folder)
    return Failure(
        f"{name}: files in it are staged, and on disk there is no such folder or a symbolic link: "
        f"`git restore {shlex.quote(name)}` brings back what is staged"
    )


def _in_index(top: str, files: Sequence[str]) -> dict[str, str]:
    """For each of these files in a project that Git has and the disk has not, the project's root."""
    known = {os.path.dirname(os.path.join(top, path)) for path in tracked_like(top, f"**/{PROJECT_FILE}")}
    found = ((file, next((folder for folder in _above(file) if folder in known), None)) for file in files)
    return {file: root for file, root in found if root is not None}


def _above(file: str) -> Iterator[str]:
    """The folders around a file, the nearest first."""
    while (folder := os.path.dirname(file)) != file:
        yield folder
        file = folder
