"""`rollspec render`: specs -> files."""

from __future__ import annotations

from typing import Any

import click

from renderer.commands.options import (
    app_option,
    env_option,
    format_option,
    hook_option,
    paths_argument,
    staged_option,
    strict_option,
    verbose_option,
)
from renderer.usecases.render import RenderOptions, render


@click.command("render")
@paths_argument
@env_option
@app_option
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file would change.")
@click.option("--stdout", is_flag=True, help="Print the manifests instead of writing them.")
@click.option(
    "--plugin",
    is_flag=True,
    help="With --stdout: run as a plugin of Argo CD, whose parameters name the environment and the app.",
)
@click.option(
    "--output",
    metavar="DIR",
    help="Write into DIR instead of the output folder. Files of deleted apps stay there.",
)
@click.option(
    "--bootstrap", is_flag=True, help="Render only the stable versions, for a new cluster. Needs --output or --stdout."
)
@click.option("--shard", metavar="I/N", help="Render part I of N of the apps, to share the work between machines.")
@click.option("--jobs", "-j", type=click.IntRange(1), help="Number of processes (default: one per processor).")
@click.option("--no-cache", is_flag=True, help="Ignore the cache and render everything.")
@click.option("--cached", is_flag=True, help="With --check: trust the cache in .rollspec/.")
@hook_option("Run as a pre-commit hook; fail if a rendered file is out of date.")
@staged_option
@strict_option
@format_option
@verbose_option
@click.pass_obj
def command(directory: str, /, **options: Any) -> int:
    """Render the app specs into the Kubernetes manifests that Argo CD applies.

    With PATHS, render only the apps that these files belong to: a spec, an overlay, a rendered file, and so on. `.` is
    the whole project.

    rollspec checks everything first, and writes nothing if any app has an error. It never replaces or removes a file
    that it did not write itself.
    """
    return render(RenderOptions(directory, **options))
