"""What a shell completes for an app or an environment: the names in the project."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import click
from click.shell_completion import CompletionItem

from renderer.failure import Failure
from renderer.usecases.project import names_around


def _names(
    what: Literal["apps", "environments"], context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[str]:
    """Names with this beginning that are not typed yet; none without a project, since a shell cannot show a reason."""
    try:
        apps, environments = names_around(context.find_root().params.get("directory") or ".")
    except (Failure, OSError):
        return []
    value: Any = context.params.get(parameter.name or "")
    typed = {str(word).partition("=")[0] for word in value} if isinstance(value, (list, tuple)) else set()
    names = apps if what == "apps" else environments
    return [name for name in names if name.startswith(incomplete) and name.isprintable() and name not in typed]


def complete_path(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files and folders, which the shell finds itself."""
    return [CompletionItem(incomplete, type="file")]


complete_app = partial(_names, "apps")
complete_env = partial(_names, "environments")
