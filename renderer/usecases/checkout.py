"""Whether Git has all of a project's files: what a checkout leaves out, or another repository keeps, is not deleted."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property

from renderer.failure import Failure
from renderer.layout import Layout, holds
from renderer.problem import Problem, printable, some_of
from renderer.tree import listing
from renderer.usecases.index_file import git_folder, may_have_submodules, may_skip

RESTORE = "delete it, or restore its first line; if it is a pointer of Git LFS, `git lfs pull`"  # a rendered file


def refuse_left_out(root: str, folders: Sequence[str]) -> None:
    """Failure where a sparse checkout leaves out files of these folders."""
    if not may_skip(root):
        return
    from renderer.git.checkout import is_sparse, skipped_files  # start-up time that only a sparse checkout must pay

    files = skipped_files(root, folders)
    if not files:
        return
    first = printable(files[0])
    cure = "git sparse-checkout disable" if is_sparse(root) else f"git update-index --no-skip-worktree {first}"
    raise Failure(
        f"{some_of(files, 1)}: tracked by Git and left out of this working tree (skip-worktree), so rollspec would "
        f"take it for deleted: `{cure}` ends that; then check the file out"
    )


def refuse_nested(root: str, layout: Layout, submodules: Sequence[str]) -> None:
    """Failure where a submodule or another repository is at, above or under the folders of specs or of output.

    `submodules` are those of `submodules_of`. Git does not have its files here, so every comparison with a revision
    would take them for deleted or for unchanged.
    """
    folders = layout.source_folders
    around = [path for path in submodules if is_around(path, (*folders, layout.output))]
    found = [*around, *_repositories(root, folders, (layout.output,))]
    if found:
        raise nested(found[0])


def nested(path: str) -> Failure:
    """What to say of a submodule or another repository in which this repository's files should be."""
    return Failure(
        f"{printable(path)}: is a submodule or a repository of its own, so this repository does not have its files and "
        "rollspec cannot compare them: commit the files themselves here, or move it out of the project's folders"
    )


def submodules_in_output(submodules: Sequence[str], output: str) -> list[Problem]:
    """A problem for each submodule at, above or under the output folder: no check of ours sees what it brings."""
    why = (
        "is a submodule: Argo CD would apply files that rollspec neither wrote nor sees: `git rm --cached` it, and let "
        "the output folder hold only what `rollspec render` writes"
    )
    return [Problem(path, 0, 0, "path", why) for path in submodules if is_around(path, (output,))]


class Ignored:
    """What git ignores in the folder of a project; git is asked once, at the first question."""

    def __init__(self, root: str) -> None:
        self._root = root

    def line(self, path: str) -> str:
        """The line of the file that ignores this one; empty where git does not, or where there is no repository."""
        if path not in self._all and not path.startswith(self._folders):
            return ""
        from renderer.git.ignored import ignored_by

        return ignored_by(self._root, [path]).get(path, "")

    @cached_property
    def _all(self) -> frozenset[str]:
        if git_folder(self._root) is None:
            return frozenset()
        from renderer.git import GitError  # start-up time that only a project with plain manifests must pay
        from renderer.git.ignored import all_ignored

        try:
            return frozenset(all_ignored(self._root))
        except GitError:
            return frozenset()

    @cached_property
    def _folders(self) -> tuple[str, ...]:
        return tuple(path for path in self._all if path.endswith("/"))


def is_around(path: str, folders: Sequence[str]) -> bool:
    """Whether the path is at, above or under one of the folders."""
    return any(holds(folder, path) or holds(path, folder) for folder in folders)


def submodules_of(root: str) -> list[str]:
    """The paths of the submodules in the index, sorted; git is run only where it may have one."""
    if not may_have_submodules(root):
        return []
    from renderer.git.checkout import submodules  # start-up time that few must pay

    return sorted({*submodules(root)})


def _repositories(root: str, folders: Sequence[str], shallow: Sequence[str]) -> list[str]:
    """Folders on disk that have a `.git` of their own; of the `shallow` ones two levels are looked at."""
    above = {path for folder in (*folders, *shallow) for path in _with_parents(folder)}
    below = {folder for top in shallow for folder in _folders(root, top)}
    found = {path for path in above | below if os.path.lexists(os.path.join(root, path, ".git"))}
    for folder in folders if not found else ():
        found |= {path.partition("/.git/")[0] for path in listing(root, folder) if "/.git/" in f"{path}/"}
    return sorted(found)


def _with_parents(folder: str) -> list[str]:
    parts = folder.split("/")
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]


def _folders(root: str, folder: str) -> list[str]:
    try:
        with os.scandir(os.path.join(root, folder)) as entries:
            return [f"{folder}/{entry.name}" for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
