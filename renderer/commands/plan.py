"""`rollspec plan`: what a change of specs will do to the running system."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from renderer.commands.options import app_option, env_option, shown_as, verbose_option
from renderer.plan import CLASSES
from renderer.report.plan import FORMATS
from renderer.usecases.plan import RULES, PlanOptions, show_plan


@click.command("plan")
@click.option("--base", metavar="REF", help="The live revision (default: where this branch left the main branch).")
@click.option("--head", metavar="REF", help="The revision to compare with it (default: the working tree).")
@click.option(
    "--into", metavar="REF", help="Show what merging the head (default: the last commit) into this revision will do."
)
@env_option
@app_option
@shown_as(*FORMATS)
@click.option(
    "--fail-on",
    "limit",
    type=click.Choice([*CLASSES, RULES]),
    help="Exit 1 if an app's class is this one or a more severe one; with `rules`: if the change changes rules.",
)
@verbose_option
@click.pass_obj
def command(directory: str, /, **options: Any) -> int:
    """Show what a change of specs will do to the running system.

    It compares the specs of the working tree with those of another revision, without a cluster. Each app gets a class:

    \b
    nothing, metadata, behaviour, hold, scale, create, traffic, canary-start, preview-start, canary-step, promote,
    abort, undo, restart, replace, migrate, remove, disruptive

    With --into, the merge is tried in a temporary folder. A conflict of specs is named by app and field, and ends the
    command with 1. Problems that only the merge has are marked. Uncommitted changes are not merged.

    A simulation of the controllers says what happens during the change. If the controllers would not do what Git says,
    the plan shows a problem, and `rollspec validate --base` fails.
    """
    return show_plan(PlanOptions(directory, now=datetime.now(UTC), **options))
