"""`rollspec schema KIND`: the JSON Schema of a kind, for editors."""

from __future__ import annotations

import click

from renderer.usecases.schema import KINDS, OUTPUTS, show_schema


@click.command("schema")
@click.argument("kind", type=click.Choice((*KINDS, *OUTPUTS), case_sensitive=False), metavar="KIND")
@click.option(
    "--partial",
    is_flag=True,
    help="For a partial app, or an overlay that extends another one: null removes a field.",
)
def command(kind: str, partial: bool) -> None:
    """Print the JSON Schema (draft-07) of KIND: App, Overlay or Project.

    Status, Behind and Live are the schemas of what `status --format json` prints: alone, with --behind, with --live.

    \b
    In a file, it lets an editor with the YAML language server (VS Code, Neovim, ...) complete and check specs:
      rollspec schema App > app.schema.json
    On the first line of a spec (`rollspec init --editor` writes such files and lines):
      # yaml-language-server: $schema=../app.schema.json
    """
    show_schema(kind, partial=partial)
