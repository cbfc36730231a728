"""`rollspec merge-driver`: merges a spec field by field, for Git."""

from __future__ import annotations

import click

from renderer.usecases.merge_driver import merge_driver


@click.command("merge-driver")
@click.argument("base")
@click.argument("ours")
@click.argument("theirs")
@click.argument("path")
def command(base: str, ours: str, theirs: str, path: str) -> int:
    """Merge a spec field by field: what Git runs as `rollspec merge-driver %O %A %B %P`.

    The merged text replaces OURS. Two changes of one field, and two releases of one app, stay a conflict (exit code 1).
    `rollspec init --merge-driver` sets it up.
    """
    return merge_driver(base, ours, theirs, path)
