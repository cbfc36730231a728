"""Checks across apps, in one environment or several: the same object twice, a patch that matches nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from operator import itemgetter

from renderer.argocd import Driven, application_name
from renderer.layout import HEADER, holds
from renderer.manifest import Manifest
from renderer.patch import WITHOUT_EFFECT
from renderer.pipeline import Rendered
from renderer.pipeline.argocd_objects import (
    RESOURCES,
    application_names,
    argocd_objects,
    argocd_patches,
    argocd_problems,
)
from renderer.pipeline.assembly import IDLE, UNMATCHED
from renderer.pipeline.positions import Locator, of_written
from renderer.pipeline.setup import Setup
from renderer.problem import Problem, Severity, errors
from renderer.project import numbers
from renderer.rules import Claim, Clash, Scene, check_resources, claims, fleet, is_for_a_cluster, is_of_namespace
from renderer.rules.claims import application_claim
from renderer.rules.finding import correct
from renderer.rules.fleet import is_of_argocd, waits_for_rollouts, without_service
from renderer.rules.shared_quota import quota_use, quotas_of_one_app, quotas_shared
from renderer.yamlio import dump

ARGOCD = "_argocd"
_OURS = "_objects for Argo CD"  # who claims them; no app has such a name


def fleet_problems(setup: Setup, rendered: Iterable[Rendered], envs: Sequence[str], *, whole: bool) -> list[Problem]:
    """Problems across the rendered apps; `whole` says that these are all apps of the environments."""
    claimed: dict[str, list[tuple[str, Claim]]] = {env: [] for env in envs}
    matched: dict[str, dict[str, bool]] = {env: {} for env in envs}
    apps: dict[str, list[tuple[str, Driven]]] = {env: [] for env in envs}
    failed: set[str] = set()
    for each in rendered:
        if each.env in claimed:
            apps[each.env].append((each.app, each.driven))
            claimed[each.env] += [(each.app, claim) for claim in each.claims]
            for source, changed in each.matched.items():
                matched[each.env][source] = matched[each.env].get(source, False) or changed
            if not each.is_sound:
                failed.add(each.env)
        elif errors(each.problems):  # a spec that cannot be read may belong to any of them
            failed |= {*envs}
    every = {env: [*claimed[env], *((RESOURCES, claim) for claim in _claims_of_resources(setup, env))] for env in envs}
    found = [problem for env in envs for problem in _clashes(setup, env, every[env])]
    found += [problem for env in envs for problem in _waits(setup, env, every[env])]
    if whole:
        found += [problem for env in envs for problem in _of_resources(setup, env, claimed[env])]
        found += [problem for env in envs for problem in _own_quotas(setup, env, claimed[env])]
        found += [problem for env in envs if env not in failed for problem in _backends(setup, env, every[env])]
        found += [problem for env in envs if env not in failed for problem in argocd_problems(setup, env, apps[env])]
        found += [problem for env in envs if env not in failed for problem in _idle_patches(setup, env, matched[env])]
    return without_repeats(setup, Locator(setup.texts).locate(found))


def without_repeats(setup: Setup, problems: Iterable[Problem]) -> list[Problem]:
    """The problems, but if a template causes one in many apps, only the first of them."""
    first: dict[tuple[object, ...], Problem] = {}
    for problem in sorted(problems):
        message = "" if holds(setup.layout.templates, problem.file) else problem.message
        first.setdefault(astuple(replace(problem, message=message)), problem)
    return [*first.values()]


def shared_in_clusters(setup: Setup, rendered: Sequence[Rendered]) -> list[Problem]:
    """Environments of one cluster that render the same object: each would overwrite the other's, again and again.

    If neither names its `cluster`, they may be in different ones: a warning, which leaves out hosts, because clusters
    often share them, and `resources`, because an overlay that extends another inherits them.
    """
    clusters = clusters_shared(setup)
    first: dict[tuple[str, tuple[str, ...]], str] = {}  # by cluster and claim
    shared: dict[tuple[str, str], list[Claim]] = {}
    for env, claimed in _claims_by_env(setup, rendered, clusters) if clusters else ():
        cluster = clusters[env]
        for claim in claimed:
            if cluster or claim.rule == "object-once":
                other = first.setdefault((cluster, claim[:2]), env)
                if other != env and is_for_a_cluster(claim):
                    shared.setdefault((other, env), []).append(claim)
    pairs = [(*pair, common) for (one, other), common in shared.items() for pair in ((one, other), (other, one))]
    locator = Locator(setup.texts)
    found = [problem for pair in pairs for problem in _shared(setup, *pair, known=bool(clusters[pair[0]]))]
    return [*locator.locate([*found, *application_names(setup, rendered)])]


def _claims_by_env(
    setup: Setup, rendered: Sequence[Rendered], clusters: Mapping[str, str]
) -> Iterator[tuple[str, Iterable[Claim]]]:
    """The claims of apps, and of the `resources` of those environments that name their cluster."""
    for each in rendered:
        if each.env in clusters:
            yield each.env, each.claims
    for env in sorted({each.env for each in rendered}):
        if clusters.get(env):
            yield env, _claims_of_resources(setup, env)


def clusters_shared(setup: Setup) -> dict[str, str]:
    """The environments that share a cluster with another one, and the cluster: empty if it is not named."""
    given = {env: environment.spec.get("cluster") for env, environment in setup.environments.items()}
    texts = {env: json.dumps(cluster, sort_keys=True) if cluster else "" for env, cluster in given.items()}
    times = Counter(texts.values())
    return {env: text for env, text in texts.items() if times[text] > 1}


def resource_files(setup: Setup, env: str) -> Mapping[str, bytes]:
    """The files of an environment's `resources`."""
    first_line = _first_line(setup, env)
    return {
        f"{setup.layout.output}/{env}/{RESOURCES}/{manifest.file}": (first_line + dump(manifest.data)).encode()
        for manifest in setup.resources[env]
    }


def argocd_files(setup: Setup, rendered: Iterable[Rendered], envs: Sequence[str]) -> dict[str, bytes]:
    """Argo CD's objects of each environment, from all of its apps that have no errors.

    They are outside the folder that Argo CD applies.
    """
    wanted = setup.project.argocd
    if wanted is None:
        return {}
    apps: dict[str, list[tuple[str, Driven]]] = {env: [] for env in envs}
    for each in rendered:
        if each.env in apps and not errors(each.problems):
            apps[each.env].append((each.app, each.driven))
    found = {}
    for env, listed in apps.items():
        first_line = _first_line(setup, env)
        for manifest in argocd_objects(setup, wanted, env, sorted(listed, key=itemgetter(0))):
            path = f"{setup.layout.output}/{ARGOCD}/{manifest.file}"
            found[path] = (first_line + dump(manifest.data)).encode()
    return found


def argocd_manifests(setup: Setup, env: str) -> list[Manifest]:
    """Argo CD's objects of an environment, without its apps; empty if the project has none."""
    wanted = setup.project.argocd
    return argocd_objects(setup, wanted, env, []) if wanted and env in setup.environments else []


def argocd_file(env: str) -> str:
    """The file of an environment's object, in the output folder."""
    return f"{ARGOCD}/{env}.yaml"


def _first_line(setup: Setup, env: str) -> str:
    sources = ", ".join(document.file for document in setup.environments[env].chain)
    return f"{HEADER}{sources}; edits here are lost\n"


def _of_argocd(setup: Setup, env: str, claimed: Sequence[tuple[str, Claim]]) -> list[Claim]:
    """Claims of the objects that rollspec writes for Argo CD, and of the Applications that an ApplicationSet makes.

    Nothing where no app and no resource of the environment has an object of these kinds.
    """
    argocd = setup.project.argocd
    if argocd is None or not any(is_of_argocd(claim) for _, claim in claimed):
        return []
    file, made = argocd_file(env), claims(argocd_manifests(setup, env), _OURS, namespace="")
    found = [claim._replace(file=file) for claim in made if is_of_argocd(claim)]
    if argocd.kind == "ApplicationSet":
        names = {application_name(argocd, env, app) for app, _ in claimed}
        found += [application_claim(name, argocd.namespace, _OURS, file) for name in sorted(names)]
    return found


def _claims_of_resources(setup: Setup, env: str) -> tuple[Claim, ...]:
    """What the environment's `resources` claim."""
    return claims(setup.resources.get(env, ()), RESOURCES, namespace=_namespace(setup, env))


def _clashes(setup: Setup, env: str, claimed: list[tuple[str, Claim]]) -> list[Problem]:
    """Of the apps and of the environment's `resources`."""
    ours = [(_OURS, claim) for claim in _of_argocd(setup, env, claimed)]
    may_overlap = setup.environments[env].spec.get("overlappingSelectors", ())
    found = []
    for clash in fleet([*claimed, *ours], may_overlap):
        if clash.claim.owner == _OURS:
            continue  # it is shown at the other object
        app, template = clash.claim.owner, _template_of(setup, clash)
        file = _file_of(setup, env, app)
        message = f"{clash.message} (in {env}: {clash.claim.file} at {clash.claim.pointer or '/'})"
        if template:
            message = f"{clash.message} (as for {app} in {env})"
            found.append(Problem(template, 0, 0, clash.rule, message, clash.claim.pointer))
        else:
            found.append(Problem(file, 1, 1, clash.rule, message))
    return found


def _of_resources(setup: Setup, env: str, claimed: Sequence[tuple[str, Claim]]) -> Iterator[Problem]:
    """Findings of the rules in the environment's `resources`, shown at the overlay that names them."""
    resources = setup.resources.get(env, ())
    spec, versions = setup.environments[env].spec, setup.project.versions
    if not resources:
        return
    scene = Scene(
        resources,
        kubernetes=numbers(versions.kubernetes),
        rollouts=numbers(versions.argo_rollouts),
        istio=numbers(versions.istio),
        external=frozenset(spec.get("external", ())),
        not_secret=setup.project.not_secret,
    )
    own = [("the environment's resources", use) for use in quota_use(scene, RESOURCES)]
    shared = quotas_shared(scene, _namespace(setup, env), [*claimed, *own])
    for finding in (*check_resources(scene), *shared):
        if finding.manifest is not None and finding.manifest.written is not None:
            yield of_written(finding.manifest, finding.manifest.written, finding)


def _waits(setup: Setup, env: str, claimed: list[tuple[str, Claim]]) -> Iterator[Problem]:
    """With one Application for the environment: objects that wait for another app's Rollout while it is paused."""
    if not setup.project.in_one_sync:
        return
    for claim, other in waits_for_rollouts(claimed):
        file = _file_of(setup, env, claim.owner)
        message = (
            f"it waits for Rollout {other.key.partition('|')[2]} of app {other.owner} while that is paused: the "
            f"Application of {env} applies all apps in one sync (in {env}: {claim.file} at {claim.pointer})"
        )
        yield Problem(file, 1, 1, "sync-waves", message, severity="warning")


def _file_of(setup: Setup, env: str, owner: str) -> str:
    """The file in which what an owner claims is shown: the environment's overlay for its `resources`."""
    return setup.environments[env].chain[0].file if owner == RESOURCES else setup.layout.app(owner)


def _backends(setup: Setup, env: str, claimed: list[tuple[str, Claim]]) -> Iterator[Problem]:
    """Backends of Ingresses, routes and plain VirtualServices whose Service neither an app nor `resources` have."""
    external = setup.environments[env].spec.get("external", ())
    for claim, service in without_service(claimed):
        if f"Service/{service}" not in external:
            file = _file_of(setup, env, claim.owner)
            cure = correct("name", "Service", service)
            message = f"there is no Service {service} in this tree: {cure} (in {env}: {claim.file} at {claim.pointer})"
            severity: Severity = "error" if claim.rule == "route-destinations" else "warning"
            yield Problem(file, 1, 1, claim.rule, message, severity=severity)


def _own_quotas(setup: Setup, env: str, claimed: Sequence[tuple[str, Claim]]) -> Iterator[Problem]:
    """Quotas among an app's own manifests: the other apps of the namespace are not compared with them."""
    for claim, message in quotas_of_one_app(claimed):
        yield Problem(
            setup.layout.app(claim.owner), 1, 1, "quota", f"{message} (in {env}: {claim.file})", severity="note"
        )


def _template_of(setup: Setup, clash: Clash) -> str | None:
    """The template that renders the same object in both apps, if one does."""
    is_one_template = clash.rule == "object-once" and clash.claim.file == clash.other.file
    return next((each.file for each in setup.templates if is_one_template and each.target == clash.claim.file), None)


def _shared(setup: Setup, env: str, other: str, claimed: Sequence[Claim], *, known: bool) -> Iterator[Problem]:
    """One problem for all objects, and one for hosts, which another namespace would not separate."""
    file, namespace = setup.environments[env].chain[0].file, _namespace(setup, env)
    objects = [claim for claim in claimed if claim.rule == "object-once"]
    hosts = [claim for claim in claimed if claim.rule == "host-once"]
    if objects:
        hosts = [claim for claim in hosts if not is_of_namespace(claim, namespace)]
        has_namespace = any(" in " in claim.key.partition("|")[0] for claim in objects)
        cure = "give one of them another namespace" if has_namespace else "keep it in one of the two alone"
        cure = cure if known else f"set `cluster` in each, or {cure}"
        message = f"the environment {other} renders {_listed(objects)} too: {cure}"
        yield Problem(file, 0, 0, "object-once", message, "/spec/namespace", "error" if known else "warning")
    if hosts:
        cure = "give one of the two a host of its own"
        message = f"the host {_listed(hosts)} is routed by the environment {other} too: {cure}"
        yield Problem(file, 0, 0, "host-once", message, "/spec/cluster")


def _namespace(setup: Setup, env: str) -> str:
    return setup.environments[env].spec.get("namespace") or "default"


def _listed(claimed: Sequence[Claim]) -> str:
    keys = sorted({claim.key.partition("|")[0] for claim in claimed})
    return f"{keys[0]} (and {len(keys) - 1} more)" if len(keys) > 1 else keys[0]


def _idle_patches(setup: Setup, env: str, matched: Mapping[str, bool]) -> list[Problem]:
    """The overlay's own patches that matched or changed nothing in any app; an inherited patch may do so."""
    own = setup.environments[env].chain[0].file
    found = []
    elsewhere = {patch.source for patch in argocd_patches(setup, env)}
    for source in dict.fromkeys(patch.source for patch in setup.patches[env]):
        file, _, pointer = source.partition("#")
        if file != own or source in elsewhere:
            continue
        if source not in matched:
            message = "the patch matches no manifest of this environment: correct its target, or remove the patch"
            found.append(Problem(file, 0, 0, UNMATCHED, message, pointer))
        elif not matched[source]:
            found.append(Problem(file, 0, 0, IDLE, WITHOUT_EFFECT, pointer, "warning"))
    return found
