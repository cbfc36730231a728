"""What a shell completes where an app or an environment is asked for: the names in the project around."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import click

from renderer.commands.project import names_around
from renderer.failure import Failure


def _names(
    what: Literal["apps", "environments"], context: click.Context, _: click.Parameter, incomplete: str
) -> list[str]:
    """Those that begin so and are not typed yet; none where there is no project, for a shell has no use for why."""
    try:
        apps, environments = names_around(context.find_root().params.get("directory") or ".")
    except (Failure, OSError):
        return []
    typed: list[Any] = [value for value in context.params.values() if isinstance(value, tuple)]
    return [
        name
        for name in (apps if what == "apps" else environments)
        if name.startswith(incomplete) and not any(name in value for value in typed)
    ]


complete_app = partial(_names, "apps")
complete_env = partial(_names, "environments")
