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
    strict_option,
    verbose_option,
)
from renderer.usecases.render import RenderOptions, render


@click.command("render")
@paths_argument
@env_option
@app_option
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a file would change.")
@click.option("--stdout", is_flag=True, help="Print the manifests instead of writing them.")
@click.option(
    "--output",
    metavar="DIR",
    help="Write into DIR instead (seen from -C, if given); files of apps that are gone stay there.",
)
@click.option("--bootstrap", is_flag=True, help="The stable versions alone, for a new cluster; into --output.")
@click.option("--shard", metavar="I/N", help="Only the I-th of N parts of the apps: for several machines.")
@click.option("--jobs", "-j", type=click.IntRange(1), help="Processes (default: one a processor).")
@click.option("--no-cache", is_flag=True, help="Make everything anew, whatever earlier runs left in .rollspec/.")
@click.option("--cached", is_flag=True, help="With --check: trust what earlier runs left in .rollspec/.")
@hook_option
@strict_option
@format_option
@verbose_option
@click.pass_obj
def command(directory: str, /, **options: Any) -> int:
    """Render the app specs into the Kubernetes manifests that Argo CD applies.

    With PATHS only the apps that these files are about: a spec, an overlay, a rendered file, ...; `.` is the project.

    Everything is checked first; where one app has a problem nothing is written. Files that rollspec did not make are
    never replaced or removed.
    """
    return render(RenderOptions(directory, **options))
