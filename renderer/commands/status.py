"""`rollspec status`: what runs where, and since which commit."""

from __future__ import annotations

import click

from renderer.commands.options import app_option, env_option, shown_as
from renderer.report.status import FORMATS
from renderer.usecases.status import show_status


@click.command("status")
@env_option
@app_option
@shown_as(*FORMATS)
@click.pass_obj
def command(directory: str, envs: tuple[str, ...], apps: tuple[str, ...], form: str) -> int:
    """Show the strategy, the stable version and what is in flight, for each environment and app.

    The state is that of the specs in the working tree, compared with HEAD. Git says how old it is: for apps that are in
    flight, paused, switching or changed in the working tree, and for those that --app names.
    """
    return show_status(directory, envs, apps, form)
