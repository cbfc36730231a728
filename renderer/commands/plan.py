"""`rollspec plan`: what a change of specs will do to the running system."""

from __future__ import annotations

from typing import Any

import click

from renderer.commands.options import app_option, env_option, shown_as, verbose_option
from renderer.plan import CLASSES
from renderer.report.plan import FORMATS
from renderer.usecases.plan import PlanOptions, show_plan


@click.command("plan")
@click.option("--base", metavar="REF", help="What is live (default: where the work left the main branch).")
@click.option("--head", metavar="REF", help="What is to be (default: the working tree).")
@env_option
@app_option
@shown_as(*FORMATS)
@click.option(
    "--fail-on", "limit", type=click.Choice(list(CLASSES)), help="Exit 1 when an app's class is this one or a harsher."
)
@verbose_option
@click.pass_obj
def command(directory: str, /, **options: Any) -> int:
    """Tell what a change of specs will do to the running system.

    Compares the specs of the working tree with those of another revision, offline. Each app gets a class:

    \b
    nothing, metadata, behaviour, hold, scale, create, traffic, canary-start, preview-start, canary-step, promote,
    abort, undo, restart, replace, migrate, remove, disruptive

    What will happen on the way comes from a simulation of the controllers. A change that they would carry out
    otherwise than Git says shows as a problem here; `rollspec validate --base` fails for it.
    """
    return show_plan(PlanOptions(directory, **options))
