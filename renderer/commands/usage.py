"""Suggests the intended command line if click refuses an extra argument."""

from __future__ import annotations

from collections.abc import Collection
from typing import get_args

import click

from renderer.lazy import regex
from renderer.spec import RouterType, StrategyType

_EXTRA = regex(r"unexpected extra arguments? \((.*)\)")
_STRATEGIES, _ROUTERS = get_args(StrategyType), get_args(RouterType)
_REVISION = regex(r"HEAD|@|.*[~^]|(origin|upstream)/|[0-9a-f]{7,40}$")


def meant(error: click.UsageError, apps: Collection[str], environments: Collection[str]) -> str:
    """The command with each extra argument after its probable option; empty if there is no such option."""
    context, extra = error.ctx, _EXTRA.search(error.format_message())
    if context is None or extra is None:
        return ""
    options = {name for parameter in context.command.params for name in parameter.opts}
    given, others = _arguments(context), extra[1].split()
    is_swapped = len(given) == 1 and given[0] not in apps and others[0] in apps
    if is_swapped and _option(given[0], options, apps, environments):
        given, others = others[:1], [*given, *others[1:]]
    words = [context.command_path, *given]
    for argument in others:
        option = _option(argument, options, apps, environments)
        if not option:
            return ""
        words += [option, argument]
    return " ".join(words)


def _arguments(context: click.Context) -> list[str]:
    """The given arguments that the command accepts."""
    names = [parameter.name for parameter in context.command.params if isinstance(parameter, click.Argument)]
    values = [context.params.get(name or "") for name in names]
    return [str(value) for value in values if value is not None]


def _option(argument: str, options: Collection[str], apps: Collection[str], environments: Collection[str]) -> str:
    found = [
        option
        for option, fits in (
            ("--env", argument in environments),
            ("--app", argument in apps),
            ("--to", argument in _STRATEGIES),
            ("--router", argument in _ROUTERS),
            ("--base", bool(_REVISION.match(argument))),
        )
        if fits and option in options
    ]
    return found[0] if found else ""
