"""Render, template, patch: an effective spec becomes manifests, which are not yet checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise

from renderer.manifest import Manifest
from renderer.overlay import Environment, SpecItem
from renderer.patch import Patch, PatchFault, apply
from renderer.pipeline.evaluation import Evaluated
from renderer.pipeline.in_step import Stepwise, alone
from renderer.pipeline.setup import (
    ResourceMetadata,
    Setup,
    objects_of,
    patch_problem,
    read_patches,
    read_resources,
    unlabelled,
)
from renderer.pipeline.workload import has_workload, no_workload
from renderer.problem import Problem, errors
from renderer.render import render
from renderer.rules.index import Index, index
from renderer.spec import App

UNMATCHED, IDLE = "patch-unmatched", "patch-without-effect"


@dataclass(frozen=True)
class Assembled:
    """An app's manifests before they are checked, by file; `missed` are the indexes of patches that matched nothing.

    `idle` are the indexes of patches that did not change anything that they matched. `lacks`: an object is missing,
    because its own file is wrong, so no rule can tell what is there.
    """

    app: App
    manifests: tuple[Manifest, ...]
    rendered: tuple[Manifest, ...]  # before the templates
    unpatched: tuple[Manifest, ...]
    patches: tuple[Patch, ...]
    missed: frozenset[int]
    idle: frozenset[int]
    problems: tuple[Problem, ...]
    lacks: bool = False

    @cached_property
    def index(self) -> Index:
        """The index of `manifests`, which need to be valid by their schemas."""
        return index(self.manifests)


def assemble(
    evaluated: Evaluated, app: App, environment: Environment, texts: Mapping[str, bytes], setup: Setup
) -> Assembled:
    """Render `app`, template, patch."""
    return alone(assembling(evaluated, app, environment, texts, setup))


def assembling(
    evaluated: Evaluated, app: App, environment: Environment, texts: Mapping[str, bytes], setup: Setup
) -> Stepwise[Assembled]:
    """`assemble` as a generator that stops between its steps."""
    rendered = render(app)
    yield
    manifests, problems = _with_templates(app, rendered, setup)
    objects = partial(objects_of, schemas=setup.schemas)
    given = ResourceMetadata(app.namespace, app.labels if app.level > 1 else {})
    own, found = read_resources(_own(evaluated, "extraResources"), texts, given, objects)
    lacks = bool(errors([*problems, *found]))
    problems += [*found, *unlabelled(own, app.labels, app.level)]
    own_patches, found = read_patches(_own(evaluated, "patches"))
    problems += found
    patches = (*setup.patches[environment.name], *own_patches)
    patched, faults = apply((*manifests, *own), patches)
    yield
    if app.takes_away:  # a patch may say what an abort gives by itself; nothing may stop that
        faults = [fault for fault in faults if fault.rule != IDLE]
    if lacks:  # what a patch matches may be missing
        faults = [fault for fault in faults if fault.rule != UNMATCHED]
    problems += _patch_problems(patches, faults, len(setup.patches[environment.name]))
    if not has_workload(patched):
        problems.append(no_workload(app.name, rendered, setup.templates, (*manifests, *own), patches))
    missed, idle = (frozenset(each.index for each in faults if each.rule == rule) for rule in (UNMATCHED, IDLE))
    in_order = tuple(sorted(patched, key=lambda manifest: manifest.file))
    problems += _files_twice(evaluated, in_order)
    return Assembled(app, in_order, rendered, (*manifests, *own), patches, missed, idle, tuple(problems), lacks)


def _with_templates(
    app: App, manifests: tuple[Manifest, ...], setup: Setup
) -> tuple[tuple[Manifest, ...], list[Problem]]:
    if not setup.templates:
        return manifests, []
    from renderer.render.templates import with_templates

    return with_templates(app, manifests, setup.templates)


def _files_twice(evaluated: Evaluated, in_order: Sequence[Manifest]) -> list[Problem]:
    """Two manifests with one file name: the second would overwrite the first. Only `extraResources` can cause it."""
    found = []
    for one, other in pairwise(in_order):
        if one.file == other.file:
            message = (
                f"{one.kind} {one.name} and {other.kind} {other.name} would both be written to {one.file}: "
                "rename the one under extraResources, or move it to an overlay's `resources`"
            )
            file, pointer = evaluated.effective.locate("/spec/extraResources")
            found.append(Problem(file, 0, 0, "file-once", message, pointer))
    return found


def _own(evaluated: Evaluated, key: str) -> tuple[SpecItem, ...]:
    """The items of the app's own `patches` or `extraResources`, with their pointers."""
    values = evaluated.effective.data["spec"].get(key)
    if not values:
        return ()
    file, pointer = evaluated.effective.locate(f"/spec/{key}")
    return tuple(SpecItem(file, f"{pointer}/{number}", value) for number, value in enumerate(values))


def _patch_problems(patches: Sequence[Patch], faults: Sequence[PatchFault], shared: int) -> list[Problem]:
    """An app's own patches must change something here; an overlay's (the first `shared`) in some app, see `fleet`."""
    found = []
    for fault in faults:
        file, _, pointer = patches[fault.index].source.partition("#")
        if fault.rule not in (UNMATCHED, IDLE) or fault.index >= shared:
            found.append(patch_problem(file, pointer, fault))
    return found
