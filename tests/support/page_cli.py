"""docs/cli.md: the command line's reference, made from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc

import click

from renderer.cli import COMMANDS, cli

_OPENING = """\
# The command line

`rollspec [-C DIR] COMMAND ...`; `rollspec COMMAND --help` says the same as this page. Exit codes: 0 fine; 1 problems
found, or files differ under `--check`; 2 usage; 3 we could not look (no such revision, no permission, disk full); 4 a
defect of rollspec. With 2, 3 or 4 stdout has no document, also under `--format json`: stderr says in plain text what
is wrong. Problems go to stderr, one a line: `file:line:column: rule: message (/json/pointer)`.

A problem has one of three severities, written before the rule (`warning: `, `note: `; nothing for an error). An error
stops the run. A warning is printed, and stops the run under `--strict`. A note is printed by the verbs, by `plan` and
by `validate`, and never stops a run: `--strict` leaves notes as they are.

This page is made by `make docs`.
"""


def page() -> str:
    """Every command of the table, in its order."""
    return "\n".join(
        [_OPENING, *(_section(section) for section in dict.fromkeys(name for name, _ in COMMANDS.values()))]
    )


def _section(section: str) -> str:
    names = [name for name, (where, _) in COMMANDS.items() if where == section]
    return "\n".join([f"## {section}", "", *(_command(name) for name in names)])


def _command(name: str) -> str:
    context = click.Context(cli, info_name="rollspec")
    command = cli.get_command(context, name) if isinstance(cli, click.Group) else None
    assert command is not None, name
    return _about(command, click.Context(command, parent=context, info_name=name), f"rollspec {name}", "###")


def _about(command: click.Command, context: click.Context, named: str, level: str) -> str:
    """The part about a command; after a group come the commands in it."""
    inner = command.commands if isinstance(command, click.Group) else {}
    arguments = [_argument(each) for each in command.params if isinstance(each, click.Argument)]
    usage = " ".join([named, *(["COMMAND", "..."] if inner else ["[OPTIONS]", *arguments])])
    lines = [f"{level} {named}", "", f"`{usage}`", "", *_text(cleandoc(command.help or "")), ""]
    rows = list(_options(command, context))
    if rows:
        lines += ["| option | |", "| --- | --- |", *rows, ""]
    for name, each in inner.items():
        below = click.Context(each, parent=context, info_name=name)
        lines.append(_about(each, below, f"{named} {name}", f"{level}#"))
    return "\n".join(lines)


def _argument(argument: click.Argument) -> str:
    return argument.metavar or str(argument.name).upper()


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option) and not parameter.hidden and "--help" not in parameter.opts:
            names = "`, `".join((*parameter.opts, *parameter.secondary_opts))
            value = "" if parameter.is_flag else f" {_value(parameter)}"
            yield f"| `{names}`{value} | {_cell(parameter.help or '')}{_default(parameter)} |"


def _value(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return " \\| ".join(f"`{choice}`" for choice in option.type.choices)
    if isinstance(option.type, click.IntRange):
        return f"{option.type.min}-{option.type.max}" if option.type.max is not None else f"{option.type.min}-"
    return option.metavar or option.type.name.upper()


def _default(option: click.Option) -> str:
    return f" Default: `{option.default}`." if option.show_default else ""


def _text(text: str) -> Iterator[str]:
    """Help as Markdown: what click must not wrap (after a line with a backspace) is a block."""
    for number, paragraph in enumerate(text.split("\n\n")):
        lines = paragraph.strip("\n").splitlines()
        if number:
            yield ""
        if lines and lines[0].strip() == "\b":
            yield from ("```text", *lines[1:], "```")
        else:
            yield from lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
