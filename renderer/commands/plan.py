"""`rollspec plan`: what a change of specs will do to the running system, worked out from two revisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import click

from renderer.commands.compare import Unread, about, before, compare, sides
from renderer.commands.options import app_option, env_option, show_stopping, shown_as
from renderer.commands.project import Refused, find_root, open_project
from renderer.commands.revision import View, asking_git, of_revision, of_tree
from renderer.commands.selection import Selection, chosen
from renderer.failure import Failure
from renderer.git import merge_base, resolve
from renderer.plan import CLASSES, Class, Plan, at_least
from renderer.report.plan import FORMATS, plan_text

_SHORT = 12


@click.command("plan")
@click.option("--base", metavar="REF", help="What is live (default: where the work left the main branch).")
@click.option("--head", metavar="REF", help="What is to be (default: the working tree).")
@env_option
@app_option
@shown_as(*FORMATS)
@click.option(
    "--fail-on", "limit", type=click.Choice(list(CLASSES)), help="Exit 1 when an app's class is this one or a harsher."
)
@click.pass_obj
def command(
    directory: str,
    base: str | None,
    head: str | None,
    envs: tuple[str, ...],
    apps: tuple[str, ...],
    form: str,
    limit: str | None,
) -> int:
    """Tell what a change of specs will do to the running system.

    Compares the specs of the working tree with those of another revision, offline. Each app gets a class:

    \b
    nothing, metadata, behaviour, hold, scale, create, traffic, canary-start, preview-start, canary-step, promote,
    abort, undo, restart, replace, migrate, remove, disruptive

    What will happen on the way comes from a simulation of the controllers. A change that they would carry out
    otherwise than Git says shows as a problem here; `rollspec validate --base` fails for it.
    """
    root = find_root(directory)
    with asking_git():
        base_commit = resolve(root, base) if base else merge_base(root, head or "HEAD")
        try:
            new = of_revision(root, head) if head else of_tree(open_project(directory))
        except Refused as refused:
            return int(show_stopping(refused.problems, form))
        if new is None:
            raise Failure(f"there is no project in {head}")
        old = before(root, base_commit, new)
        compared = compare(old, new, _asked(about(root, base_commit, head, old, new), old, new, envs, apps))
    if show_stopping(compared.problems, form):
        return 1
    known = base_commit[:_SHORT] if base in (None, base_commit) else f"{base} ({base_commit[:_SHORT]})"
    plan = Plan(known, new.name, compared.plans)
    click.echo(plan_text(plan, form), nl=False)
    return int(limit is not None and at_least(plan.class_, cast(Class, limit)))


def _asked(
    found: Selection, old: View | Unread | None, new: View, envs: Sequence[str], apps: Sequence[str]
) -> Selection:
    """What the options ask for, of what the change is about."""
    views = sides(old, new)
    names = chosen(apps, sorted({app for view in views for app in view.apps}), "app")
    wanted = chosen(envs, sorted({env for view in views for env in view.setup.environments}), "environment")
    kept = {env: some.intersection(names) for env, some in found.apps.items() if env in wanted}
    return Selection(kept, frozenset() if apps else found.whole.intersection(wanted))
