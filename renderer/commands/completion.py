"""`rollspec completion SHELL`: the script that makes a shell complete commands, options and names."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")), metavar="SHELL")
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    bash:  eval "$(rollspec completion bash)"      in ~/.bashrc
    zsh:   eval "$(rollspec completion zsh)"       in ~/.zshrc
    fish:  rollspec completion fish > ~/.config/fish/completions/rollspec.fish
    """
    kind = get_completion_class(shell)
    root = context.find_root().command
    if kind is None:  # click knows the three shells that the argument allows
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(root, {}, "rollspec", "_ROLLSPEC_COMPLETE").source())
