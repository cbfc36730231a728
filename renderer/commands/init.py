"""`rollspec init`: a project in a repository, or one more environment of a project."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from renderer.usecases.init import SAMPLE_APP, InitOptions, init


@click.command("init")
@click.option("--env", default="production", show_default=True, help="The first environment; in a project: one more.")
@click.option("--namespace", help="Its namespace (default: the environment's name).")
@click.option("--app", default=SAMPLE_APP, show_default=True, help="The first app.")
@click.option("--image", default="ghcr.io/stefanprodan/podinfo", show_default=True, help="Its image, without a tag.")
@click.option("--tag", default="6.7.1", show_default=True, help="Its tag.")
@click.option("--port", type=click.IntRange(1, 65535), default=9898, show_default=True, help="Its port.")
@click.pass_context
def command(context: click.Context, /, **options: Any) -> int:
    """Make a project here: the project file, an overlay, a first app, and a pre-commit config.

    Files that exist are left as they are. The hooks are printed where a config of pre-commit exists that lacks them,
    and below the top folder of a repository, where pre-commit reads no config.

    In a folder of another project's own (apps, overlays, ...) none is made.
    In a project, `--env ENV` adds the overlay of one more environment, and nothing else.
    """
    given = {name for name in options if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    return init(context.obj, InitOptions(**options), given)
