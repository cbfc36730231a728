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
    """Show strategy, stable version and what is in flight, per environment and app.

    The specs of the working tree say it; HEAD is what they are compared with. Since when, Git says: for apps with
    something in flight, paused, switching or changed here, and for those that --app names.
    """
    return show_status(directory, envs, apps, form)
