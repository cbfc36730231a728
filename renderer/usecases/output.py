"""Compares the rendered files of a change with its specs, because Argo CD applies the files, not the specs."""

from __future__ import annotations

import os.path
import posixpath
from collections.abc import Collection, Mapping, Sequence
from shlex import quote
from typing import NamedTuple

from renderer.git.differences import changed_in
from renderer.git.read import (
    FILES,
    TreeEntry,
    blob_id,
    entries_at,
    folders_in,
    list_trees,
    read_blobs,
)
from renderer.layout import Layout
from renderer.pipeline.argocd_objects import RESOURCES
from renderer.pipeline.fleet import ARGOCD
from renderer.plan import AppPlan, FileState, OutputFile
from renderer.problem import Problem
from renderer.tree import is_temporary, listing, read
from renderer.usecases.checkout import nested
from renderer.usecases.compare import Compared
from renderer.usecases.rendered_files import Key, has_app, key_of, rendered_of, shared_files
from renderer.usecases.revision import View
from renderer.yamlio.guard import LFS

_SUBMODULE = "160000"
_SHA1 = 40  # letters of an id of Git's; one by SHA-256 has 64


def changed_output(
    root: str, commits: tuple[str, str | None], view: View, unstaged: Sequence[str] | None = None
) -> list[str]:
    """The files of the output folder that git lists as changed between two commits (None: the working tree).

    `unstaged`: as that of `changed_in`.
    """
    project = view.setup.project
    return changed_in(root, *commits, project.layout.output, unstaged) if project.commit_rendered else []


def output_files(
    root: str,
    commits: tuple[str, str | None],
    view: View,
    plans: Sequence[AppPlan],
    compared: Compared,
    listed: Sequence[str],
) -> tuple[OutputFile, ...]:
    """Files of the output folder at the second commit (None: the working tree) that are not what `view` renders.

    Compared are the files of `listed`, as `changed_output` gives them, and all files of each app with an effect, also
    of an app that is deleted, which should have none. A file
    of `listed` that was not what the specs rendered at the first commit is found too. Nothing where the output folder
    has no file: that project's manifests are rendered elsewhere. The apps whose files `compared` has are not rendered
    again.
    """
    (base, head), layout = commits, view.layout
    if not view.setup.project.commit_rendered:
        return ()
    _refuse_nested(root, head, layout.output, listed)
    scope = _scope(view, plans, listed)
    if scope is None:
        return ()
    folders = scope.folders(layout)
    there = _at_revision(root, head, layout.output, folders, listed) if head else _on_disk(root, folders, listed)
    if not there and _is_empty(root, head, layout.output):
        return ()
    id_length = len(next(filter(None, there.values()), _SHA1 * " "))
    made, broken = _made(view, scope, compared.files, id_length)
    there = {path: oid for path, oid in there.items() if key_of(layout, path) not in broken}
    states = {path: _state(there.get(path), made.get(path)) for path in sorted({*there, *made})}
    changed = {path: there[path] for path, state in states.items() if state == "changed" and there[path]}
    states |= dict.fromkeys(_pointers(root, changed, is_commit=head is not None), "pointer")
    before = {path: compared.before[path] for path in listed if path in compared.before}
    for path in _unlike(root, base, layout, before):
        states[path] = states.get(path) or "unlike-base"
    return tuple(OutputFile(path, state) for path, state in sorted(states.items()) if state)


class _Scope(NamedTuple):
    """What is compared: all files of these apps and of the resources of these environments, and some other files."""

    apps: frozenset[Key]
    gone: frozenset[Key]  # deleted apps: the specs render nothing in their folders
    resources: frozenset[str]  # environments
    others: frozenset[str]  # listed files that are not of these apps

    def folders(self, layout: Layout) -> list[str]:
        """The folders of which all files are compared."""
        shared = ((env, RESOURCES) for env in self.resources)
        return sorted(layout.manifests(env, app) for env, app in (*self.apps, *self.gone, *shared))


def _scope(view: View, plans: Sequence[AppPlan], listed: Sequence[str]) -> _Scope | None:
    """The apps with an effect, and what git lists; None if there is neither."""
    layout = view.layout
    moved = {(each.env, each.app) for each in plans if each.effects}
    asked = moved | {key for path in listed if (key := key_of(layout, path))}
    if not listed and not asked:
        return None
    apps = frozenset(key for key in asked if has_app(view, *key))
    gone = frozenset((env, app) for env, app in moved - apps if app not in (RESOURCES, ARGOCD))
    resources = frozenset(each.env for each in plans if each.effects and each.app == RESOURCES)
    return _Scope(apps, gone, resources, frozenset(path for path in listed if key_of(layout, path) not in apps))


def _is_empty(root: str, head: str | None, output: str) -> bool:
    """Whether the output folder has no file at the commit (None: on disk)."""
    return not (list_trees(root, head, [output]) if head else listing(root, output))


def _made(view: View, scope: _Scope, known: Mapping[str, str], id_length: int) -> tuple[dict[str, str], frozenset[Key]]:
    """The ids of what the specs render, by path, and the apps with errors: nobody knows what they render to.

    `known` are ids by SHA-1 of apps that are rendered already.
    """
    layout = view.layout
    done = scope.apps & {key for path in known if (key := key_of(layout, path))} if id_length == _SHA1 else frozenset()
    rendered, broken = rendered_of(view, scope.apps - done)
    folders = tuple(f"{layout.manifests(env, RESOURCES)}/" for env in scope.resources)
    for path, text in shared_files(view, scope.others, scope.resources).items():
        if path in scope.others or path.startswith(folders):
            rendered[path] = text
    made = {path: blob_id(text, id_length) for path, text in rendered.items()}
    return made | {path: oid for path, oid in known.items() if key_of(layout, path) in done}, broken


def _unlike(root: str, base: str, layout: Layout, made: Mapping[str, str]) -> list[str]:
    """Those of these files that are not at the first commit as its specs render them; `made` has the ids of that."""
    entries = list_trees(root, base, sorted(made), layout.output) if made else {}
    there = {path: entry.oid for path, entry in entries.items() if path in made and entry.mode in FILES}
    found = {path: oid for path, oid in there.items() if len(oid) == _SHA1 and oid != made[path]}
    return sorted(found.keys() - _pointers(root, found, is_commit=True))


def _refuse_nested(root: str, head: str | None, output: str, listed: Sequence[str]) -> None:
    """Failure where the output has a submodule at `head`, or another repository on disk."""
    found = [path.rstrip("/") for path in listed if path.endswith("/")]
    if head:
        entries = folders_in(root, head, output) | entries_at(root, head, [output])
        found = [path for path, entry in entries.items() if entry.mode == _SUBMODULE]
    if found:
        raise nested(found[0])


def output_problems(
    root: str,
    commits: tuple[str, str | None],
    base: str,
    view: View,
    compared: Compared,
    listed: Sequence[str],
) -> list[Problem]:
    """The same as problems, of the files that git lists as changed between two commits (None: the working tree)."""
    return [_problem(file, base) for file in output_files(root, commits, view, (), compared, listed)]


def _pointers(root: str, oids: Mapping[str, str], *, is_commit: bool) -> frozenset[str]:
    """Which of these files are pointers of Git LFS, in a commit or on disk (where they were never fetched)."""
    if not oids:
        return frozenset()
    blobs = read_blobs(root, {*oids.values()}) if is_commit else {}
    texts = {path: blobs[oid] for path, oid in oids.items()} if is_commit else read(root, oids)[0]
    return frozenset(path for path, text in texts.items() if text.startswith(LFS))


def _problem(file: OutputFile, base: str) -> Problem:
    if file.state == "foreign" and is_temporary(file.path):
        why = "a draft that a killed run left, which Argo CD would apply: `rollspec render` deletes it, and "
        why += f"`git add --all {quote(posixpath.dirname(file.path))}` takes it out of Git"
        return Problem(file.path, 0, 0, "output-file", why)
    if file.state == "foreign":
        why = f"changed since {base}, and the specs do not render this file: Argo CD would apply it; delete it"
        return Problem(file.path, 0, 0, "output-file", why)
    if file.state == "pointer":
        why = "is a pointer of Git LFS, so it is not compared with the specs: keep rendered files out of LFS"
        return Problem(file.path, 0, 0, "output-file", why, severity="note")
    if file.state == "unlike-base":
        why = f"at {base} it was not what its specs render to: this change overwrites that, and no plan shows it"
        return Problem(file.path, 0, 0, "output-file", why, severity="note")
    if file.state == "missing":
        why = "the specs render this file, and the change lacks it: run `rollspec render`, and `git add` the file"
        return Problem(file.path, 0, 0, "output-file", why, severity="warning")
    why = f"changed since {base}, and it is not what the specs render to: run `rollspec render`"
    return Problem(file.path, 0, 0, "output-file", why, severity="warning")


def _state(there: str | None, made: str | None) -> FileState | None:
    if there is None:
        return "missing"
    if made is None:
        return "foreign"
    return None if there == made else "changed"


def _at_revision(root: str, head: str, output: str, folders: Sequence[str], listed: Collection[str]) -> dict[str, str]:
    """The ids of these files, by path; empty for what is not a plain file."""
    entries: dict[str, TreeEntry] = list_trees(root, head, [*folders, *sorted(listed)], output)
    return {path: entry.oid if entry.mode in FILES else "" for path, entry in entries.items()}


def _on_disk(root: str, folders: Sequence[str], listed: Collection[str]) -> dict[str, str]:
    paths = {path for folder in folders for path in listing(root, folder)}
    paths |= {path for path in listed if os.path.lexists(os.path.join(root, path))}
    texts, _ = read(root, paths)
    return {path: blob_id(texts[path].replace(b"\r\n", b"\n")) if path in texts else "" for path in paths}
