"""`rollspec board`: what runs in every environment as web pages, written or served."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from renderer.commands.options import app_option, env_option
from renderer.usecases.board import BoardOptions, write_board


@click.command("board")
@click.option("--output", metavar="DIR", default="board", show_default=True, help="Write the pages into DIR.")
@click.option("--single", metavar="FILE", help="Write one page of one environment (--env) into FILE.")
@click.option("--all", "everything", is_flag=True, help="Write a page of every app, not only of those with news.")
@click.option("--serve", is_flag=True, help="Serve the pages on this machine until Ctrl-C, and follow Git.")
@click.option("--port", type=click.IntRange(0, 65535), help="With --serve: the port (default: a free one).")
@click.option("--allow-commits", is_flag=True, help="With --serve: add buttons that commit, as the verbs do.")
@click.option("--branch", metavar="NAME", help="With --allow-commits: check out this branch, which may be new, first.")
@click.option("--push", is_flag=True, help="With --allow-commits: push after each commit.")
@env_option
@app_option
@click.pass_obj
def command(directory: str, /, **given: Any) -> int:
    """Write the board: every environment and app, and every release in flight, as web pages.

    `index.html` is one file and loads nothing, so it works from a disk, as a CI artifact or on a pages host. An app
    that is in flight, aborted or changed in the last 30 days has a page of its own, with its history and rendered
    files.

    The specs of the working tree say what runs; Git says since when. No cluster is read.

    --serve needs the extra `board`, as in `rollspec[board]`. It serves the same pages at an address of this
    machine, which it prints with a token that works once. With --allow-commits, buttons show what a verb would change,
    and then commit it.
    """
    served = {name: given.pop(name) for name in ("port", "allow_commits", "branch", "push")}
    is_served = given.pop("serve")
    options = BoardOptions(directory, datetime.now(UTC), **given)
    if is_served:
        from renderer.usecases.serve import ServeOptions, serve

        return serve(ServeOptions(options, **{**served, "port": served["port"] or 0}))
    if any(value not in (None, False) for value in served.values()):
        raise click.UsageError("--port, --allow-commits, --branch and --push are for --serve.")
    return write_board(options)
