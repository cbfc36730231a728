"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args

import click

from renderer.commands.completing import complete_app, complete_env, complete_path
from renderer.freeze import duration
from renderer.report.problems import FORMATS
from renderer.spec import RouterType, StrategyType

Decorator = Callable[[Any], Any]


class Duration(click.ParamType[timedelta]):
    """A duration such as `3d` or `1d12h`."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The text as a value; a usage error if it is not valid."""
        found = value if isinstance(value, timedelta) else duration(str(value))
        if not found:
            self.fail(f"{value!r} is not a duration: write 3d, 12h or 1d12h", param, ctx)
        return found


DURATION = Duration()


class Time(click.DateTime):
    """A time with its time zone, such as 2026-03-01T12:00Z."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The text as a value; a usage error if it is not valid."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            return self.fail(f"{value!r} is not a time: write 2026-03-01T12:00Z, with its time zone", param, ctx)


TIME = Time()
STRATEGY = click.Choice(get_args(StrategyType), case_sensitive=False)
ROUTER = click.Choice(get_args(RouterType), case_sensitive=False)

app_argument: Decorator = click.argument("app", shell_complete=complete_app)
env_option: Decorator = click.option(
    "--env",
    "-e",
    "envs",
    multiple=True,
    metavar="ENV",
    shell_complete=complete_env,
    help="Only this environment (repeat for more).",
)
app_option: Decorator = click.option(
    "--app",
    "-a",
    "apps",
    multiple=True,
    metavar="APP",
    shell_complete=complete_app,
    help="Only this app (repeat for more).",
)
format_option: Decorator = click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print problems."
)
strict_option: Decorator = click.option(
    "--strict", "is_strict", is_flag=True, help="Treat warnings as errors. Notes stay notes."
)
verbose_option: Decorator = click.option(
    "--verbose", "-v", is_flag=True, help="Print each step to stderr: its time, what was read, what the cache knew."
)
paths_argument: Decorator = click.argument("paths", nargs=-1, metavar="[PATHS]...", shell_complete=complete_path)


def hook_option(text: str) -> Decorator:
    """`--hook`, with its help."""
    return click.option("--hook", is_flag=True, help=text)


def editor_option(text: str) -> Decorator:
    """`--editor`, with its help."""
    return click.option("--editor", metavar="[ADDRESS|DIR]", is_flag=False, flag_value=".schemas", help=text)


def shown_as(*forms: str) -> Decorator:
    """`--format` of a command whose output is not its problems."""
    said = "The output format. With `json`, problems that stop the command are JSON too, as from `validate`."
    return click.option("--format", "form", type=click.Choice(forms), default="text", show_default=True, help=said)


cached_option: Decorator = click.option(
    "--cached", is_flag=True, help="Trust the cache in .rollspec/: on your own machine, not in CI."
)
staged_option: Decorator = click.option(
    "--staged", is_flag=True, help="Check the index alone, which is what the next commit gets; for plain Git hooks."
)
