"""The command table: options of the command line to one call to an exit code; no logic, and nothing imported early."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

from renderer import __version__
from renderer.failure import Failure
from renderer.problem import printable

_RARELY = 200_000  # new objects between searches for cycles: our data has none, and a search looks at all of it
_PROBLEMS, _USAGE, _COULD_NOT_LOOK, _DEFECT = 1, 2, 3, 4
# name -> (section, short help); see LazyGroup.get_command for where its code is
COMMANDS = {
    "init": ("Project", "Make a project here: project file, overlay, first app, pre-commit config."),
    "new": ("Project", "Write the spec of a new app."),
    "validate": ("Project", "Check specs and what they render; with --base, the change too."),
    "render": ("Project", "Render specs into manifests."),
    "plan": ("Project", "Tell what a change of specs will do to the running system."),
    "fmt": ("Project", "Put specs into the canonical format."),
    "schema": ("Project", "Print the JSON Schema of a kind, for editors."),
    "release": ("Release", "Start the release of a tag (or of changed configuration)."),
    "weight": ("Release", "Change the canary's share of the traffic."),
    "promote": ("Release", "Make the canary or preview the stable version."),
    "abort": ("Release", "Stop the release; the stable version serves alone."),
    "retry": ("Release", "Start an aborted release again."),
    "undo": ("Release", "Go back to the version before."),
    "restart": ("Release", "Replace the pods, one after the other."),
    "pause": ("Release", "Hold the controller."),
    "resume": ("Release", "Let the controller go on."),
    "switch": ("Release", "Change the strategy or the router, in safe stages."),
    "status": ("Look", "What runs where, from Git."),
    "board": ("Look", "Write the board: every release as web pages."),
    "history": ("Look", "Who released what, when, from Git."),
    "doctor": ("Look", "Check how Git, pre-commit and Argo CD are set up."),
    "completion": ("Look", "Print the completion script of a shell."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by the table above and imports a command's module only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verbs are in `verbs`, by name; any other command is `command` in a module of its own."""
        if cmd_name not in COMMANDS:
            return None
        section, _ = COMMANDS[cmd_name]
        if section == "Release":
            found: click.Command = getattr(import_module("renderer.commands.verbs"), cmd_name)
        else:
            found = import_module(f"renderer.commands.{cmd_name}").command
        return found

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """An unknown command with what was probably meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, 1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            ctx.fail(f"there is no command `{args[0]}`{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Commands by section, from the table alone."""
        for section in dict.fromkeys(section for section, _ in COMMANDS.values()):
            with formatter.section(section):
                rows = [(name, text) for name, (where, text) in COMMANDS.items() if where == section]
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
    "-C", "--directory", "directory", metavar="DIR", help="Work as if started in DIR; paths are seen from there too."
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
    """Run the command line; the one place where failures become text and exit codes."""
    gc.set_threshold(_RARELY)
    _stand_in()
    code = run(sys.argv[1:])
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(OSError, ValueError):  # nobody reads it any more, or it is closed
            stream.flush()
    os._exit(code)  # Python would take all data apart first, which takes a while where a fleet was rendered


def _stand_in() -> None:
    """Give a stream that is closed one that nothing comes from, or that cannot be written to: then we could not say it.

    Only what is meant for stderr is passed over, for nobody is left to be told. Without this the next file that is
    opened would get the stream's number, and with it what is said there.
    """
    for name, mode, flags in (("stdin", "r", os.O_RDONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY)):
        if getattr(sys, name) is None:  # the number that is given is the lowest free one: the stream's own
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode, encoding="utf-8"))


def _refuse_empty(arguments: list[str]) -> None:
    """Failure for an argument or option without a value: an unset variable of a script must not mean "no limit"."""
    for number, argument in enumerate(arguments):
        is_option = argument.startswith("--") and argument.endswith("=") and argument.count("=") == 1
        if not argument or is_option:
            before = arguments[number - 1] if number and arguments[number - 1].startswith("-") else "an argument"
            raise Failure(f"{argument.rstrip('=') or before} has no value; is a variable unset?", 2)


def run(arguments: list[str]) -> int:
    """The exit code: 0 fine, 1 problems or differences, 2 usage, 3 could not look, 4 a defect of ours."""
    try:
        _refuse_empty(arguments)
        code = cli.main(arguments, prog_name="rollspec", standalone_mode=False) or 0
        sys.stdout.flush()
        return code
    except click.ClickException as error:
        error.show()
        return _USAGE
    except click.Abort:
        return 130
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Failure as failure:
        click.echo(_told(f"rollspec: {failure}"), err=True)
        return failure.code
    except OSError as error:  # of our own output, or of what the edge did not foresee: we could not look or write
        click.echo(printable(f"rollspec: {error.filename or 'output'}: {error.strerror or error}"), err=True)
        return _COULD_NOT_LOOK
    except Exception:
        _defect()
        return _DEFECT


def _told(message: str) -> str:
    """A hook may have several lines to say; names are on one line already."""
    return "\n".join(printable(line.expandtabs()) for line in message.split("\n"))


def _defect() -> None:
    """A traceback, and what to do with it."""
    import platform
    import traceback

    traceback.print_exc()
    where = f"rollspec {__version__}, Python {platform.python_version()}, {platform.system()}"
    click.echo(f"\nrollspec: this is a defect of rollspec. Please report it with the lines above ({where}).", err=True)
