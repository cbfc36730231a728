"""Judges a change: from a revision to the working tree as one change, or each commit of the range by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from renderer.failure import Failure
from renderer.git import commits_of, resolve
from renderer.git.read import commit_id, first_parents, last_commit
from renderer.layout import PROJECT_FILE
from renderer.pipeline import Rendered
from renderer.pipeline.positions import Locator
from renderer.plan import AppPlan, without_simulation
from renderer.problem import Problem
from renderer.usecases.checkout import refuse_nested
from renderer.usecases.compare import Compared, Unread, about, about_files, before, before_and_differing, compare
from renderer.usecases.freezes import frozen_changes
from renderer.usecases.guards import by_rule_of_base, frozen_before, judged_by_base
from renderer.usecases.output import changed_output, output_problems
from renderer.usecases.project import Opened, Refused
from renderer.usecases.ran import with_history
from renderer.usecases.restarts import future_restarts
from renderer.usecases.revision import View, asking_git, of_revision, of_tree
from renderer.usecases.selection import Selection, touched
from renderer.workers import SMALL, meanwhile

_SHORT = 12
_WHOLE = 40  # characters of a whole id
_MOST = 20  # commits of one app that are judged one by one without being asked to
_SOFT = "without-canary"  # a warning that the commits in between can disprove


@dataclass(frozen=True, slots=True)
class Range:
    """What is judged, and how: the revision before, and the commit after; None is the working tree.

    With a time, freezes hold changes back. `is_of_hook`: the commit has nothing of what other apps have in the working
    tree alone.
    """

    root: str
    base: str
    head: str | None = None
    now: datetime | None = None
    is_of_hook: bool = False
    differing: tuple[str, ...] | None = None  # the files that differ, where that is known


class Judged(NamedTuple):
    """The problems of a change, and those apps of the working tree that the pipeline made for it.

    `differing` are the files that differ from the base, without rendered ones.
    """

    problems: list[Problem]
    rendered: tuple[Rendered, ...] = ()
    differing: Sequence[str] = ()


def transitions(opened: Opened, selection: Selection, change: Range, *, is_whole: bool) -> Judged:
    """Judges the change in the apps of the selection; there is none before the first commit, when hooks run too.

    `is_whole`: apps and environments that the working tree no longer has count too.
    """
    root, base = opened.root, change.base
    refuse_nested(root, opened.layout, opened.submodules)
    with asking_git():
        commit = _commit(root, base)
        if commit is None:
            return Judged([])
        new = of_tree(opened)
        if change.differing is None:
            old, paths = before_and_differing(root, commit, change.head, new, base)
        else:
            old, paths = before(root, commit, new, base), [*change.differing]
        changes = about_files(paths, old, new)
        changes = changes if is_whole else _within(changes, selection)
        unstaged = selection.folders(new.layout) if change.is_of_hook else None
        listing = partial(changed_output, root, (commit, change.head), new, unstaged)
        is_alone = len(changes.names) < SMALL  # so that no process is started while git is asked
        with meanwhile(listing) if is_alone else nullcontext() as listed:
            found = compare(old, new, changes, make=without_simulation, keeps=True)
        found = replace(found, plans=as_one(change, new, found.plans))
        files = listed.value() if listed else listing()
        return Judged(_problems(change, commit, (old, new), changes, found, files), found.rendered, paths)


def _commit(root: str, base: str) -> str | None:
    """The id of the commit; None for the HEAD of a branch that has none yet."""
    return last_commit(root) if base == "HEAD" else commit_id(root, base)


def each_transition(opened: Opened, selection: Selection, change: Range, *, is_whole: bool) -> Judged:
    """Judges each commit since `base`, compared with the previous one; at last, of what is not committed.

    `is_whole`: apps and environments that the working tree no longer has count too.
    """
    root = opened.root
    with asking_git():
        line = first_parents(root, change.base, "HEAD")
        if line is None:
            why = f"--each follows the first parents of HEAD, and {change.base} is not among them"
            raise Failure(f"{why}: name a commit of this branch, or use --into {change.base} to judge the merge", 2)
        commits = [resolve(root, change.base), *line]
        found = [*_one_by_one(change, of_tree(opened), commits, None if is_whole else selection)]
    last = transitions(opened, selection, replace(change, base="HEAD"), is_whole=is_whole)
    return last._replace(problems=[*found, *last.problems])


def _one_by_one(change: Range, like: View, commits: Sequence[str], wanted: Selection | None) -> Iterator[Problem]:
    """The problems of each commit but the first, with its name; the last commit's specs are checked by themselves."""
    root = change.root
    old = before(root, commits[0], like)
    for was, now in pairwise(commits):
        new = _readable(root, now, like)
        if isinstance(new, View):
            step = replace(change, base=was, head=now)
            changes = about(root, was, now, old, new)
            changes = _within(changes, wanted or changes)
            found = compare(old, new, changes, make=without_simulation)
            listed = changed_output(root, (was, now), new)
            problems = _problems(step, was, (old, new), changes, found, listed)
            problems += found.problems if now != commits[-1] else ()
        else:
            problems = [*new.problems] if new else []
        yield from (replace(each, message=f"{each.message} (commit {now[:_SHORT]})") for each in problems)
        old = new


def _readable(root: str, commit: str, like: View) -> View | Unread | None:
    try:
        return of_revision(root, commit, like)
    except Refused as refused:
        return Unread(tuple(refused.problems))


def _problems(
    change: Range,
    commit: str,
    sides: tuple[View | Unread | None, View],
    changes: Selection,
    found: Compared,
    listed: Sequence[str],
) -> list[Problem]:
    """What the rules, freezes, the policies of the base, and the rendered files say of a change. Raises GitError.

    `commit` is the id of the change's base, `listed` are the rendered files that differ from it.
    """
    (old, new), root, base = sides, change.root, _named(change.base)
    plans = with_history(root, new.layout, commit, found.plans)
    environments = new.setup.environments.values()
    held = frozen_changes(root, environments, plans, (commit, change.head), change.now) if change.now else []
    if change.now and isinstance(old, View) and (were := frozen_before(old, new)):
        more = frozen_changes(root, were, plans, (commit, change.head), change.now)
        held += [by_rule_of_base(each, base, "freeze") for each in more if each not in held]
    held += future_restarts(environments, plans, change.now) if change.now else ()
    files = output_problems(root, (commit, change.head), base, new, found, listed)
    located = Locator(new.setup.texts).locate(held) if held else ()
    by_base = judged_by_base(old, new, Selection(changes.apps), base) if isinstance(old, View) else {}
    taken_away = [problem for each in by_base.values() for problem in each]
    return [*located, *(problem for each in plans for problem in each.problems), *taken_away, *files]


def _named(revision: str) -> str:
    """The revision as a person names it: a whole id is cut short."""
    return revision[:_SHORT] if len(revision) == _WHOLE else revision


def _within(changes: Selection, wanted: Selection) -> Selection:
    """Those changes that are wanted; of a whole environment also its resources, and apps that it no longer has."""
    apps = {
        env: changes.apps[env] if env in wanted.whole else changes.apps[env] & some
        for env, some in wanted.apps.items()
        if env in changes.apps
    }
    return Selection(apps, changes.whole & wanted.whole)


def as_one(change: Range, new: View, plans: Sequence[AppPlan]) -> tuple[AppPlan, ...]:
    """The plans; a problem says so where several commits, which Argo CD can apply one by one, were judged as one.

    The warning of a release without a canary is a note then, if no commit by itself deserves it. Raises GitError.
    """
    is_one = change.base == "HEAD" and change.head is None  # there is no commit in between
    if is_one or not any(each.problems for each in plans):
        return tuple(plans)
    line = first_parents(change.root, change.base, change.head or "HEAD")
    if line is None or len(line) < 2:
        return tuple(plans)
    commits = _touching(change.root, line, new)
    return tuple(_as_one(change, new, each, commits.get((each.env, each.app), [])) for each in plans)


def _touching(root: str, line: Sequence[str], new: View) -> dict[tuple[str, str], list[str]]:
    """The commits that changed the specs of each app, by environment and app; in order."""
    layout, setup = new.layout, new.setup
    folders = [PROJECT_FILE, *layout.source_folders]
    paths = {commit: [each.path for each in touches] for commit, touches in commits_of(root, line, folders)}
    found: dict[tuple[str, str], list[str]] = {}
    for commit in line:
        some, _ = touched(layout, setup.environments, new.apps, paths.get(commit, []))
        for env, apps in some.apps.items():
            for app in apps:
                found.setdefault((env, app), []).append(commit)
    return found


def _as_one(change: Range, new: View, plan: AppPlan, commits: Sequence[str]) -> AppPlan:
    if len(commits) < 2 or not plan.problems:
        return plan
    base = _named(change.base)
    said = (
        f"; {len(commits)} commits were judged as one, `rollspec validate --base {base} --each` judges them one by one"
    )
    soft = {each for each in plan.problems if each.rule == _SOFT and each.severity == "warning"}
    if soft and (len(commits) > _MOST or _is_said(change, new, plan, commits)):
        soft = set()
    return replace(
        plan,
        problems=tuple(
            replace(each, message=each.message + said, severity="note" if each in soft else each.severity)
            for each in plan.problems
        ),
    )


def _is_said(change: Range, new: View, plan: AppPlan, commits: Sequence[str]) -> bool:
    """Whether one of the commits by itself, or what is not committed, gives a new version all the traffic."""
    own = Selection({plan.env: frozenset((plan.app,))})
    views = [*(_readable(change.root, commit, new) for commit in (change.base, *commits)), new]
    steps = [(old, now) for old, now in pairwise(views) if isinstance(now, View)]
    plans = [each for old, now in steps for each in compare(old, now, own, make=without_simulation).plans]
    return any(problem.rule == _SOFT for each in plans for problem in each.problems)
