"""Objects of environments -> the files of a project, and what becomes of every object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from renderer.importing.affixes import renamed
from renderer.importing.built import Objects, built, objects_of
from renderer.importing.environment import Kept, LiftedEnvironment, app_names, lifted_environment
from renderer.importing.proof import Compared, RenderedObjects, compared, rendered_objects
from renderer.importing.reasons import why_as_object
from renderer.importing.source import Source, SourceObject
from renderer.importing.target import Target
from renderer.importing.texts import project_texts
from renderer.pipeline import Rendered
from renderer.pipeline.fleet import fleet_problems
from renderer.pipeline.setup import Setup, set_up
from renderer.problem import Problem
from renderer.schema import Schemas


@dataclass(frozen=True, slots=True)
class Imported:
    """The files to write, and the report's values."""

    files: Mapping[str, str]
    compared: tuple[Compared, ...]
    kept: tuple[Kept, ...]
    notes: tuple[tuple[str, str], ...]  # an app, if it is about one, and a sentence
    problems: tuple[Problem, ...]


def refused(source: Source, schemas: Schemas) -> list[Problem]:
    """The objects of a source that the API server would refuse: nothing can be said of what they become."""
    found = []
    replica_sets = [SourceObject("the source", data, {}) for data in source.replica_sets]
    for each in [*source.objects, *replica_sets]:
        if not schemas.manifest_valid(each.data) and not schemas.foreign(each.data):
            fault = schemas.manifest_explain(each.data)[0]
            message = f"{each}: {fault.message} (at {fault.pointer or '/'})"
            found.append(Problem(each.file, 0, 0, fault.rule, message))
    return found


def imported(sources: Mapping[str, Source], target: Target) -> Imported:
    """The project that renders the objects of the sources, by environment."""
    environments = [lifted_environment(env, source, target) for env, source in sources.items()]
    files = project_texts(environments, target)
    names = app_names(environments)
    encoded = {file: text.encode() for file, text in files.items()}
    setup, problems = set_up(target.project, encoded, frozenset(names), target.schemas)
    rendered, found = _rendered(files, names, setup)
    problems += found
    seen = [
        each
        for environment in environments
        for each in _proof(environment, rendered_objects(rendered[environment.env]))
    ]
    kept = [each for environment in environments for each in environment.rest]
    kept += [
        Kept(environment.env, app.name, each, why_as_object(each, app))
        for environment in environments
        for app in environment.apps.values()
        for each in app.extras
    ]
    notes = [note for environment in environments for note in environment.notes]
    notes += [("", f"{each.env}: {sentence}") for each in environments for sentence in _about_fields(each)]
    notes += [("", sentence) for sentence in _about_names(environments)]
    return Imported(files, tuple(seen), tuple(kept), tuple(dict.fromkeys(notes)), tuple(problems))


def _about_names(environments: Sequence[LiftedEnvironment]) -> Iterator[str]:
    """Apps that have another name in each environment: rollspec cannot know that they are one."""
    first, *others = environments
    for other in others:
        pairs = renamed(_images(first), _images(other))
        if pairs:
            more = f", as {len(pairs) - 1} more of their apps have" if pairs[1:] else ""
            yield (
                f"{pairs[0].here} of {first.env} and {pairs[0].there} of {other.env} have one image{more}, but an app "
                "has one name in all environments: they stay two apps, and no version moves from one to the other. If "
                "kustomize makes the names (`namePrefix`, `nameSuffix`), docs/import.md says how to make them one app"
            )


def _images(environment: LiftedEnvironment) -> dict[str, str]:
    """The name of each app's image, without the registry."""
    return {name: str(app.spec["image"]).rpartition("/")[2] for name, app in environment.apps.items()}


def _about_fields(environment: LiftedEnvironment) -> Iterator[str]:
    for missing, name in environment.elsewhere.items():
        what = missing.replace("/", " ")
        yield f"the source has no {what}, which {name} needs: `external` says that the cluster has one"
    for name in environment.overlapping:
        yield f"a selector finds pods of {name} and of others: `overlappingSelectors` allows it, as they run like that"


def _rendered(files: Mapping[str, str], names: Sequence[str], setup: Setup) -> tuple[dict[str, Objects], list[Problem]]:
    """The objects of each environment, and what the pipeline found."""
    encoded = {file: text.encode() for file, text in files.items()}
    found = {env: objects_of(setup.resources[env]) for env in setup.environments}
    made: list[Rendered] = []
    for name in names:
        for rendered, objects in built(name, encoded, setup):
            found[rendered.env] |= objects
            made.append(rendered)
    problems = [problem for each in made for problem in each.problems]
    return found, problems + fleet_problems(setup, made, [*setup.environments], whole=True)


def _proof(environment: LiftedEnvironment, rendered: RenderedObjects) -> Iterator[Compared]:
    of = {each.identity: name for name, app in environment.apps.items() for each in app.objects}
    lifted = {
        each.identity: each
        for app in environment.apps.values()
        for each, _ in app.fields
        if each.identity not in environment.withheld
    }
    for each in environment.objects:
        source = lifted.get(each.identity, each)  # a Rollout has the template of its `workloadRef` there
        withheld = frozenset(environment.withheld.get(each.identity, ()))
        yield compared(environment.env, of.get(each.identity, ""), source, rendered, withheld)
