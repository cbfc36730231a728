"""`--into REF`: what a merge would do, tried without touching the working tree."""

from __future__ import annotations

import os.path
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from renderer.console import say
from renderer.edit.merging import merge_texts
from renderer.facts import release_state
from renderer.git import changed, merge_base_of, read_many, resolve
from renderer.git.trial import Trial, trial_merge
from renderer.layout import PROJECT_FILE, Layout, holds
from renderer.pipeline.positions import Locator
from renderer.plan import without_simulation
from renderer.problem import Problem, some_of
from renderer.usecases.compare import about, before, compare
from renderer.usecases.laid_out import lay_out_files, layout_of
from renderer.usecases.project import Refused, find_root
from renderer.usecases.repository import subfolder
from renderer.usecases.revision import View, asking_git, of_revision

Signature = tuple[str, str, str]  # file, rule, pointer


@dataclass(frozen=True, slots=True)
class Merged:
    """A merge that was tried: the project's folder in the trial's repository, and conflicts of specs as problems."""

    trial: Trial
    folder: str
    head: str
    base: str  # where the two sides parted
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """What the two sides of the merge are called in a message."""

    head: str
    into: str

    def cure(self, options: str = "") -> str:
        """What to type where the sides conflict."""
        return f"`git merge {options}{self.into}` on {self.head}, decide, and commit"


@contextmanager
def merged_into(directory: str, into: str, head: str | None) -> Iterator[Merged]:
    """The merge of `head` (None: the last commit) into the revision `into`; it is gone at the end."""
    root = find_root(directory)
    with asking_git():
        tip, ours = resolve(root, into), resolve(root, head or "HEAD")
        if head is None and changed(root, "HEAD"):
            say("rollspec: --into merges the last commit: what is not committed is not looked at")
        inside, base = subfolder(root), merge_base_of(root, tip, ours) or ""  # without one, Git refuses
        with trial_merge(root, ours, tip) as trial:
            folder = os.path.join(trial.folder, inside)
            os.makedirs(folder, exist_ok=True)
            lay_out_files(folder, trial.commit, lambda path: path == PROJECT_FILE)
            prefix = f"{inside}/" if inside else ""
            paths = [path.removeprefix(prefix) for path in trial.conflicts if path.startswith(prefix)]
            names = Names(head or "this branch", into)
            _say_what_is_outside([path for path in trial.conflicts if not path.startswith(prefix)], names)
            layout = layout_of(folder, ours)
            problems = [*(_problems(folder, layout, (base, ours, tip), paths, names) if paths else ())]
            problems += _of_releases(folder, layout, (base, ours, tip), paths, names) if base else ()
            yield Merged(trial, folder, ours, base, tuple(problems))


def _say_what_is_outside(paths: list[str], names: Names) -> None:
    """Name the files that are not the project's, but without which there is no merge."""
    if paths:
        say(f"rollspec: outside the project, Git cannot merge {some_of(paths)}: {names.cure()}")


def _problems(
    folder: str, layout: Layout, commits: tuple[str, str, str], paths: list[str], names: Names
) -> Iterator[Problem]:
    """A problem for each field on which the two sides differ, or for the file; rendered files are not among them."""
    base, ours, theirs = commits
    sides = [read_many(folder, commit, paths) if commit else {} for commit in (base, ours, theirs)]
    for path in paths:
        if holds(layout.output, path):
            continue
        texts = [side.get(path) for side in sides]
        yield from Locator({path: texts[1] or b""}).locate(_of_file(layout, path, texts, names))


def _of_releases(
    folder: str, layout: Layout, commits: tuple[str, str, str], known: list[str], names: Names
) -> Iterator[Problem]:
    """Releases that both sides changed in lines that Git merges into what nobody meant. `known` are Git's conflicts."""
    base, ours, theirs = commits
    own, other = ({path for _, path in changed(folder, base, side, [layout.overlays])} for side in (ours, theirs))
    both = [path for path in sorted(own & other) if path.endswith(".yaml") and path not in known]
    sides = [read_many(folder, commit, both) for commit in commits] if both else []
    for path in both:
        texts = [side.get(path) for side in sides]
        if all(texts):
            cure = f"Git merges the lines all the same: {names.cure('--no-commit ')}"
            found = [each for each in _of_file(layout, path, texts, names, cure) if each.pointer]
            yield from Locator({path: texts[1] or b""}).locate(found)


def _of_file(layout: Layout, path: str, texts: list[bytes | None], names: Names, cure: str = "") -> list[Problem]:
    base, ours, theirs = texts
    cure = cure or names.cure()
    if ours is None or theirs is None:
        gone = names.head if ours is None else names.into
        return [_problem(path, f"deleted by {gone}, and changed by the other side: {cure}")]
    is_spec = path.startswith((f"{layout.apps}/", f"{layout.overlays}/")) and path.endswith(".yaml")
    if not is_spec:
        return [_problem(path, f"{names.head} and {names.into} both changed these lines: {cure}")]
    try:
        found = merge_texts((base or b"").decode(), ours.decode(), theirs.decode(), release_state())
    except UnicodeDecodeError:
        return [_problem(path, f"{names.head} and {names.into} both changed it: {cure}")]
    if found.text is not None:
        why = f"Git cannot merge the lines, although the fields fit together: `git merge {names.into}` on {names.head}"
        return [_problem(path, f"{why} (after `rollspec init --merge-driver` it merges specs by field)")]
    what = layout.name_of(path)
    return [
        _problem(path, f"{what}: {found.what(pointer, names.head, names.into)}: {cure}", pointer)
        for pointer in found.conflicts
    ]


def _problem(path: str, message: str, pointer: str = "") -> Problem:
    return Problem(path, 0, 0, "merge-conflict", message, pointer)


def signature(problem: Problem) -> Signature:
    """What a problem is about: the same in the branch by itself and in the merge."""
    return problem.file, problem.rule, problem.pointer


def problems_of_head(merged: Merged, like: View) -> frozenset[Signature]:
    """The problems that the branch has by itself, since it parted from what it is merged into."""
    folder = merged.folder
    try:
        new, old = of_revision(folder, merged.head, like), before(folder, merged.base, like)
    except Refused as refused:
        return frozenset(map(signature, refused.problems))
    if new is None:
        return frozenset()
    found = compare(old, new, about(folder, merged.base, merged.head, old, new), make=without_simulation)
    return frozenset(map(signature, (*found.problems, *(one for each in found.plans for one in each.problems))))
