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
    """Show who released what, when, with which weights, and how it ended; newest first.

    The history comes from Git alone: rollspec compares the specs before and after each commit, so edits by hand,
    squashed commits and reverts are shown by their effect. A merge is one step at the time of the merge, because that
    is when a cluster gets it. Times are those of the commits, in UTC. What the controllers did by themselves is not in
    Git.
    """
    return show_history(directory, app, envs, form, limit)
