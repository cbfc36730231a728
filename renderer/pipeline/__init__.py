"""The pipeline: from the files of one app to its rendered files, in steps without side effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import pairwise, starmap
from typing import Any, NamedTuple

from renderer.argocd import NOT_DRIVEN, Driven, driven_of
from renderer.checks import with_settings
from renderer.layout import HEADER, KUSTOMIZATION
from renderer.manifest import Manifest
from renderer.overlay import Document, Effective, Environment, Layer, SpecItem, effective, inherited
from renderer.patch import Patch, PatchFault, apply, last_changes
from renderer.pipeline.faults import faults_of
from renderer.pipeline.in_step import Stepwise, alone
from renderer.pipeline.policy_line import with_policy_line
from renderer.pipeline.positions import (
    Blame,
    Locator,
    Source,
    in_manifest,
    of_document,
    of_effective,
    of_findings,
    of_manifest,
)
from renderer.pipeline.setup import (
    ResourceMetadata,
    Setup,
    idle,
    objects_of,
    patch_problem,
    read_document,
    read_patches,
    read_resources,
    unlabelled,
)
from renderer.pipeline.workload import has_workload, no_workload
from renderer.plain import equal, escape, lookup
from renderer.problem import Problem, errors
from renderer.project import numbers
from renderer.release.steps import pinning_steps
from renderer.render import bootstrap, render
from renderer.rules import Claim, check, check_in_parts, claims
from renderer.rules.as_rendered import as_rendered
from renderer.rules.contradictions import Change, changed, release_contradicted, service_removed
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Index, index
from renderer.rules.ladder import check_ladder, check_pinned
from renderer.rules.lost_ports import patch_loses_port
from renderer.rules.shared_quota import quota_use
from renderer.rules.specs import SpecScene, answers_only_matched, check_rendered, check_spec, shares_by_replicas
from renderer.rules.together import quotas_of
from renderer.schema import Schemas
from renderer.schema.words import listed
from renderer.spec import API_VERSION, OBJECT_LABELS, VERSION_STATES, App, Around, app_of, merge
from renderer.yamlio import dump

_HEAD = {"apiVersion": API_VERSION, "kind": "App"}
UNWRITTEN: Mapping[str, bytes] = {"": b""}  # in place of files whose text nobody needs
UNMATCHED, IDLE = "patch-unmatched", "patch-without-effect"
_BELONGS = "keep a plain manifest outside this folder, and name it under an app's `extraResources`"


@dataclass(frozen=True, slots=True)
class Rendered:
    """One app in one environment: the results of the pipeline and the problems it found."""

    env: str
    app: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    claims: tuple[Claim, ...] = ()
    matched: Mapping[str, bool] = field(default_factory=dict)  # source of a patch that matched -> it changed something
    hosts: tuple[str, ...] = ()
    driven: Driven = NOT_DRIVEN  # what controllers, not Git, write into its objects

    def __reduce__(self) -> tuple[Any, ...]:
        """For another process, as plain tuples, which takes half the time."""
        claims = [tuple(claim) for claim in self.claims]
        head = (self.env, self.app, self.files, self.problems)
        return _received, ((*head, claims, self.matched, self.hosts, tuple(self.driven)),)


def _received(fields: Sequence[Any]) -> Rendered:
    *head, claims, matched, hosts, driven = fields
    given = [*head, tuple(starmap(Claim, claims)), matched, hosts, Driven(*driven)]
    return Rendered(*given)


class _Wanted(NamedTuple):
    """Whether only the stable versions are rendered, and whether somebody needs the text of the manifests."""

    stable_only: bool = False
    text: bool = True


@dataclass(frozen=True, slots=True)
class Evaluated:
    """An app's effective spec as a value, and its layers."""

    app: App
    effective: Effective
    documents: tuple[Document, ...]  # the app spec, then the partial apps, nearest first


Evaluation = tuple[Evaluated | None, list[Problem]]  # None: the problems have an error


@dataclass(frozen=True)
class Assembled:
    """An app's manifests before they are checked, by file; `missed` are the indexes of patches that matched nothing.

    `idle` are the indexes of patches that did not change anything that they matched.
    """

    app: App
    manifests: tuple[Manifest, ...]
    rendered: tuple[Manifest, ...]  # before the templates
    unpatched: tuple[Manifest, ...]
    patches: tuple[Patch, ...]
    missed: frozenset[int]
    idle: frozenset[int]
    problems: tuple[Problem, ...]

    @cached_property
    def index(self) -> Index:
        """The index of `manifests`, which need to be valid by their schemas."""
        return index(self.manifests)


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

    Without `text`, which is the last step, the files are UNWRITTEN.

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


def read_app(name: str, texts: Mapping[str, bytes], setup: Setup) -> tuple[Document | None, list[Problem]]:
    """An app spec alone, before anything is merged with it: a mapping with the app's name and a spec."""
    file = setup.layout.app(name)
    document, problems = read_document(file, texts[file], "App", setup.schemas)
    if document is not None:
        problems = _check_name(document, name)
    return (None, [*Locator(texts).locate(problems)]) if problems else (document, [])


def is_in(environment: Environment, app: str) -> bool:
    """Whether the environment has the app."""
    return environment.apps is None or app in environment.apps


def evaluate(document: Document, environment: Environment, texts: Mapping[str, bytes], setup: Setup) -> Evaluation:
    """The first half of the pipeline: merge, check against the schema, check the fields against each other."""
    return alone(evaluating(document, environment, texts, setup))


def evaluating(
    document: Document, environment: Environment, texts: Mapping[str, bytes], setup: Setup
) -> Stepwise[Evaluation]:
    """`evaluate` as a generator that stops between its steps."""
    name = str(document.data["metadata"]["name"])
    partials, problems = _partials(name, environment, texts, setup)
    is_whole = not problems
    problems += _idle(document, environment, partials)
    yield
    merged = effective(environment, document, partials, setup.project.level)
    yield
    found = _check_schema(merged, setup.schemas)
    # A partial app with problems is left out, and may have what is missing.
    problems += found if is_whole else [each for each in found if each.rule != "missing-field"]
    if errors(problems):
        return None, problems
    yield
    app = _app(name, merged, environment, setup)
    if not app.namespace:
        message = f"no namespace: set `spec.namespace` in {environment.chain[0].file}, or in the app"
        return None, [Problem(environment.chain[0].file, 1, 1, "namespace", message, "/spec")]
    policy = environment.spec.get("policy") or {}
    pins_tag = "tags" not in policy or merged.locate("/spec/tag")[0] == setup.layout.partial(environment.name, name)
    yield
    findings = check_spec(SpecScene(app, policy, pins_tag))
    problems += of_findings(merged, with_policy_line(findings, environment, setup.texts))
    if errors(problems):
        return None, problems
    return Evaluated(app, merged, (document, *partials)), problems


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
    files: Mapping[str, bytes] = UNWRITTEN
    if text:
        first_line = header(evaluated.documents[0].file, environment)
        files = to_files(made.manifests, setup, environment, name, first_line)
    yield
    hosts = tuple(app.spec.get("istio", {}).get("hosts", ()))
    claimed = claims(made.manifests, name, made.index, app.namespace, in_one_sync=setup.project.in_one_sync)
    if quotas_of(setup.resource_kinds.get(environment.name, {}).get("ResourceQuota", ())):
        claimed += quota_use(_scene(evaluated, made, setup, environment), name)
    return Rendered(environment.name, name, files, locator.locate(problems), claimed, matched, hosts, driven_of(app))


def assemble(
    evaluated: Evaluated, app: App, environment: Environment, texts: Mapping[str, bytes], setup: Setup
) -> Assembled:
    """The second half of the pipeline without its checks: render `app`, template, patch."""
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
    problems += [*found, *unlabelled(own, app.labels, app.level)]
    own_patches, found = read_patches(_own(evaluated, "patches"))
    problems += found
    patches = (*setup.patches[environment.name], *own_patches)
    patched, faults = apply((*manifests, *own), patches)
    yield
    if app.takes_away:  # a patch may say what an abort gives by itself; nothing may stop that
        faults = [fault for fault in faults if fault.rule != IDLE]
    problems += _patch_problems(patches, faults, len(setup.patches[environment.name]))
    if not has_workload(patched):
        problems.append(no_workload(app.name, rendered, setup.templates, (*manifests, *own), patches))
    missed, idle = (frozenset(each.index for each in faults if each.rule == rule) for rule in (UNMATCHED, IDLE))
    in_order = tuple(sorted(patched, key=lambda manifest: manifest.file))
    problems += _files_twice(evaluated, in_order)
    return Assembled(app, in_order, rendered, (*manifests, *own), patches, missed, idle, tuple(problems))


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


def _check_name(document: Document, name: str) -> list[Problem]:
    metadata = document.data.get("metadata")
    given = metadata.get("name") if isinstance(metadata, dict) else None
    kind = document.data.get("kind")
    is_ours = str(document.data.get("apiVersion", "")).startswith("rollspec/")
    if kind not in (None, "App") and (given != name or not is_ours):
        message = f"an app spec must be of kind `App`, not `{kind}`: {_BELONGS}"
        return [Problem(document.file, 0, 0, "not-allowed-value", message, "/kind")]
    if given != name:
        other = f"write `metadata: {{name: {name}}}`" if given is None else f"not `{given}`"
        message = f"the file is {name}.yaml: the app's name must be `{name}`, {other}"
        return [Problem(document.file, 0, 0, "app-name", message, "/metadata/name")]
    if not isinstance(document.data.get("spec"), dict):
        return [_without_spec(document)]
    return []


def _without_spec(document: Document) -> Problem:
    """An app spec without `spec`: probably its fields were written one level too high."""
    too_high = [field for field in document.data if field not in (*_HEAD, "metadata", "spec")]
    if not too_high:
        missing = document.data.get("spec") is None
        message = "`spec` is missing" if missing else "`spec` must be a mapping"
        return Problem(document.file, 0, 0, "missing-field" if missing else "wrong-type", message, "/spec")
    message = f"`spec` is missing: the fields of an app belong under `spec:`, here {listed(too_high)}"
    return Problem(document.file, 0, 0, "missing-field", message, f"/{escape(too_high[0])}")


def _check_head(document: Document, schemas: Schemas) -> list[Problem]:
    """The header of a partial app; `metadata` and `spec` are merged and checked later."""
    head = {key: value for key, value in document.data.items() if key not in ("metadata", "spec")}
    if head == _HEAD:
        return []
    return of_document(document, schemas.explain("App", head, partial=True))


def _check_alone(document: Document, name: str, texts: Mapping[str, bytes], schemas: Schemas) -> Rendered:
    """Checks the file of an app that no environment has."""
    faults = schemas.explain("App", document.data, partial=True)
    alone = Effective(document.data, (Layer(document, "App"),))
    found = of_effective(alone, faults)
    message = "no environment has this app: add it to the `apps` of an overlay, or delete the file"
    found.append(Problem(document.file, 1, 1, "app-nowhere", message, severity="warning"))
    return Rendered("", name, problems=Locator(texts).locate(found))


def _partials(
    name: str, environment: Environment, texts: Mapping[str, bytes], setup: Setup
) -> tuple[list[Document], list[Problem]]:
    """The partial app files of the environment, and those that it inherits by `extends`, nearest first."""
    found, problems = [], []
    for overlay in environment.names:
        file = setup.layout.partial(overlay, name)
        if file not in texts:
            continue
        document, faults = read_document(file, texts[file], "App", setup.schemas)
        if document is not None:
            faults = [*_check_head(document, setup.schemas), *_check_name(document, name)]
            if not faults:
                found.append(document if overlay == environment.name else inherited(document))
        problems += faults
    return (found, problems) if not problems else ([], problems)


def _idle(document: Document, environment: Environment, partials: list[Document]) -> list[Problem]:
    """Problems for nulls that do not remove anything."""
    found: list[Problem] = []
    base: dict[str, Any] = {"spec": environment.spec.get("defaults") or {}}
    layers = (document, *reversed(partials))
    for layer in layers:
        found += idle(layer, base)
        if layer is not layers[-1]:
            base = merge(base, layer.data)
    return found


def _check_schema(merged: Effective, schemas: Schemas) -> list[Problem]:
    """The effective spec, and also with each version's own overrides merged in."""
    if not schemas.valid("App", merged.data):
        return of_effective(merged, schemas.explain("App", merged.data))
    problems = []
    spec = merged.data["spec"]
    for state in VERSION_STATES:
        overrides = spec.get(state, {}).get("overrides")
        if overrides:
            data = {**merged.data, "spec": merge(spec, overrides)}
            if not schemas.valid("App", data):
                problems += of_effective(merged, schemas.explain("App", data), f"/spec/{state}")
    return problems


def _app(name: str, merged: Effective, environment: Environment, setup: Setup) -> App:
    metadata = merged.data["metadata"]
    spec = with_settings(merged.data["spec"], environment.spec.get("analysis"))
    namespace = spec.get("namespace") or environment.spec.get("namespace") or ""
    around = Around(
        labels={**(environment.spec.get("labels") or {}), **metadata.get("labels", {})},
        annotations={**(environment.spec.get("annotations") or {}), **metadata.get("annotations", {})},
        cluster_domain=setup.project.cluster_domain,
        level=setup.project.level,
        waypoint=environment.spec.get("waypoint", ""),
        standard_labels=tuple(metadata.get("standardLabels", OBJECT_LABELS)),
    )
    return app_of(name, environment.name, spec, namespace=namespace, around=around)


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


def _last_source(made: Assembled, setup: Setup, whose: str) -> Blame:
    """The last patch that changed a manifest, else the template that rendered the faulty value for the app `whose`.

    None if neither did: then the value comes from the spec. A template may keep what was rendered before it.
    """
    changes: dict[str, int] | None = None  # computed for the first finding
    templates = {template.target: template.file for template in setup.templates}
    before = {manifest.file: manifest.data for manifest in made.rendered} if templates else {}

    def blame(manifest: Manifest, pointer: str) -> Source | None:
        nonlocal changes
        if changes is None:
            changes = last_changes(made.unpatched, made.patches)
        index = changes.get(manifest.file)
        if index is not None:
            file, _, patch_pointer = made.patches[index].source.partition("#")
            return Source(file, patch_pointer, in_manifest(manifest, pointer))
        kept = manifest.file in before and equal(lookup(before[manifest.file], pointer), lookup(manifest.data, pointer))
        template = None if kept else templates.get(manifest.file)
        return Source(template, pointer, f"as for {whose}") if template else None

    return blame


def _deciding_source(made: Assembled, setup: Setup, whose: str) -> Blame:
    """The patch that last changed the value, else the template that made the manifest."""
    templates = {template.target: template.file for template in setup.templates}

    def value(manifest: Manifest, pointer: str, count: int) -> Any:
        patched, _ = apply(made.unpatched, made.patches[:count])
        return next((lookup(each.data, pointer) for each in patched if each.file == manifest.file), None)

    def blame(manifest: Manifest, pointer: str) -> Source | None:
        final = lookup(manifest.data, pointer)
        for count in range(len(made.patches), 0, -1):
            if not equal(value(manifest, pointer, count - 1), final):
                file, _, patch_pointer = made.patches[count - 1].source.partition("#")
                return Source(file, patch_pointer, f"as for {whose}, in {manifest.file} at {pointer}")
        template = templates.get(manifest.file)
        return Source(template, pointer, f"as for {whose}") if template else None

    return blame


def check_manifests(evaluated: Evaluated, made: Assembled, setup: Setup, environment: Environment) -> list[Problem]:
    """Checks each manifest by the schema of its kind, then all of them by the rules, and the ladder as written."""
    return alone(checking(evaluated, made, setup, environment))


def checking(evaluated: Evaluated, made: Assembled, setup: Setup, environment: Environment) -> Stepwise[list[Problem]]:
    """`check_manifests` as a generator that stops between its steps."""
    whose = f"{evaluated.app.name} in {environment.name}"
    blame = _last_source(made, setup, whose)
    problems = []
    for manifest in made.manifests:
        faults = faults_of(manifest.data, setup.schemas)
        problems += of_manifest(evaluated.effective, manifest, faults, blame) if faults else []
    if problems:
        return problems
    yield
    scene = _scene(evaluated, made, setup, environment)
    changes = changed(made.rendered, made.manifests)
    contradicted = _contradictions(evaluated, made, changes, setup, whose)
    if errors(contradicted):
        return contradicted
    yield
    known_pods = setup.known_pods if len(setup.environments) > 1 else None  # otherwise no pod comes again
    found: list[Finding] = []
    for some in check_in_parts(scene, known_pods):
        found += some
        yield
    found += [
        *service_removed(made.rendered, made.manifests, scene.resources),
        *_of_counts(evaluated.app, scene),
        *(patch_loses_port(changes, scene.level) if made.patches else ()),
        *_of_release(evaluated.app, scene),
    ]
    known = _without_patches(made, scene, setup.schemas) if found and made.patches else frozenset()
    unpatched = _last_source(replace(made, patches=()), setup, whose) if known else blame
    return contradicted + [
        problem
        for finding in found
        for named in with_policy_line([finding], environment, setup.texts)
        for problem in of_findings(evaluated.effective, [named], unpatched if _key(finding) in known else blame)
    ]


def _of_counts(app: App, scene: Scene) -> list[Finding]:
    """Findings in a release that the number of pods decides."""
    return check_rendered(SpecScene(as_rendered(app, scene), scene.policy)) if shares_by_replicas(app) else []


def _of_release(app: App, scene: Scene) -> list[Finding]:
    """Findings in the steps of a release that are not rendered while nothing is in flight."""
    ladder = app.strategy.fields.get("steps")
    if ladder:
        return check_ladder(scene, app.name, ladder)
    pinning = [] if app.canary or not app.strategy.is_routed else pinning_steps(app)
    return check_pinned(scene, app.name, pinning) if pinning else []


def _scene(evaluated: Evaluated, made: Assembled, setup: Setup, environment: Environment) -> Scene:
    versions = setup.project.versions
    return Scene(
        made.manifests,
        setup.resources.get(environment.name, ()),
        kubernetes=numbers(versions.kubernetes),
        rollouts=numbers(versions.argo_rollouts),
        istio=numbers(versions.istio),
        policy=environment.spec.get("policy") or {},
        level=setup.project.level,
        namespace=evaluated.app.namespace,
        not_secret=setup.project.not_secret,
        external=frozenset(environment.spec.get("external", ())),
        waypoint=environment.spec.get("waypoint", ""),
        nodes=environment.spec.get("nodes", 0),
        only_matched=answers_only_matched(evaluated.app),
        indexed=made.index,
        sorted_resources=setup.resource_kinds.get(environment.name),
    )


def _contradictions(
    evaluated: Evaluated, made: Assembled, changes: Sequence[Change], setup: Setup, whose: str
) -> list[Problem]:
    """Patches that decide what the release state decides; notes where that stops a new version, since nothing may."""
    found = list(release_contradicted(changes))
    if evaluated.app.takes_away:
        found = [replace(finding, severity="note") for finding in found]
    return of_findings(evaluated.effective, found, _deciding_source(made, setup, whose))


def _without_patches(made: Assembled, scene: Scene, schemas: Schemas) -> frozenset[object]:
    """The keys of findings that the rules make without the patches too: patches did not cause them."""
    if any(faults_of(manifest.data, schemas) for manifest in made.unpatched):
        return frozenset()  # rules skip manifests that their schema refuses
    return frozenset(map(_key, check(replace(scene, manifests=made.unpatched))))


def _key(finding: Finding) -> object:
    return finding.rule, finding.message, finding.pointer, finding.manifest and finding.manifest.file
