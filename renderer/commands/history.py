"""`rollspec history`: who released what, when, and how it ended."""

from __future__ import annotations

import click

from renderer.commands.options import app_argument, env_option, shown_as
from renderer.report.history import FORMATS
from renderer.usecases.history import show_history


@click.command("history")
@app_argument
@env_option
@shown_as(*FORMATS)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the newest N entries of each environment.")
@click.pass_obj
def command(directory: str, app: str, envs: tuple[str, ...], form: str, limit: int | None) -> int:
    """Tell who released what, when, with which weights, and how it ended; from Git alone, newest first.

    What a commit did follows from the specs before and after it, so edits by hand, squashed commits and reverts show as
    what they are. A merge counts as one step, at the time of the merge: that is when a cluster could see it. Times are
    those of the commits, in UTC; what the controllers did by themselves, Git does not know.
    """
    return show_history(directory, app, envs, form, limit)
