"""Names the apps of a problem at a line of an overlay that only some of its apps have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from renderer.overlay import Environment
from renderer.pipeline import Rendered, is_in
from renderer.problem import Problem, some_of


def with_apps(
    environments: Iterable[Environment], apps: Collection[str], rendered: Iterable[Rendered]
) -> Iterator[Problem]:
    """The problems of rendered apps, each once for all apps that have it."""
    chains = [*environments]
    overlays = {document.file for environment in chains for document in environment.chain}
    having: dict[Problem, dict[str, None]] = {}
    for each in rendered:
        for problem in each.problems:
            if problem.file not in overlays:
                yield problem
            else:
                having.setdefault(problem, {})[each.app] = None
    for problem, names in having.items():
        reading = [each for each in chains if any(document.file == problem.file for document in each.chain)]
        is_of_all = all(app in names for app in apps if any(is_in(each, app) for each in reading))
        is_named = any(f"for {name} in " in problem.message for name in names)
        yield (
            problem
            if is_of_all or is_named
            else replace(problem, message=f"{problem.message} (for {some_of([*names])})")
        )
