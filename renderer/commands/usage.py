"""Suggests the intended command line if click refuses an extra argument."""

from __future__ import annotations

from collections.abc import Collection

import click

from renderer.lazy import regex

_EXTRA = regex(r"unexpected extra arguments? \((.*)\)")
_REVISION = regex(r"HEAD|@|.*[~^]|(origin|upstream)/|[0-9a-f]{7,40}$")


def meant(error: click.UsageError, apps: Collection[str], environments: Collection[str]) -> str:
    """The command with each extra argument after its probable option; empty if there is no such option."""
    context, extra = error.ctx, _EXTRA.search(error.format_message())
    if context is None or extra is None:
        return ""
    options = {name for parameter in context.command.params for name in parameter.opts}
    words = [context.command_path, *(str(value) for value in _arguments(context))]
    for argument in extra[1].split():
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
            ("--base", bool(_REVISION.match(argument))),
        )
        if fits and option in options
    ]
    return found[0] if found else ""
