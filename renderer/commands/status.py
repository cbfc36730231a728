"""`rollspec status`: what runs where, and since which commit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from renderer.commands.options import DURATION, TIME, app_option, env_option, shown_as
from renderer.report.status import FORMATS
from renderer.usecases.status import StatusOptions, show_status


@click.command("status")
@env_option
@app_option
@click.option("--commands", is_flag=True, help="Print below each app the commands that are possible now.")
@click.option(
    "--older-than",
    type=DURATION,
    metavar="TIME",
    help="Only apps that have been in flight, paused or switching for longer, such as 3d; exit code 1 if there is any.",
)
@click.option("--behind", is_flag=True, help="Show which versions are due where, by the order of promotion.")
@click.option("--live", is_flag=True, help="Show what runs in the clusters, with statistics, compared with Git.")
@click.option("--watch", is_flag=True, help="With --live: keep running until Ctrl-C, and print every change.")
@click.option("--at", "now", type=TIME, metavar="TIME", help="Count ages to this time (default: now).")
@shown_as(*FORMATS)
@click.pass_obj
def command(directory: str, /, behind: bool, live: bool, watch: bool, now: datetime | None, **given: Any) -> int:
    """Show the strategy, the stable version and what is in flight, for each environment and app.

    The state is that of the specs in the working tree, compared with HEAD. Git says how old it is: for apps that are in
    flight, paused, switching or changed in the working tree, and for those that --app names. AGE is the time since a
    release, pause or switch began, and since its last change.

    With --behind, it shows each app whose version is not the same everywhere: the version in each environment, how long
    it has been stable there, and what is due.

    With --live, it reads the clusters and the Prometheus that `clusters` in rollspec.yaml names: versions with their
    pods and their share of the traffic, and how the cluster differs from Git. It changes nothing, and needs the extra
    `board`.
    """
    if watch and not live:
        raise click.UsageError("--watch needs --live")
    if live and (behind or given["commands"] or given["older_than"] or given["form"] == "markdown"):
        raise click.UsageError("--live can be combined with --env, --app, --watch and --format text or json only")
    if behind and (given["commands"] or given["older_than"]):
        raise click.UsageError("--behind cannot be combined with --commands or --older-than: it shows what is due")
    options = StatusOptions(directory, now or datetime.now(UTC), **given)
    if live:
        from renderer.usecases.status_live import show_live

        return show_live(options, watch=watch)
    if behind:
        from renderer.usecases.behind import show_behind

        return show_behind(options)
    return show_status(options)
