"""A project in memory: its apps as the pipeline would render them from the disk, faults or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from renderer.layout import Layout
from renderer.manifest import Identity, Manifest
from renderer.overlay import Document
from renderer.pipeline import Rendered, finishing, is_in
from renderer.pipeline.assembly import assemble
from renderer.pipeline.evaluation import evaluate, read_app
from renderer.pipeline.in_step import alone
from renderer.pipeline.output_checks import check_manifests
from renderer.pipeline.positions import Locator
from renderer.pipeline.setup import Setup, named
from renderer.problem import Problem, errors

Objects = dict[Identity, Mapping[str, Any]]


def built(app: str, files: Mapping[str, bytes], setup: Setup) -> Iterator[tuple[Rendered, Objects]]:
    """What the pipeline finds of an app in each environment, and its objects; none if the spec itself is wrong."""
    texts = _texts(app, files, setup.layout, [*setup.environments])
    document, problems = read_app(app, texts, setup)
    locator = Locator({**setup.texts, **texts})
    for environment in setup.environments.values():
        if not is_in(environment, app):
            continue
        evaluated, found = evaluate(document, environment, texts, setup) if document else (None, problems)
        if evaluated is None:
            yield Rendered(environment.name, app, problems=locator.locate(found)), {}
            continue
        made = assemble(evaluated, evaluated.app, environment, texts, setup)
        steps = finishing((evaluated, found), made, environment, setup, locator, text=False)
        yield alone(steps), objects_of(made.manifests)


def tried(document: Document, setup: Setup, *, patched: bool = False) -> tuple[Objects, list[Problem]]:
    """The objects that an app spec renders in the only environment, unless something makes that impossible.

    With `patched`, what is wrong with its patches is a problem too.
    """
    (environment,) = setup.environments.values()
    evaluated, problems = evaluate(document, environment, {}, setup)
    if evaluated is None:
        return {}, problems
    made = assemble(evaluated, evaluated.app, environment, {}, setup)
    problems += made.problems
    if patched and not errors(problems):
        found = check_manifests(evaluated, made, setup, environment)
        problems += [each for each in found if each.pointer.startswith("/spec/patches")]
    return objects_of(made.manifests), problems


def objects_of(manifests: Iterable[Manifest]) -> Objects:
    """The objects of manifests."""
    return {manifest.identity: manifest.data for manifest in manifests}


def _texts(app: str, files: Mapping[str, bytes], layout: Layout, envs: Sequence[str]) -> dict[str, bytes]:
    """The files that an app is made of."""
    specs = [layout.app(app), *(layout.partial(env, app) for env in envs)]
    found = {file: files[file] for file in specs if file in files}
    for file, text in [*found.items()]:
        found.update(_extra(file, text, files))
    return found


def _extra(file: str, text: bytes, files: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    for _, path in named(file, text, "extraResources"):
        if path in files:
            yield path, files[path]
