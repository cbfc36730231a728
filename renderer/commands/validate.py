"""`rollspec validate`: everything `render` checks, nothing written; with a base revision, the change too."""

from __future__ import annotations

from typing import Any

import click

from renderer.commands.options import (
    app_option,
    env_option,
    format_option,
    hook_option,
    paths_argument,
    strict_option,
    verbose_option,
)
from renderer.usecases.validate import ValidateOptions, validate


@click.command("validate")
@paths_argument
@env_option
@app_option
@click.option(
    "--base", metavar="REF", help="Judge the change from this revision too: what is live (default with --hook: HEAD)."
)
@click.option("--jobs", "-j", type=click.IntRange(1), help="Processes (default: one a processor).")
@hook_option
@strict_option
@format_option
@verbose_option
@click.pass_obj
def command(directory: str, /, **options: Any) -> int:
    """Check the specs, and what they render, against schemas and rules.

    With PATHS only the apps that these files are about: a spec, an overlay, a rendered file, ...; `.` is the project.

    With --base the change from that revision is judged as a transition too: a weight edited by hand, a reverted
    promote, a strategy switched in one step, ...: what the controllers would carry out otherwise than Git says.
    """
    return validate(ValidateOptions(directory, **options))
