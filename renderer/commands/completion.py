"""`rollspec completion SHELL`: the script that makes a shell complete commands, options and names."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ZshComplete

_SHELLS = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


@click.command("completion")
@click.argument("shell", type=click.Choice(tuple(_SHELLS)), metavar="SHELL")
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    bash:  eval "$(rollspec completion bash)"      in ~/.bashrc
    zsh:   eval "$(rollspec completion zsh)"       in ~/.zshrc
    fish:  rollspec completion fish > ~/.config/fish/completions/rollspec.fish
    """
    root = context.find_root().command
    click.echo(_SHELLS[shell](root, {}, "rollspec", "_ROLLSPEC_COMPLETE").source())
