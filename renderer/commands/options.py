"""Options that several commands share, and the one way in which they show problems."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from renderer.commands.completing import complete_app, complete_env, complete_path
from renderer.problem import Problem, count_text, errors, in_order, strict
from renderer.report.problems import FORMATS, problems_text

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


def show_problems(problems: Sequence[Problem], form: str, *, is_strict: bool = False) -> bool:
    """Print problems (text and GitHub annotations to stderr, JSON to stdout); whether any of them is an error."""
    found = in_order(strict(problems) if is_strict else problems)
    text = problems_text(found, form)
    click.echo(text, nl=False, err=form == "text")
    if found and form == "text":
        click.echo(f"rollspec: {count_text(found)}", err=True)
    return bool(errors(found))


def show_stopping(problems: Sequence[Problem], form: str) -> bool:
    """As `show_problems`, where stdout has something else to say: problems are JSON only if they stop that."""
    return show_problems(problems, "json" if form == "json" and errors(problems) else "text")
