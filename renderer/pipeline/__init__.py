"""The pipeline: from the files of one app to its rendered files, in steps without side effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import starmap
from typing import Any, NamedTuple

from renderer.argocd import NOT_DRIVEN, Driven, driven_of
from renderer.layout import HEADER, KUSTOMIZATION
from renderer.manifest import Manifest
from renderer.overlay import Document, Effective, Environment, Layer
from renderer.pipeline.assembly import Assembled, assembling
from renderer.pipeline.evaluation import Evaluated, Evaluation, evaluate, evaluating, read_app
from renderer.pipeline.in_step import Stepwise, alone
from renderer.pipeline.output_checks import checking, scene_of
from renderer.pipeline.positions import Locator, of_effective
from renderer.pipeline.setup import Setup
from renderer.problem import Problem, errors
from renderer.render import bootstrap
from renderer.rules import Claim, claims
from renderer.rules.shared_quota import quota_use
from renderer.schema import Schemas
from renderer.yamlio import dump


class Rendered(NamedTuple):
    """One app in one environment: the results of the pipeline and the problems it found.

    `is_sound`: all steps were taken and no problem is an error. There are no files if it is not, nor where nobody
    needs their text.
    """

    env: str
    app: str
    files: Mapping[str, bytes] = {}
    problems: tuple[Problem, ...] = ()
    claims: tuple[Claim, ...] = ()
    matched: Mapping[str, bool] = {}  # source of a patch that matched -> it changed something
    hosts: tuple[str, ...] = ()
    driven: Driven = NOT_DRIVEN  # what controllers, not Git, write into its objects
    is_sound: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        """For another process, as plain tuples, which takes half the time."""
        packed = [tuple(claim) for claim in self.claims]
        head = (self.env, self.app, self.files, self.problems)
        return _received, ((*head, packed, self.matched, self.hosts, tuple(self.driven), self.is_sound),)


def _received(fields: Sequence[Any]) -> Rendered:
    *head, packed, matched, hosts, driven, is_sound = fields
    given = [*head, tuple(starmap(Claim, packed)), matched, hosts, Driven(*driven), is_sound]
    return Rendered(*given)


class _Wanted(NamedTuple):
    """Whether only the stable versions are rendered, and whether somebody needs the text of the manifests."""

    stable_only: bool = False
    text: bool = True


def build_app(
    name: str,
    texts: Mapping[str, bytes],
    setup: Setup,
    envs: Sequence[str],
    *,
    stable_only: bool = False,
) -> list[Rendered]:
    """Every environment of one app; `texts` are the bytes of its spec, its partial apps and the resources they name."""
    return alone(building(name, texts, setup, envs, stable_only=stable_only))


def building(
    name: str,
    texts: Mapping[str, bytes],
    setup: Setup,
    envs: Sequence[str],
    *,
    stable_only: bool = False,
    text: bool = True,
) -> Stepwise[list[Rendered]]:
    """`build_app` as a generator that stops after each step, so that many apps can take each step together.

    Without `text`, which is the last step, there are no files.

    The steps of each environment: evaluate, render, template, patch, check, write as text.
    """
    document, problems = read_app(name, texts, setup)
    if document is None:
        return [Rendered("", name, problems=tuple(problems))]
    wanted = [setup.environments[env] for env in envs if is_in(setup.environments[env], name)]
    if not any(is_in(environment, name) for environment in setup.environments.values()):
        return [_check_alone(document, name, texts, setup.schemas)]
    made = []
    for environment in wanted:
        yield
        evaluation = yield from evaluating(document, environment, texts, setup)
        made.append((yield from _build(name, evaluation, environment, texts, setup, _Wanted(stable_only, text))))
    return made


def outline(
    name: str,
    texts: Mapping[str, bytes],
    setup: Setup,
    envs: Sequence[str],
    *,
    stable_only: bool = False,
) -> list[Rendered]:
    """What Argo CD's objects need to know about an app in each of its environments, without files."""
    document, wrong = read_app(name, texts, setup)
    if document is None:
        return [Rendered(env, name, problems=tuple(wrong)) for env in envs]
    found = []
    for environment in (setup.environments[env] for env in envs):
        evaluated, problems = evaluate(document, environment, texts, setup)
        if evaluated is None:
            located = Locator({**setup.texts, **texts}).locate(problems)
            found.append(Rendered(environment.name, name, problems=located))
        else:
            app = bootstrap(evaluated.app) if stable_only else evaluated.app
            found.append(Rendered(environment.name, name, driven=driven_of(app)))
    return found


def is_in(environment: Environment, app: str) -> bool:
    """Whether the environment has the app."""
    return environment.apps is None or app in environment.apps


def build_evaluated(
    name: str, evaluation: Evaluation, environment: Environment, texts: Mapping[str, bytes], setup: Setup
) -> Rendered:
    """One environment of an app whose spec is evaluated already."""
    return alone(_build(name, evaluation, environment, texts, setup, _Wanted()))


def _build(
    name: str,
    evaluation: Evaluation,
    environment: Environment,
    texts: Mapping[str, bytes],
    setup: Setup,
    wanted: _Wanted,
) -> Stepwise[Rendered]:
    """The pipeline of one environment after its first step, `evaluate`."""
    locator = Locator({**setup.texts, **texts})
    evaluated, problems = evaluation
    if evaluated is None:
        return Rendered(environment.name, name, problems=locator.locate(problems))
    yield
    app = bootstrap(evaluated.app) if wanted.stable_only else evaluated.app
    made = yield from assembling(evaluated, app, environment, texts, setup)
    yield
    return (yield from finishing((evaluated, problems), made, environment, setup, locator, text=wanted.text))


def finishing(
    evaluation: tuple[Evaluated, list[Problem]],
    made: Assembled,
    environment: Environment,
    setup: Setup,
    locator: Locator,
    *,
    text: bool,
) -> Stepwise[Rendered]:
    """The last steps of the pipeline, check and write as text, as a generator that stops between them."""
    evaluated, problems = evaluation
    app, name = made.app, made.app.name
    problems = [*problems, *made.problems, *(yield from checking(evaluated, made, setup, environment))]
    matched: dict[str, bool] = {}
    for number, patch in enumerate(made.patches):
        if number not in made.missed:  # one item of `patches` may hold several
            matched[patch.source] = matched.get(patch.source, False) or number not in made.idle
    if errors(problems):
        return Rendered(environment.name, name, problems=locator.locate(problems), matched=matched)
    yield
    files: Mapping[str, bytes] = {}
    if text:
        first_line = header(evaluated.documents[0].file, environment)
        files = to_files(made.manifests, setup, environment, name, first_line)
    yield
    hosts = tuple(app.spec.get("istio", {}).get("hosts", ()))
    claimed = claims(made.manifests, name, made.index, app.namespace, in_one_sync=setup.project.in_one_sync)
    if "ResourceQuota" in setup.resource_kinds.get(environment.name, ()):
        claimed += quota_use(scene_of(evaluated, made, setup, environment), name)
    found, driven = locator.locate(problems), driven_of(app)
    return Rendered(environment.name, name, files, found, claimed, matched, hosts, driven, is_sound=True)


def header(app_file: str, environment: Environment) -> str:
    """The first line of a generated file: it says that the file is generated, and from what.

    It names folders of overlays, not their files: so a first release, which adds a partial app, changes no other
    manifest.
    """
    folders = [document.file.rpartition("/")[0] for document in reversed(environment.chain)]
    return f"{HEADER}{', '.join((app_file, *folders))}; edits here are lost\n"


def to_files(
    manifests: Sequence[Manifest], setup: Setup, environment: Environment, name: str, first_line: str
) -> dict[str, bytes]:
    """Paths and bytes of the rendered manifests."""
    folder = setup.layout.manifests(environment.name, name)
    files = {f"{folder}/{manifest.file}": (first_line + dump(manifest.data)).encode() for manifest in manifests}
    if setup.project.kustomization:
        data: dict[str, Any] = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [manifest.file for manifest in manifests],
        }
        files[f"{folder}/{KUSTOMIZATION}"] = (first_line + dump(data)).encode()
    return files


def _check_alone(document: Document, name: str, texts: Mapping[str, bytes], schemas: Schemas) -> Rendered:
    """Checks the file of an app that no environment has."""
    faults = schemas.explain("App", document.data, partial=True)
    effective = Effective(document.data, (Layer(document, "App"),))
    found = of_effective(effective, faults)
    message = "no environment has this app: add it to the `apps` of an overlay, or delete the file"
    found.append(Problem(document.file, 1, 1, "app-nowhere", message, severity="warning"))
    return Rendered("", name, problems=Locator(texts).locate(found))
