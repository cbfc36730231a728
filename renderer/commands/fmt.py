"""`rollspec fmt`: format specs."""

from __future__ import annotations

import click

from renderer.commands.options import cached_option
from renderer.usecases.fmt import format_specs


@click.command("fmt")
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file would change.")
@cached_option
@click.pass_obj
def command(directory: str, paths: tuple[str, ...], check: bool, cached: bool) -> int:
    """Format specs: indentation, order of fields, blank lines. Data and comments stay the same.

    Without PATHS, or with `.`, all specs of the project are formatted: app specs, overlays and the project file. For
    a folder, the specs below it are formatted. Files that are not specs do not change, and are named.
    """
    return format_specs(directory, paths, check=check, cached=cached)
