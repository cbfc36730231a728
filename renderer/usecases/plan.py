"""`rollspec plan`: what a change of specs will do to the running system, worked out from two revisions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from renderer.console import out
from renderer.failure import Failure
from renderer.git import merge_base, resolve
from renderer.plan import Class, Plan, at_least
from renderer.progress import counted, laps
from renderer.report.plan import plan_text
from renderer.usecases.checkout import refuse_nested
from renderer.usecases.compare import Unread, about, before, compare, sides
from renderer.usecases.guards import judged_by_base, rule_changes
from renderer.usecases.output import output_files
from renderer.usecases.project import Opened, Refused, find_root, open_project
from renderer.usecases.ran import with_history
from renderer.usecases.revision import View, asking_git, of_revision, of_tree
from renderer.usecases.selection import Selection, chosen
from renderer.usecases.shown import show_stopping

_SHORT = 12
RULES: Literal["rules"] = "rules"


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What is asked for on the command line."""

    directory: str
    base: str | None = None
    head: str | None = None
    envs: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    form: str = "text"
    limit: Class | Literal["rules"] | None = None
    verbose: bool = False


def show_plan(options: PlanOptions) -> int:
    """Print the plan of a change; the exit code."""
    root = find_root(options.directory)
    head, lap = options.head, laps(options.verbose)
    with asking_git():
        base_commit = resolve(root, options.base) if options.base else merge_base(root, head or "HEAD")
        try:
            new = of_revision(root, head) if head else of_tree(_opened(options.directory))
        except Refused as refused:
            return int(show_stopping(refused.problems, options.form))
        if new is None:
            raise Failure(f"there is no project in {head}")
        lap(f"read {new.name}", counted(len(new.apps), "app"))
        old = before(root, base_commit, new)
        lap(f"read {base_commit[:_SHORT]} from Git")
        selection = _asked(about(root, base_commit, head, old, new), old, new, options)
        lap("ask Git what changed", counted(len(selection.names), "app"))
        compared = compare(old, new, selection)
        lap("compare and simulate")
    if show_stopping(compared.problems, options.form):
        return 1
    base = options.base
    known = base_commit[:_SHORT] if base in (None, base_commit) else f"{base} ({base_commit[:_SHORT]})"
    with asking_git():
        plans = tuple(with_history(root, new.layout, base_commit, each) for each in compared.plans)
        files = output_files(root, base_commit, head, new, plans)
        lap("compare rendered files")
    rules = rule_changes(old, new) if isinstance(old, View) else ()
    taken_away = judged_by_base(old, new, selection, known) if rules and isinstance(old, View) else {}
    plans = tuple(replace(each, problems=(*each.problems, *taken_away.get((each.env, each.app), ()))) for each in plans)
    plan = Plan(known, new.name, plans, _levels(old, new), rules, files)
    out(plan_text(plan, options.form), end="")
    if options.limit == RULES:
        return int(bool(rules))
    return int(options.limit is not None and at_least(plan.class_, options.limit))


def _opened(directory: str) -> Opened:
    opened = open_project(directory)
    refuse_nested(opened.root, opened.layout)
    return opened


def _levels(old: View | Unread | None, new: View) -> tuple[int, int] | None:
    """The render levels of the two sides, where they differ."""
    before = old.setup.project.level if isinstance(old, View) else new.setup.project.level
    return (before, new.setup.project.level) if before != new.setup.project.level else None


def _asked(found: Selection, old: View | Unread | None, new: View, options: PlanOptions) -> Selection:
    """What the options ask for, of what the change is about."""
    views = sides(old, new)
    names = chosen(options.apps, sorted({app for view in views for app in view.apps}), "app")
    wanted = chosen(options.envs, sorted({env for view in views for env in view.setup.environments}), "environment")
    kept = {env: some.intersection(names) for env, some in found.apps.items() if env in wanted}
    return Selection(kept, frozenset() if options.apps else found.whole.intersection(wanted))
