"""What watches a canary in flight."""

from __future__ import annotations

from renderer.plan.watch import watch
from renderer.problem import Problem
from renderer.spec import App
from renderer.usecases.effective import evaluated_app
from renderer.usecases.project import Opened


def watched(opened: Opened, env: str, app: str) -> tuple[str, ...]:
    """The lines of the plan about it; none where the spec cannot be read."""
    found = app_as_it_is(opened, env, app)
    return watch(found) if found else ()


def app_as_it_is(opened: Opened, env: str, app: str) -> App | None:
    """The app in the working tree; None where its spec has errors."""
    texts, _ = opened.texts(app)
    problems: list[Problem] = []
    found = evaluated_app(opened, opened.setup.environments[env], app, texts, problems)
    return found.app if found else None
