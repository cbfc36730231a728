"""`rollspec new APP`: an app spec from flags."""

from __future__ import annotations

from typing import Any

import click

from renderer.commands.options import ROUTER, STRATEGY, editor_option
from renderer.usecases.new import NewApp, new_app


@click.command("new")
@click.argument("app")
@click.option("--image", required=True, help="The image's repository, without a tag.")
@click.option("--tag", required=True, help="The image's tag.")
@click.option(
    "--port",
    "ports",
    multiple=True,
    metavar="NAME=PORT[:TARGET]",
    help="A port, such as http=80:8080 (repeat for more).",
)
@click.option(
    "--strategy",
    type=STRATEGY,
    default="RollingUpdate",
    show_default=True,
    help="How a new version replaces the old one.",
)
@click.option("--router", type=ROUTER, help="How a canary gets its share of the traffic.")
@editor_option(
    "Begin the spec with the line that names its schema to an editor, and write the schemas if they are missing."
)
@click.pass_obj
def command(directory: str, /, **options: Any) -> int:
    """Create the spec of a new app, APP."""
    return new_app(directory, NewApp(**options))
