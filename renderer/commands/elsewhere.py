"""The effective spec that an app has in another environment or at another revision, for the verbs that look there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from renderer.build import is_in
from renderer.commands.project import Opened
from renderer.commands.selection import chosen
from renderer.commands.verb import effective_spec, environment_for
from renderer.failure import Failure
from renderer.git import read_many, resolve
from renderer.problem import Problem
from renderer.release.fold import overrides_between
from renderer.spec import fields_of, version_of


def stable_there(
    opened: Opened, app: str, source: str, target: str | None, label: str | None
) -> tuple[str, str | None, list[str]]:
    """The tag and label that are stable in `source`, and the fields that differ there beside them."""
    there = spec_in(opened, app, source)
    here = spec_in(opened, app, environment_for(opened, target).name)
    different = sorted(
        f"{key}.{name}" if isinstance(value, dict) else key
        for key, value in overrides_between(fields_of(here, None), fields_of(there, None)).items()
        for name in (value if isinstance(value, dict) else ("",))
    )
    return str(there["tag"]), label or there.get("version"), different


def in_both(opened: Opened, source: str | None, target: str | None) -> list[str]:
    """The apps that both environments have; none without a source."""
    if source is None:
        return []
    environments = (environment_for(opened, source), environment_for(opened, target))
    return [app for app in opened.apps if all(is_in(each, app) for each in environments)]


def is_stable(opened: Opened, app: str, env: str | None, tag: str, label: str | None) -> bool:
    """Whether the tag, with its label, is the stable version of the environment."""
    spec = spec_in(opened, app, environment_for(opened, env).name)
    return version_of(spec, {"tag": tag, "version": label}) == version_of(spec, {"version": spec.get("version")})


def spec_in(opened: Opened, app: str, env: str) -> Mapping[str, Any]:
    """The effective spec in an environment; Failure where the app is unknown or its spec has errors."""
    chosen([app], opened.apps, "app")
    texts, problems = opened.texts(app)
    spec = effective_spec(opened, environment_for(opened, env), app, texts, problems)
    if spec is None:
        raise Failure(f"{app} in {env} has problems: `rollspec validate --app {app}` shows them", 1)
    return spec


def spec_at(opened: Opened, app: str, env: str | None, revision: str) -> Mapping[str, Any]:
    """The effective spec of the app's files at a revision, in the environments as they are now.

    Failure where the app is not there or its spec has errors. Raises GitError no-such-revision.
    """
    files = [opened.layout.app(app), *(opened.layout.partial(name, app) for name in opened.setup.environments)]
    found = read_many(opened.root, resolve(opened.root, revision), files)
    texts = {file: text for file, text in found.items() if text is not None}
    if files[0] not in texts:
        raise Failure(f"there is no app `{app}` at {revision}", 2)
    problems: list[Problem] = []
    spec = effective_spec(opened, environment_for(opened, env), app, texts, problems)
    if spec is None:
        raise Failure(f"the spec of {app} at {revision} has problems: {problems[0]}", 1)
    return spec


def canary_at(
    opened: Opened, app: str, env: str | None, revision: str, spec: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """The canary of `spec` as the revision has it; None where it has another one, or none."""
    there = spec_at(opened, app, env, revision)
    was: Mapping[str, Any] | None = there.get("canary")
    return was if was and version_of(there, was) == version_of(spec, spec["canary"]) else None
