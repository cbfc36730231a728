"""A version that a verb releases and that ran not long ago: with `rollbackWindow` it gets all the traffic at once."""

from __future__ import annotations

from collections.abc import Sequence

from renderer.console import say
from renderer.failure import Failure
from renderer.git import GitError
from renderer.plan import without_simulation
from renderer.usecases.compare import before, compare
from renderer.usecases.project import Opened
from renderer.usecases.revision import of_tree
from renderer.usecases.selection import Selection

_RULE = "rollback-window"


def say_if_in_window(opened: Opened, started: Sequence[tuple[str, str]], base: str) -> None:
    """Say of each release (environment, app) since `base` that its steps or its pause are skipped."""
    selection = Selection({env: frozenset(app for one, app in started if one == env) for env, _ in started})
    try:
        new = of_tree(opened)
        plans = compare(before(opened.root, base, new), new, selection, make=without_simulation).plans
    except (GitError, Failure):
        return  # the verb is done, and `plan` says why it cannot look
    for plan in plans:
        for problem in plan.problems:
            if problem.rule == _RULE:
                say(f"rollspec: {plan.app} in {plan.env}: {problem.message}")
