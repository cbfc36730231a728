"""`rollspec publish`: the rendered files of a commit, committed on other branches for Argo CD or a promoter."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from renderer.console import out
from renderer.failure import Failure
from renderer.git import GitError, list_tree, log, remotes, resolve, top_folder
from renderer.git.branches import (
    About,
    about,
    branch_name,
    commit_of_tree,
    content,
    fetch_notes,
    fetched_tip,
    files_below,
    is_checked_out,
    is_newer,
    move,
    name_in_the_way,
    note,
    push,
    store,
    store_text,
    tip,
    tree_with,
)
from renderer.lazy import regex
from renderer.problem import printable
from renderer.progress import counted
from renderer.tree import listing
from renderer.usecases.hydrator import METADATA, NOTES, dry_sha, metadata
from renderer.usecases.job import select
from renderer.usecases.laid_out import lay_out_all
from renderer.usecases.project import Opened, find_root
from renderer.usecases.render import render_into
from renderer.usecases.repository import subfolder, without_password
from renderer.usecases.revision import asking_git
from renderer.usecases.shown import Shown, in_project

_NEXT = "-next"  # the branch from which gitops-promoter opens a pull request to the branch without it
_TRIES = 5
_BRACES = regex(r"[{}]")
_LAST = "HEAD"


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """What is asked for on the command line; `branch` may hold `{env}`, and `repository` is the folder of a clone."""

    directory: str
    branch: str | None = None
    envs: tuple[str, ...] = ()
    revision: str = _LAST
    repository: str | None = None
    remote: str = "origin"
    push: bool = False


class Source(NamedTuple):
    """The commit that was rendered; `root` is the clone with that commit, and `url` the address of its repository."""

    sha: str
    root: str
    url: str
    about: About
    trailers: tuple[tuple[str, str], ...]


class Tree(NamedTuple):
    """The files of one branch: below `folders` it has exactly `files` (path in the repository -> path on disk)."""

    folders: Sequence[str]
    files: Mapping[str, str]


def publish(options: PublishOptions) -> int:
    """Write each environment's rendered files to its branch; the exit code."""
    root = find_root(options.directory)
    with asking_git():
        target = _clone(options.directory, options.repository) if options.repository else top_folder(root)
        sha = resolve(root, options.revision)
        inside = subfolder(root)
    shown = Shown("text", is_strict=False, start=None)
    with _laid_out(root, sha) as folder, tempfile.TemporaryDirectory(prefix="rollspec-") as rendered:

        def run(opened: Opened) -> int:
            pattern = _pattern(options, opened)
            selection = select(opened, (), options.envs)
            code = render_into(opened, selection, rendered, shown)
            if code:
                return code
            with asking_git():
                source = _source(root, sha, opened)
                for branch, tree in _trees(opened, selection.envs, pattern, rendered, inside).items():
                    out(_publish(target, branch_name(target, branch), tree, source, options))
            return 0

        return in_project(folder, shown, run)


def _clone(directory: str, repository: str) -> str:
    """The top folder of the clone that `--repo` names, from `directory`."""
    folder = os.path.join(directory, repository)
    if not os.path.isdir(folder):
        raise Failure(f"--repo {printable(repository)}: there is no such folder", 2)
    try:
        return top_folder(folder)
    except GitError as error:
        if error.reason != "no-repository":
            raise
        raise Failure(f"--repo {printable(repository)}: {_why_no_clone(folder)}", 2) from None


def _why_no_clone(folder: str) -> str:
    """What a folder is that has no working tree."""
    if os.path.basename(os.path.realpath(folder)) == ".git":
        return "this is the inside of a Git repository: name the folder around it"
    if os.path.isfile(os.path.join(folder, "HEAD")) and os.path.isdir(os.path.join(folder, "objects")):
        return "this is a bare repository, which has no working tree: clone it, name the clone, and add `--push`"
    return "this folder is not in a Git repository"


@contextmanager
def _laid_out(root: str, sha: str) -> Iterator[str]:
    """A folder with the files of the project at `root` as a commit has them; it is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="rollspec-") as folder:
        with asking_git():
            lay_out_all(root, folder, list_tree(root, sha))
        yield folder


def _pattern(options: PublishOptions, opened: Opened) -> str:
    pattern = options.branch or opened.setup.project.publish.branch
    if not pattern:
        raise Failure(
            "which branch? In the commit that is published, rollspec.yaml has no `publish`: write and commit it, "
            "or give --branch 'environments/{env}'",
            2,
        )
    if _BRACES.search(pattern.replace("{env}", "")):
        raise Failure(f"--branch {printable(pattern)}: only {{env}} is replaced, by the name of an environment", 2)
    return pattern


def _trees(opened: Opened, envs: Sequence[str], pattern: str, rendered: str, inside: str) -> dict[str, Tree]:
    """The files by branch, under the paths that they have on the branch of the specs."""
    output = os.path.join(inside, opened.layout.output) if inside else opened.layout.output
    folders: dict[str, list[str]] = {}
    for env in envs:
        folders.setdefault(pattern.replace("{env}", env), []).extend(
            (env, f"_argocd/{env}.yaml", f"_argocd/{env}.project.yaml")
        )
    everything = listing(rendered, "")
    return {
        branch: Tree(
            [f"{output}/{folder}" for folder in wanted],
            {
                f"{output}/{path}": os.path.join(rendered, path)
                for path in sorted(everything)
                if any(path == folder or path.startswith(f"{folder}/") for folder in wanted)
            },
        )
        for branch, wanted in folders.items()
    }


def _source(root: str, sha: str, opened: Opened) -> Source:
    argocd = opened.setup.project.argocd
    url = argocd.url if argocd and argocd.url else next(iter(remotes(root)), "")
    trailers = next(iter(log(root, revision=sha))).trailers
    return Source(sha, root, without_password(url), about(root, sha), trailers)


def _publish(target: str, branch: str, tree: Tree, source: Source, options: PublishOptions) -> str:
    """Write one branch; what was done, for people."""
    if not options.push and is_checked_out(target, branch):
        raise Failure(f"the branch {branch} is checked out: publish would change it under the working tree", 2)
    oids = store(target, list(tree.files.values()))
    files = dict(zip(tree.files, oids, strict=True))
    for _ in range(_TRIES):
        said = _attempt(target, branch, Tree(tree.folders, files), source, options)
        if said is not None:
            return said
        other = name_in_the_way(target, options.remote if options.push else None, branch)
        if other:
            raise Failure(
                f"{branch}: Git cannot have this branch together with the branch {other}: rename one of them", 2
            )
    raise Failure(f"{branch}: other commits arrived {_TRIES} times while this one was made: run it again")


def _attempt(target: str, branch: str, tree: Tree, source: Source, options: PublishOptions) -> str | None:
    """One try to write the branch on top of what it is now; None if it moved meanwhile."""
    before = _tip(target, branch, options)
    parent = before or (_tip(target, branch.removesuffix(_NEXT), options) if branch.endswith(_NEXT) else None)
    newer = _newer(target, before, source, options)
    if newer:
        return f"{branch}: nothing changed; it has the newer commit {newer[:12]} (--revision publishes an older one)"
    old = files_below(target, parent, tree.folders)
    if parent and old == tree.files:
        said = f"{branch}: nothing changed" + ("" if before else f"; it begins at {parent[:12]}")
        return said if _moved(target, branch, (before, parent), source, options) else None
    gone = old.keys() - tree.files.keys()
    described = store_text(target, metadata(source.url, source.sha, source.about, source.trailers))
    made = tree_with(target, parent, sorted(gone), {**tree.files, METADATA: described})
    commit = commit_of_tree(target, made, parent, _message(source))
    if not _moved(target, branch, (before, commit), source, options):
        return None
    changed = len(gone) + sum(old.get(path) != oid for path, oid in tree.files.items())
    return f"{branch}: {counted(changed, 'file')} changed, commit {commit[:12]} from {source.sha[:12]}"


def _newer(target: str, last: str | None, source: Source, options: PublishOptions) -> str | None:
    """The commit that a branch has, if it follows ours: another job was faster. A revision that is given is right."""
    if last is None or options.revision != _LAST:
        return None
    text = content(target, last, METADATA)
    found = dry_sha(text) if text else None
    return found if found and is_newer(source.root, options.remote, found, source.sha) else None


def _tip(target: str, branch: str, options: PublishOptions) -> str | None:
    return fetched_tip(target, options.remote, branch) if options.push else tip(target, branch)


def _moved(target: str, branch: str, ids: tuple[str | None, str], source: Source, options: PublishOptions) -> bool:
    """Move the branch from the first of two commits to the second, with a note of the commit that was rendered.

    False if it is elsewhere by now.
    """
    before, commit = ids
    if options.push:
        fetch_notes(target, options.remote, NOTES)
    elif commit != before:
        try:
            move(target, branch, commit, before)
        except GitError as error:
            if error.reason != "locked":
                raise
            return False
    is_new = note(target, NOTES, commit, json.dumps({"drySha": source.sha}))
    if not options.push or (commit == before and not is_new):
        return True
    return push(target, options.remote, {f"refs/heads/{branch}": commit, NOTES: resolve(target, NOTES)})


def _message(source: Source) -> str:
    return f"{source.sha[:12]}: {source.about.subject}\n"
