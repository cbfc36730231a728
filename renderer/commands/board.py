"""`rollspec board`: what runs in every environment as web pages."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from renderer.commands.options import app_option, env_option
from renderer.usecases.board import BoardOptions, write_board


@click.command("board")
@click.option("--output", metavar="DIR", default="board", show_default=True, help="Write the pages into DIR.")
@click.option("--single", metavar="FILE", help="Write one page of one environment (--env) into FILE.")
@click.option("--all", "everything", is_flag=True, help="Write a page of every app, not only of those with news.")
@env_option
@app_option
@click.pass_obj
def command(
    directory: str, output: str, single: str | None, everything: bool, envs: tuple[str, ...], apps: tuple[str, ...]
) -> int:
    """Write the board: every environment and app, and every release in flight, as web pages.

    `index.html` is one file and loads nothing, so it works from a disk, as a CI artifact or on a pages host. An app
    that is in flight, aborted or changed in the last 30 days has a page of its own, with its history and rendered
    files.

    The specs of the working tree say what runs; Git says since when. No cluster is read.
    """
    return write_board(BoardOptions(directory, datetime.now(UTC), output, single, envs, apps, everything))
