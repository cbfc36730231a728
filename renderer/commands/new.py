"""`rollspec new APP`: an app spec from flags."""

from __future__ import annotations

import re
from typing import Any

import click

from renderer.commands.options import show_problems
from renderer.commands.project import Refused, open_project
from renderer.failure import Failure
from renderer.pipeline import build_app
from renderer.scaffold import app_text
from renderer.tree import write_all

STRATEGIES = ("RollingUpdate", "Recreate", "BlueGreen", "Canary")


@click.command("new")
@click.argument("app")
@click.option("--image", required=True, help="The image's repository, without a tag.")
@click.option("--tag", required=True, help="The image's tag.")
@click.option(
    "--port",
    "ports",
    multiple=True,
    metavar="NAME=PORT[:TARGET]",
    help="A port, such as http=80:8080 (again for more).",
)
@click.option("--strategy", type=click.Choice(STRATEGIES), default="RollingUpdate", show_default=True)
@click.option("--router", type=click.Choice(("replica", "istio")), help="How a canary gets its share.")
@click.pass_obj
def command(
    directory: str, app: str, image: str, tag: str, ports: tuple[str, ...], strategy: str, router: str | None
) -> int:
    """Write the spec of a new app, APP."""
    try:
        opened = open_project(directory)
    except Refused as refused:
        return int(show_problems(refused.problems, "text"))
    if not re.fullmatch(r"[a-z]([a-z0-9-]{0,51}[a-z0-9])?", app):
        raise Failure("an app's name is at most 53 lower-case letters, digits or `-`, and begins with a letter", 2)
    if app in opened.apps:
        raise Failure(f"there is an app `{app}` already: {opened.layout.app(app)}", 2)
    if strategy in ("BlueGreen", "Canary") and not ports:
        raise Failure(f"{strategy} needs a port: --port http=80:8080", 2)
    how: dict[str, Any] = {} if strategy == "RollingUpdate" else {"type": strategy}
    if router:
        how["router"] = router
    file = opened.layout.app(app)
    text = app_text(app, image, tag, [_port(port) for port in ports], how)
    rendered = build_app(app, {file: text.encode()}, opened.setup, list(opened.setup.environments))
    if show_problems([problem for each in rendered for problem in each.problems], "text"):
        click.echo(f"rollspec: {file} was not made", err=True)
        return 2
    write_all(opened.root, {file: text.encode()}, mark=None)
    click.echo(f"made {file}; `rollspec validate` checks it")
    return 0


def _port(text: str) -> dict[str, Any]:
    name, _, numbers = text.rpartition("=")
    port, _, target = numbers.partition(":")
    if not port.isdecimal() or (target and not target.isdecimal()):
        raise Failure(f"--port wants NAME=PORT or NAME=PORT:TARGET, such as http=80:8080, not {text}", 2)
    entry: dict[str, Any] = {"name": name or "http", "port": int(port)}
    if target:
        entry["targetPort"] = int(target)
    return entry
