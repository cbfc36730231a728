"""`rollspec fmt`: specs in the canonical format."""

from __future__ import annotations

import click

from renderer.usecases.fmt import format_specs


@click.command("fmt")
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a file would change.")
@click.pass_obj
def command(directory: str, paths: tuple[str, ...], check: bool) -> int:
    """Put specs into the canonical format: indentation, order of fields, blank lines. Data and comments stay.

    Without PATHS, or with `.`, all specs of the project: its app specs, overlays, and the project file; of a folder
    those below it. Of PATHS, files that are no App, Overlay or Project are left as they are, with a word about it.
    """
    return format_specs(directory, paths, check=check)
