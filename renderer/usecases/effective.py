"""The effective spec of an app in the working tree, for the use cases that need one app in one environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from renderer.failure import Failure
from renderer.overlay import Environment
from renderer.pipeline import is_in
from renderer.pipeline.evaluation import Evaluated, evaluate, read_app
from renderer.pipeline.positions import Locator
from renderer.problem import Problem, that_exist
from renderer.usecases.project import Opened

Spec = Mapping[str, Any]


def environments_for(opened: Opened, envs: Sequence[str]) -> list[Environment]:
    """The environments that a verb is about, each once, in the given order."""
    return [environment_for(opened, env) for env in dict.fromkeys(envs)] or [environment_for(opened, None)]


def environment_for(opened: Opened, env: str | None) -> Environment:
    """The environment that a verb is about; if the project has several, it must be named."""
    names = sorted(opened.setup.environments)
    if env is None and len(names) == 1:
        env = names[0]
    if env is None:
        raise Failure(f"which environment? The project has several: add --env {'|'.join(names)}", 2)
    if env not in opened.setup.environments:
        raise Failure(f"there is no environment `{env}`; {that_exist(names)}", 2)
    return opened.setup.environments[env]


def evaluated_app(
    opened: Opened, environment: Environment, app: str, texts: Mapping[str, bytes], problems: list[Problem]
) -> Evaluated | None:
    """The app with its valid effective spec; None if that has errors, which are added to `problems`."""
    if not is_in(environment, app):
        raise Failure(f"{environment.name} does not have the app `{app}`", 2)
    document, found = read_app(app, texts, opened.setup)
    problems += found
    if document is None:
        return None
    evaluated, found = evaluate(document, environment, texts, opened.setup)
    if evaluated is None:
        problems += Locator({**opened.setup.texts, **texts}).locate(found)
    return evaluated
