"""`rollspec schema KIND`: the JSON Schema of a kind, for editors."""

from __future__ import annotations

import json

import click

from renderer.resources import read_schema
from renderer.schema import Schemas, Versions

KINDS = ("App", "Overlay", "Project")


@click.command("schema")
@click.argument("kind", type=click.Choice(KINDS, case_sensitive=False))
def command(kind: str) -> None:
    """Print the JSON Schema (draft-07) of KIND: App, Overlay or Project.

    \b
    An editor with the YAML language server (VS Code, Neovim, JetBrains, ...) then completes and checks specs:
      rollspec schema App > .rollspec/app.json
    and on the first line of a spec:
      # yaml-language-server: $schema=../.rollspec/app.json
    """
    schemas = Schemas(Versions(), read_schema)
    click.echo(json.dumps(schemas.bundle(kind), indent=1, ensure_ascii=False))
