"""What a run prints: its result to stdout, everything else to stderr."""

from __future__ import annotations

import click


def out(text: str, end: str = "\n") -> None:
    """Print a result."""
    click.echo(text + end, nl=False)


def say(line: str, end: str = "\n") -> None:
    """Print something about the run to stderr."""
    click.echo(line + end, nl=False, err=True)
