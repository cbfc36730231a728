"""Check: the manifests of an app are judged, and each finding is traced to its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from renderer.manifest import Manifest
from renderer.overlay import Environment
from renderer.patch import apply, last_changes
from renderer.pipeline.assembly import Assembled
from renderer.pipeline.evaluation import Evaluated
from renderer.pipeline.faults import faults_of
from renderer.pipeline.in_step import Stepwise, alone
from renderer.pipeline.policy_line import with_policy_line
from renderer.pipeline.positions import Blame, Source, in_manifest, of_findings, of_manifest
from renderer.pipeline.setup import Setup
from renderer.plain import equal, lookup
from renderer.problem import Problem, errors
from renderer.project import numbers
from renderer.release.steps import pinning_steps
from renderer.rules import check, check_in_parts
from renderer.rules.as_rendered import as_rendered
from renderer.rules.contradictions import Change, changed, release_contradicted, service_removed
from renderer.rules.finding import Finding, Scene
from renderer.rules.ladder import check_ladder, check_pinned
from renderer.rules.lost_ports import patch_loses_port
from renderer.rules.spec_table import check_rendered
from renderer.rules.specs import SpecScene, answers_only_matched, shares_by_replicas
from renderer.schema import Schemas
from renderer.spec import App


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
    if problems or made.lacks:
        return problems
    yield
    scene = scene_of(evaluated, made, setup, environment)
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


def scene_of(evaluated: Evaluated, made: Assembled, setup: Setup, environment: Environment) -> Scene:
    """What the rules look at."""
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
    return frozenset(map(_key, check(scene.with_manifests(made.unpatched))))


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


def _key(finding: Finding) -> object:
    return finding.rule, finding.message, finding.pointer, finding.manifest and finding.manifest.file
