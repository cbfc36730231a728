"""The table of commands; a command is imported only when it runs, and its result becomes the exit code."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

from renderer.failure import SIGNALS, Failure, end_of
from renderer.problem import printable

_RARELY = 200_000  # new objects between two searches for cycles, which visit all objects; our data has no cycles
_PROBLEMS, _USAGE = 1, 2
# name -> (section, short help); see LazyGroup.get_command for where its code is
COMMANDS = {
    "init": ("Project", "Create a project: project file, overlay, first app, pre-commit config."),
    "new": ("Project", "Create the spec of a new app."),
    "import": ("Project", "Turn running objects into specs, and prove that nothing is lost."),
    "validate": ("Project", "Check specs and their manifests; with --base, the change too."),
    "render": ("Project", "Render specs into manifests."),
    "publish": ("Project", "Commit the rendered files of a commit on other branches."),
    "plan": ("Project", "Show what a change of specs will do to the running system."),
    "fmt": ("Project", "Format specs."),
    "merge-driver": ("Project", "Merge a spec field by field, for Git."),
    "schema": ("Project", "Print the JSON Schema of a kind, for editors."),
    "release": ("Release", "Start the release of a tag, or of changed configuration."),
    "weight": ("Release", "Change the canary's share of the traffic."),
    "promote": ("Release", "Make the canary or preview the stable version."),
    "abort": ("Release", "Stop the release; the stable version gets all traffic."),
    "retry": ("Release", "Start an aborted release again."),
    "undo": ("Release", "Go back to the previous version."),
    "restart": ("Release", "Replace the pods one by one, with the same version."),
    "pause": ("Release", "Make the controller wait."),
    "resume": ("Release", "Let the controller continue."),
    "switch": ("Release", "Change the strategy or the router, in safe stages."),
    "status": ("Look", "Show what runs where, from Git."),
    "board": ("Look", "Write the board: every release as web pages."),
    "history": ("Look", "Show who released what and when, from Git."),
    "doctor": ("Look", "Check how Git, pre-commit and Argo CD are set up."),
    "analysis": ("Look", "Try the queries of an analysis on a Prometheus, or on series in files."),
    "completion": ("Look", "Print the completion script of a shell."),
}
_MODULES = {"merge-driver": "merge_driver", "import": "import_"}  # whose names are not names of modules


class LazyGroup(click.Group):
    """A group that knows its commands from the table above, and imports the module of a command only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A verb is in `verbs`, under its name; every other command is `command` in its own module."""
        if cmd_name not in COMMANDS:
            return None
        section, _ = COMMANDS[cmd_name]
        if section == "Release":
            found: click.Command = getattr(import_module("renderer.commands.verbs"), cmd_name)
        else:
            found = import_module(f"renderer.commands.{_MODULES.get(cmd_name, cmd_name)}").command
        return found

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """An unknown command: name the one that was probably meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, 1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            ctx.fail(f"there is no command `{args[0]}`{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands by section, without importing them."""
        for section in dict.fromkeys(section for section, _ in COMMANDS.values()):
            with formatter.section(section):
                rows = [(name, text) for name, (own, text) in COMMANDS.items() if own == section]
                formatter.write_dl(rows)


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option(
    "-V",
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, _, wanted: _version(context, wanted=wanted),
    help="Show the version and its render levels, and exit.",
)
@click.option(
    "-C",
    "--directory",
    "directory",
    metavar="DIR",
    help="Run as if started in DIR. Other paths are relative to DIR too.",
)
@click.pass_context
def cli(context: click.Context, directory: str | None) -> None:
    """Releases as commits: app specs in, checked manifests for Argo CD, Argo Rollouts and Istio out."""
    context.obj = directory or "."


def _version(context: click.Context, *, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from renderer.usecases.version import version_text

        click.echo(version_text())
        context.exit()


def main() -> NoReturn:
    """Run the command line. Only here do failures become text and exit codes."""
    gc.set_threshold(_RARELY)
    _replace_closed_streams()
    code = run(sys.argv[1:])
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(OSError, ValueError):  # the reader has ended, or the stream is closed
            stream.flush()
    os._exit(code)  # otherwise Python frees all objects first, which takes a while after rendering many apps


def _replace_closed_streams() -> None:
    """Replace a closed stream with an empty one, or with one that refuses all output.

    Without this, the next opened file would get the number of the stream, and our messages would be written into it.
    Output to a closed stderr is lost instead: nobody could read it.
    """
    for name, mode, flags in (("stdin", "r", os.O_RDONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY)):
        if getattr(sys, name) is None:  # a new file gets the lowest free number, which is the stream's own
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode, encoding="utf-8"))


def _refuse_empty(arguments: list[str]) -> None:
    """Failure for an argument or option without a value: an unset variable of a script must not mean "no limit"."""
    for number, argument in enumerate(arguments):
        is_option = argument.startswith("--") and argument.endswith("=") and argument.count("=") == 1
        if not argument or is_option:
            before = arguments[number - 1] if number and arguments[number - 1].startswith("-") else "an argument"
            raise Failure(f"{argument.rstrip('=') or before} has no value; is a variable unset?", 2)


def run(arguments: list[str]) -> int:
    """The exit code: 0 success, 1 problems or differences, 2 wrong usage, 3 could not look, 4 a bug in rollspec."""
    try:
        _refuse_empty(arguments)
        code = cli.main(arguments, prog_name="rollspec", standalone_mode=False) or 0
        sys.stdout.flush()
        return code
    except click.ClickException as error:
        said = _printable(error.format_message())  # click quotes arguments unchanged
        error.format_message = lambda: said  # type: ignore[method-assign]
        error.show()
        if isinstance(error, click.UsageError):
            _show_meant(error)
        return _USAGE
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:  # the reader of our output has gone
        return 0
    except SystemExit as ended:  # a signal stopped a verb; click exits with 1 where the reader has gone
        return ended.code if isinstance(ended.code, int) and ended.code > SIGNALS else 0
    except Exception as error:
        end = end_of(error)
        click.echo(_printable(end.text), err=True)
        return end.code


def _show_meant(error: click.UsageError) -> None:
    """The command that an extra argument was probably meant for."""
    from renderer.commands.usage import meant
    from renderer.usecases.project import names_around

    directory = error.ctx.find_root().params.get("directory") if error.ctx else None
    with suppress(Failure, OSError):
        command = meant(error, *names_around(directory or "."))
        if command:
            click.echo(printable(f"Did you mean: {command}"), err=True)


def _printable(message: str) -> str:
    """Makes each line printable: the output of a Git hook, and some of click's messages, have several lines."""
    return "\n".join(printable(line.expandtabs()) for line in message.split("\n"))
