"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from renderer.commands.completing import complete_app, complete_env, complete_path
from renderer.report.problems import FORMATS

Decorator = Callable[[Any], Any]

app_argument: Decorator = click.argument("app", shell_complete=complete_app)
env_option: Decorator = click.option(
    "--env",
    "-e",
    "envs",
    multiple=True,
    metavar="ENV",
    shell_complete=complete_env,
    help="Only this environment (again for more).",
)
app_option: Decorator = click.option(
    "--app",
    "-a",
    "apps",
    multiple=True,
    metavar="APP",
    shell_complete=complete_app,
    help="Only this app (again for more).",
)
format_option: Decorator = click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How problems are shown."
)
strict_option: Decorator = click.option(
    "--strict", "is_strict", is_flag=True, help="Warnings are errors; notes stay notes."
)
verbose_option: Decorator = click.option(
    "--verbose", "-v", is_flag=True, help="Say what each step took, on stderr: what was read, what was known already."
)
paths_argument: Decorator = click.argument("paths", nargs=-1, metavar="[PATHS]...", shell_complete=complete_path)
hook_option: Decorator = click.option(
    "--hook",
    is_flag=True,
    help="As a hook of pre-commit: PATHS and what the commit deletes; fails where a file is not as it has to be.",
)


def shown_as(*forms: str) -> Decorator:
    """`--format` of a command that shows something else than problems."""
    said = "How it is shown; `json` also of problems that stop it, as `validate` has them."
    return click.option("--format", "form", type=click.Choice(forms), default="text", show_default=True, help=said)
