"""What a shell completes where an app or an environment is asked for: the names in the project around."""

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
    """Those that begin so and are not typed yet; none where there is no project, for a shell has no use for why."""
    try:
        apps, environments = names_around(context.find_root().params.get("directory") or ".")
    except (Failure, OSError):
        return []
    value: Any = context.params.get(parameter.name or "")
    typed = {str(word).partition("=")[0] for word in value} if isinstance(value, (list, tuple)) else set()
    names = apps if what == "apps" else environments
    return [name for name in names if name.startswith(incomplete) and name.isprintable() and name not in typed]


def complete_path(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files and folders, which the shell finds by itself."""
    return [CompletionItem(incomplete, type="file")]


complete_app = partial(_names, "apps")
complete_env = partial(_names, "environments")
