"""`rollspec validate`: everything `render` checks, nothing written; with a base revision, the change too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from renderer.commands.options import (
    TIME,
    app_option,
    cached_option,
    env_option,
    format_option,
    hook_option,
    paths_argument,
    staged_option,
    strict_option,
    verbose_option,
)
from renderer.usecases.validate import ValidateOptions, validate


@click.command("validate")
@paths_argument
@env_option
@app_option
@click.option(
    "--base",
    metavar="REF",
    help="Check the change since this revision, which must be the live one (default with --hook: HEAD).",
)
@click.option(
    "--each", is_flag=True, help="With --base: judge each commit since then by itself, not all of them as one change."
)
@click.option("--into", metavar="REF", help="Check the result of merging the last commit into this revision.")
@click.option(
    "--at",
    "now",
    metavar="TIME",
    type=TIME,
    help="With --base or --into: judge freezes by this time, such as 2026-03-07T09:00+01:00 (default: now).",
)
@click.option("--jobs", "-j", type=click.IntRange(1), help="Number of processes (default: one per processor).")
@cached_option
@hook_option("Run as a pre-commit hook; fail if the files of the commit have problems.")
@staged_option
@strict_option
@format_option
@verbose_option
@click.pass_obj
def command(directory: str, /, **options: Any) -> int:
    """Check the specs, and the manifests that they render to, against schemas and rules.

    With PATHS, check only the apps that these files belong to: a spec, an overlay, a rendered file, and so on. `.` is
    the whole project.

    With --base, the change since that revision is checked too. It finds changes that the controllers would carry out
    differently from what Git says: a weight edited by hand, a reverted promotion, a strategy switched in one step.
    """
    if options["now"] and not (options["base"] or options["into"]):
        raise click.UsageError("--at is the time by which freezes are judged, which needs --base or --into")
    options["now"] = options["now"] or datetime.now(UTC)
    return validate(ValidateOptions(directory, **options))
