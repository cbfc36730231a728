"""The effective spec of an app in another environment or at another revision, for verbs that need it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal, TypeVar

from renderer.failure import Failure
from renderer.git import read_many
from renderer.overlay import Environment
from renderer.pipeline import is_in
from renderer.pipeline.evaluation import Evaluated
from renderer.problem import Problem, errors
from renderer.promotion import stages_before
from renderer.release.back import TakenBack, taken_back
from renderer.release.fold import overrides_between
from renderer.release.state import in_flight
from renderer.spec import fields_of, stable_of, version_of
from renderer.tree import reader
from renderer.usecases.effective import Spec, environment_for, evaluated_app
from renderer.usecases.project import Opened, Refused
from renderer.usecases.selection import chosen
from renderer.workers import Tick, Work, processes, reports

Found = TypeVar("Found")


def source_environments(opened: Opened, app: str, env: str) -> tuple[str, ...]:
    """The environments of the nearest stage before this one that have the app; none where nothing comes before."""
    for stage in stages_before(opened.setup.project.promotion, env):
        having = tuple(each for each in stage if is_in(opened.setup.environments[each], app))
        if having:
            return having
    return ()


@dataclass(frozen=True, slots=True)
class There:
    """The version of an app that is stable in another environment, as seen from this one."""

    tag: str
    label: str | None
    different: tuple[str, ...]  # fields other than the version that differ
    is_stable: bool  # the same version is stable here
    has_tag: bool  # the same tag is, under any label
    in_flight: bool  # it is in flight here
    taken_back: str | None  # `undone` or `aborted`: what happened to it here


def stable_there(
    opened: Opened, apps: Sequence[str], source: str, target: str | None, label: str | None
) -> dict[str, There]:
    """The stable version of each app in `source`; `label` replaces its label. Raises Refused for all problems."""
    chosen(apps, opened.apps, "app")
    made = partial(_seen, label=label)
    found, problems = _in_environments(opened, dict.fromkeys(apps, (source, target)), made)
    if problems:
        raise Refused([*dict.fromkeys(problems)])
    return {app: there for app in apps if (there := found[app])}


def taken_back_before(
    opened: Opened, env: str, before: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, dict[str, TakenBack | Literal["unknown"]]]]:
    """The tag of what is in flight here, and the environments before this one that undid or aborted that version.

    By app. An app whose spec has errors in such an environment is `unknown` there.
    """
    found, _ = _in_environments(opened, {app: (env, *sources) for app, sources in before.items()}, _taken_back)
    return {
        app: (each[0], {source: how for source, how in zip(before[app], each[1], strict=True) if how})
        for app, each in found.items()
        if each
    }


def _in_environments(
    opened: Opened, envs_of: Mapping[str, Sequence[str | None]], make: Callable[..., Found]
) -> tuple[dict[str, Found], list[Problem]]:
    """What `make` returns for the specs of each app in its environments, and the problems of apps with errors.

    A spec with errors is None. Several processes share the apps.
    """
    environments = {env: environment_for(opened, env) for envs in envs_of.values() for env in envs}
    made = reports([*envs_of.items()], _InEnvironments(opened, environments, make), processes())
    return (
        {app: each for found, _ in made for app, each in found.items()},
        [problem for _, wrong in made for problem in wrong],
    )


@dataclass(frozen=True, slots=True)
class _InEnvironments(Work[tuple[str, Sequence[str | None]], tuple[dict[str, Found], list[Problem]]]):
    """Reads apps, each given with its environments; see `_in_environments`."""

    seconds: ClassVar[float] = 0.0006

    opened: Opened
    environments: Mapping[str | None, Environment]
    make: Callable[..., Found]

    def __call__(
        self, items: Sequence[tuple[str, Sequence[str | None]]], tick: Tick
    ) -> tuple[dict[str, Found], list[Problem]]:
        found: dict[str, Found] = {}
        problems: list[Problem] = []
        with reader(self.opened.root) as read_some:
            for app, envs in items:
                texts, wrong = self.opened.texts(app, read_some)
                evaluated = [_evaluated(self.opened, self.environments[env], app, texts, wrong) for env in envs]
                if None in evaluated:
                    problems += wrong
                found[app] = self.make(*(each and each.app.spec for each in evaluated))
                tick()
        return found, problems


def _taken_back(
    here: Spec | None, *there: Spec | None
) -> tuple[str, list[TakenBack | Literal["unknown"] | None]] | None:
    """The tag of what is in flight here, and for each of the other specs whether it took that version back."""
    flight = in_flight(here or {})
    if here is None or flight is None:
        return None
    version = version_of(here, here[flight])
    state = {**here[flight], "tag": version.tag, "version": version.version}
    return version.tag, [taken_back(each, version_of(each, state)) if each else "unknown" for each in there]


def _seen(there: Spec | None, here: Spec | None, label: str | None) -> There | None:
    """None where one of the two specs has errors."""
    if not there or not here:
        return None
    state: dict[str, Any] = {"tag": str(there["tag"]), "version": label or there.get("version")}
    version, flight = version_of(here, state), in_flight(here)
    different = sorted(
        f"{key}.{name}" if isinstance(value, dict) else key
        for key, value in overrides_between(fields_of(here, None), fields_of(there, None)).items()
        for name in (value if isinstance(value, dict) else ("",))
    )
    return There(
        tag=state["tag"],
        label=state["version"],
        different=tuple(different),
        is_stable=version == stable_of(here),
        has_tag=state["tag"] == here["tag"],
        in_flight=flight is not None and version == version_of(here, here[flight]),
        taken_back=taken_back(here, version),
    )


def in_both(opened: Opened, source: str, target: str | None) -> list[str]:
    """The apps that both environments have."""
    environments = (environment_for(opened, source), environment_for(opened, target))
    return [app for app in opened.apps if all(is_in(each, app) for each in environments)]


def spec_in(opened: Opened, app: str, env: str) -> Spec:
    """The effective spec in an environment. Raises Failure if the app is unknown, Refused if it has errors."""
    return evaluated_in(opened, app, env).app.spec


def evaluated_in(opened: Opened, app: str, env: str) -> Evaluated:
    """The app in an environment. Raises Failure if the app is unknown, Refused if its spec has errors."""
    chosen([app], opened.apps, "app")
    texts, problems = opened.texts(app)
    found = _evaluated(opened, environment_for(opened, env), app, texts, problems)
    if found is None:
        raise Refused(problems)
    return found


def _evaluated(
    opened: Opened, environment: Environment, app: str, texts: Mapping[str, bytes], problems: list[Problem]
) -> Evaluated | None:
    return None if errors(problems) else evaluated_app(opened, environment, app, texts, problems)


def spec_at(opened: Opened, app: str, env: str | None, revision: str) -> Spec:
    """The effective spec of the app's files at a revision, in the environments as they are now.

    Failure if the app does not exist there or its spec has errors. Raises GitError no-such-revision.
    """
    return evaluated_of(opened, app, env, revision, read_many(opened.root, revision, own_files(opened, app))).app.spec


def own_files(opened: Opened, app: str) -> list[str]:
    """The app spec, and its partial app of every environment."""
    return [opened.layout.app(app), *(opened.layout.partial(name, app) for name in opened.setup.overlays)]


def evaluated_of(
    opened: Opened, app: str, env: str | None, revision: str, found: Mapping[str, bytes | None]
) -> Evaluated:
    """The app from files of the revision, which may include files of other apps; it fails as `spec_at` does."""
    files = own_files(opened, app)
    texts = {file: text for file in files if (text := found[file]) is not None}
    if files[0] not in texts:
        raise Failure(f"there is no app `{app}` at {revision}", 2)
    problems: list[Problem] = []
    evaluated = evaluated_app(opened, environment_for(opened, env), app, texts, problems)
    if evaluated is None:
        raise Failure(f"the spec of {app} at {revision} has problems: {problems[0]}", 1)
    return evaluated
