"""`rollspec plan`: what a change of specs will do to the running system, worked out from two revisions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from renderer.console import out
from renderer.failure import Failure
from renderer.git import merge_base, resolve
from renderer.plan import AppPlan, Class, Plan, at_least
from renderer.problem import Problem
from renderer.progress import counted, laps
from renderer.report.plan import plan_text
from renderer.usecases.ancestor import not_an_ancestor
from renderer.usecases.change import Range, as_one
from renderer.usecases.compare import Unread, about, before, compare, sides
from renderer.usecases.freezes import breaks_glass
from renderer.usecases.guards import judged_by_base, rule_changes
from renderer.usecases.output import changed_output, output_files
from renderer.usecases.owners import who_looks
from renderer.usecases.project import Refused, find_root, open_comparable
from renderer.usecases.ran import with_history
from renderer.usecases.restarts import put_off
from renderer.usecases.revision import View, asking_git, of_revision, of_tree
from renderer.usecases.selection import Selection, chosen
from renderer.usecases.shown import show_stopping

if TYPE_CHECKING:
    from renderer.usecases.into import Merged, Signature  # which imports the edits of specs: only for a merge

_SHORT = 12
RULES: Literal["rules"] = "rules"


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What is asked for on the command line."""

    directory: str
    base: str | None = None
    head: str | None = None
    into: str | None = None
    envs: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    form: str = "text"
    limit: Class | Literal["rules"] | None = None
    verbose: bool = False
    now: datetime | None = None  # None: nothing is said that depends on the present time

    def __post_init__(self) -> None:
        if self.into and self.base:
            raise Failure("--into cannot be combined with --base: the base is what is merged into", 2)


@dataclass(frozen=True, slots=True)
class Question:
    """What is compared: a commit with a revision (None: the working tree), and how people know them."""

    root: str
    base: str
    base_name: str
    head: str | None
    head_name: str = ""  # empty: as the revision is called
    remarks: tuple[str, ...] = ()
    merged: Merged | None = None  # the merge that is tried
    into: str = ""


def show_plan(options: PlanOptions) -> int:
    """Print the plan of a change; the exit code."""
    if options.into:
        from renderer.usecases.into import merged_into

        with merged_into(options.directory, options.into, options.head) as merged:
            if show_stopping(merged.problems, options.form):
                return 1
            trial, name = merged.trial, f"the merge of {options.head or 'HEAD'} into it"
            ends = (merged.folder, trial.into, f"{options.into} ({trial.into[:_SHORT]})", trial.commit, name)
            return _show(options, Question(*ends, merged=merged, into=options.into))
    root, base = find_root(options.directory), options.base
    with asking_git():
        commit = resolve(root, base) if base else merge_base(root, options.head or "HEAD")
        remarks = not_an_ancestor(root, base, commit, options.head, "plan", "this plan takes {it} back") if base else ()
    known = commit[:_SHORT] if base in (None, commit) else f"{base} ({commit[:_SHORT]})"
    return _show(options, Question(root, commit, known, options.head, remarks=remarks))


def _show(options: PlanOptions, asked: Question) -> int:
    root, head, lap = asked.root, asked.head, laps(options.verbose)
    with asking_git():
        try:
            new = of_revision(root, head, is_head=True) if head else of_tree(open_comparable(options.directory))
        except Refused as refused:
            return int(show_stopping(refused.problems, options.form))
        if new is None:
            raise Failure(
                f"there is no project in {asked.head_name or head}, so there is nothing to compare: give --head a "
                "revision with a rollspec.yaml in this folder"
            )
        lap(f"read {new.name}", counted(len(new.apps), "app"))
        old = before(root, asked.base, new)
        lap(f"read {asked.base[:_SHORT]} from Git")
        selection = _asked(about(root, asked.base, head, old, new), old, new, options)
        lap("ask Git what changed", counted(len(selection.names), "app"))
        compared = compare(old, new, selection)
        lap("compare and simulate")
        alone = _alone(asked.merged, new) if asked.merged else frozenset()
    if show_stopping([marked(each, asked, alone) for each in compared.problems], options.form):
        return 1
    with asking_git():
        measured = as_one(Range(root, asked.base, head), new, compared.plans)
        recalled = with_history(root, new.layout, asked.base, measured)
        plans = put_off(_with_first_checks(options, asked, new, recalled), options.now)
        listed = changed_output(root, (asked.base, head), new)
        files = output_files(root, (asked.base, head), new, plans, compared, listed)
        reasons = tuple(breaks_glass(root, asked.base, head or "HEAD"))
        looks = who_looks(root, asked.base, head, [new, *([old] if isinstance(old, View) else [])], plans)
        lap("compare rendered files")
    rules = rule_changes(old, new) if isinstance(old, View) else ()
    taken_away = judged_by_base(old, new, selection, asked.base_name) if rules and isinstance(old, View) else {}
    plans = tuple(replace(each, problems=(*each.problems, *taken_away.get((each.env, each.app), ()))) for each in plans)
    plans = tuple(replace(each, problems=tuple(marked(one, asked, alone) for one in each.problems)) for each in plans)
    name = asked.head_name or new.name
    plan = Plan(asked.base_name, name, plans, _levels(old, new), rules, files, asked.remarks, reasons, looks)
    out(plan_text(plan, options.form), end="")
    if options.limit == RULES:
        return int(bool(rules))
    return int(options.limit is not None and at_least(plan.class_, options.limit))


def _with_first_checks(options: PlanOptions, asked: Question, new: View, plans: Sequence[AppPlan]) -> Sequence[AppPlan]:
    """The plans, with a line where a canary is promoted before its analysis can have measured anything."""
    if not any(each.first_check for each in plans):
        return plans  # what reads old commits takes time to import
    from renderer.usecases.unmeasured import with_first_check

    moment = asked.head, options.now
    return [with_first_check(asked.root, new.layout, asked.base, each, moment) for each in plans]


def _alone(merged: Merged, new: View) -> frozenset[Signature]:
    """The problems of the branch by itself."""
    from renderer.usecases.into import problems_of_head

    return problems_of_head(merged, new)


def marked(problem: Problem, asked: Question, alone: Collection[Signature]) -> Problem:
    """The problem; of a merge, with a word where the branch by itself does not have it."""
    if not asked.merged:
        return problem
    from renderer.usecases.into import signature

    if signature(problem) in alone:
        return problem
    return replace(problem, message=f"{problem.message} (only together with {asked.into})")


def _levels(old: View | Unread | None, new: View) -> tuple[int, int] | None:
    """The render levels of the two sides, where they differ."""
    level = old.setup.project.level if isinstance(old, View) else new.setup.project.level
    return (level, new.setup.project.level) if level != new.setup.project.level else None


def _asked(found: Selection, old: View | Unread | None, new: View, options: PlanOptions) -> Selection:
    """What the options ask for, of what the change is about."""
    views = sides(old, new)
    names = chosen(options.apps, sorted({app for view in views for app in view.apps}), "app")
    wanted = chosen(options.envs, sorted({env for view in views for env in view.setup.environments}), "environment")
    kept = {env: some.intersection(names) for env, some in found.apps.items() if env in wanted}
    return Selection(kept, frozenset() if options.apps else found.whole.intersection(wanted))
