"""What is staged, for hooks without pre-commit's stash: on disk where that has the same, else in a temporary folder."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from renderer.console import say
from renderer.failure import Failure
from renderer.git.checkout import SUBMODULE, unusual_entries
from renderer.git.differences import staged_files, unlike_index
from renderer.git.index import in_conflict, own_index, staged_ids
from renderer.git.read import blob_id, last_commit
from renderer.git.run import MANY
from renderer.git.trial import staged_commit
from renderer.layout import DATA_FILES, PROJECT_FILE, Layout, holds
from renderer.pipeline.fleet import ARGOCD
from renderer.problem import printable
from renderer.tree import is_temporary, listing, read, reader
from renderer.usecases.checkout import is_around, nested
from renderer.usecases.ignored import commits_apps
from renderer.usecases.laid_out import lay_out_files, layout_of
from renderer.usecases.project import Opened, Refused, extra_resources, find_root
from renderer.usecases.repository import subfolder
from renderer.usecases.revision import asking_git, is_spec
from renderer.usecases.selection import Selection
from renderer.usecases.shown import tried
from renderer.usecases.staged_projects import staged_projects
from renderer.usecases.touched import output_folders, projects, selection_of
from renderer.workers import meanwhile


class Staged(NamedTuple):
    """A project as it is staged. `parent` is HEAD, None before the first commit; the `files` differ from it.

    `commit` is one of what is staged, in the repository of a temporary folder; None where the project's own folder has
    on disk what is staged. `inside` is the project's folder as seen from where the hook runs; empty within the project.
    `source` is the project's own folder: that of the temporary repository has no branches, and a HEAD of its own.
    """

    root: str
    opened: Opened | Refused
    parent: str | None
    files: tuple[str, ...]
    inside: str
    source: str
    commit: str | None = None

    @property
    def start(self) -> str:
        """The folder from which paths are shown."""
        return os.path.normpath(os.path.join(self.root, *(os.pardir for _ in filter(None, self.inside.split("/")))))


Choose = Callable[[Opened], Selection]
Run = Callable[[Staged, Choose], int]


def each_staged(
    directory: str, paths: Sequence[str], run: Run, *, choose: Choose | None = None, needs_output: bool = False
) -> int:
    """Call `run` for each project of the files; the highest exit code. Without files: see below.

    `choose` says what of the project around the directory is judged; without it, it is what the staged changes are
    about, in that project and those below the directory; a project without any is left out. `needs_output`: the
    rendered files of that must be on disk.
    """
    with asking_git():
        if paths or choose:
            named = projects(os.path.normpath(os.path.join(directory, path)) for path in paths)
            roots = [*named] if paths else [find_root(directory)]
            found: Mapping[str, tuple[str, ...]] | None = {root: tuple(staged_files(root)) for root in roots}
        else:
            found = staged_projects(directory)
    if found is None or (choose is None and found and not any(found.values())):
        say("rollspec: nothing is staged here, so the hook judges nothing; without --hook, all is judged")
        return 0
    here = os.path.realpath(directory)
    judged = (_one(here, root, files, run, choose, needs_output=needs_output) for root, files in found.items())
    return max(judged, default=0)


def _one(here: str, root: str, files: tuple[str, ...], run: Run, choose: Choose | None, *, needs_output: bool) -> int:
    with asking_git():
        parent = last_commit(root)

        def touched(opened: Opened) -> Selection:
            return selection_of(opened, files)

        inside = _inside(here, root)
        opened = _opened(root)
        if opened is not None:
            if choose is None and not any(_may_concern(opened.layout, path) for path in files):
                return 0
            selection = _staged_on_disk(opened, choose or touched)
            if selection is not None and not selection.apps and choose is None:
                return 0
            if selection is not None:
                return run(Staged(root, opened, parent, files, inside, root), choose or touched)
        return _in_a_folder(root, files, inside, run, choose or touched, needs_output=needs_output)


def _inside(here: str, root: str) -> str:
    path = os.path.relpath(os.path.realpath(root), here).replace(os.sep, "/")
    return "" if path.split("/")[0] in (os.curdir, os.pardir) else path


def _may_concern(layout: Layout, path: str) -> bool:
    """Whether a file at this path may be about an app: one elsewhere may be a plain manifest that a spec names."""
    folders = (PROJECT_FILE, *layout.source_folders, layout.output)
    return path.endswith(DATA_FILES) or any(holds(folder, path) for folder in folders)


def _opened(root: str) -> Opened | None:
    """The project on disk; None where that cannot be read, which says nothing about what is staged."""
    try:
        found = tried(root)
    except Failure:
        return None
    return found if isinstance(found, Opened) else None


def _staged_on_disk(opened: Opened, choose: Choose) -> Selection | None:
    """What is judged, where the disk has that as it is staged; a sparse checkout may lack files that apps name."""
    try:
        selection = choose(opened)
        return selection if has_what_is_staged(opened, selection) else None
    except Failure:
        return None


def has_what_is_staged(opened: Opened, selection: Selection) -> bool:
    """Whether the disk has just what is staged of all specs, and of the rendered files of the selection.

    Git takes a file for the same whose line ends or filters differ, and we do not: so the bytes of the selection's
    files are compared.
    """
    layout = opened.layout
    with reader(opened.root) as read_some:
        texts = {path: text for app in selection.names for path, text in opened.texts(app, read_some)[0].items()}
    output = _committed_output(opened, selection)
    ignored = opened.ignored
    unread = [path for path in extra_resources(texts) - texts.keys() if not (ignored and ignored.line(path))]
    looked = [PROJECT_FILE, *layout.source_folders, *opened.setup.texts, *texts, *unread, *output]
    with meanwhile(lambda: staged_ids(opened.root, [*opened.setup.texts, *texts, *output])) as staged:
        if any(_counts(layout, path) for path in unlike_index(opened.root, looked)):
            return False
        rendered, faults = read(opened.root, [path for folder in output for path in listing(opened.root, folder)])
    ids, every = staged.value(), {**opened.setup.texts, **texts, **rendered}
    return not faults and all(blob_id(text, len(ids[path])) == ids[path] for path, text in every.items() if path in ids)


def _counts(layout: Layout, path: str) -> bool:
    """Whether a file at this path is read, in the folders that are looked at."""
    return not is_temporary(path) and is_spec(layout, path)


def _committed_output(opened: Opened, selection: Selection) -> list[str]:
    """The folders of rendered files of the selection, as far as they are committed together with the specs."""
    project, layout = opened.setup.project, opened.layout
    if not project.commit_rendered:
        return []
    folders = output_folders(opened, selection) if commits_apps(project) else [f"{layout.output}/{ARGOCD}"]
    return folders if len(folders) <= MANY else [layout.output]


def _in_a_folder(
    root: str, files: tuple[str, ...], inside: str, run: Run, choose: Choose, *, needs_output: bool
) -> int:
    entries = unusual_entries(root, **own_index())
    conflict = next((entry.path for entry in entries if entry.stage), None)
    if conflict:
        raise in_conflict(conflict)
    with staged_commit(root) as staged:
        folder, commit = os.path.join(staged.folder, subfolder(root)), staged.commit
        os.makedirs(folder, exist_ok=True)
        layout = layout_of(folder, commit)
        _refuse_submodules([entry.path for entry in entries if entry.mode == SUBMODULE], layout)
        lay_out_files(folder, commit, lambda path: not holds(layout.output, path))
        if not os.path.lexists(os.path.join(folder, PROJECT_FILE)):
            name = f"{inside}/{PROJECT_FILE}" if inside else PROJECT_FILE
            raise Failure(f"{printable(name)} is not in the commit: `git add {shlex.quote(printable(name))}`")
        opened = tried(folder)
        if isinstance(opened, Opened) and (needs_output or not opened.apps):
            some = output_folders(opened, choose(opened)) if opened.apps else [layout.output]
            lay_out_files(folder, commit, lambda path: any(holds(each, path) for each in some))
            opened = opened if opened.apps else tried(folder)  # without an app, rendered files are a fault
        if isinstance(opened, Opened) and not choose(opened).apps:
            return 0
        return run(Staged(folder, opened, staged.parent, files, inside, root, commit), choose)


def _refuse_submodules(paths: Iterable[str], layout: Layout) -> None:
    for path in paths:
        if is_around(path, (*layout.source_folders, layout.output)):
            raise nested(path)
