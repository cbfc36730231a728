"""`rollspec doctor`: how Git, pre-commit and Argo CD are set up around a project."""

from __future__ import annotations

import click

from renderer.usecases.doctor import doctor


@click.command("doctor")
@click.option("--fix", is_flag=True, help="Edit the Applications whose settings are wrong, and keep their comments.")
@click.pass_obj
def command(directory: str, /, *, fix: bool) -> int:
    """Check how Git, pre-commit and Argo CD are set up, and say how to fix what is not right.

    It looks at the version of Git, at the clone (shallow, sparse, line endings), at the hooks of pre-commit, and at the
    Applications in this repository that sync rendered manifests. Without `--fix` it changes nothing. Exit code 1 if
    there is something to fix.
    """
    return doctor(directory, fix=fix)
