"""What only the apps of an environment together show: two that claim the same, a patch that matches nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from renderer.argocd import NOT_DRIVEN, Driven, application, application_set, driven_in, ignored_differences
from renderer.build import UNMATCHED, Rendered
from renderer.build.places import Places
from renderer.build.setup import Setup
from renderer.layout import HEADER
from renderer.manifest import Manifest
from renderer.problem import Problem
from renderer.project import ArgoCD
from renderer.rules import Claim, claims, fleet
from renderer.yamlio import dump, load

RESOURCES = "_resources"
ARGOCD = "_argocd"


def fleet_problems(setup: Setup, rendered: Iterable[Rendered], envs: Sequence[str], *, whole: bool) -> list[Problem]:
    """Problems across the apps that were rendered; `whole` says that these are all apps of the environments."""
    claimed: dict[str, list[tuple[str, Claim]]] = {env: [] for env in envs}
    matched: dict[str, set[str]] = {env: set() for env in envs}
    failed: set[str] = set()
    for each in rendered:
        if each.env in claimed:
            claimed[each.env] += [(each.app, claim) for claim in each.claims]
            matched[each.env] |= each.matched
            if not each.files:
                failed.add(each.env)
    found = [problem for env in envs for problem in _clashes(setup, env, claimed[env])]
    if whole:
        found += [problem for env in envs if env not in failed for problem in _idle_patches(setup, env, matched[env])]
    return [*Places(setup.texts).put(found)]


def resource_files(setup: Setup, env: str) -> Mapping[str, bytes]:
    """The plain manifests that an environment takes along, as they are written."""
    first_line = _first_line(setup, env)
    return {
        f"{setup.layout.output}/{env}/{RESOURCES}/{manifest.file}": (first_line + dump(manifest.data)).encode()
        for manifest in setup.resources[env]
    }


def argocd_files(setup: Setup, rendered: Iterable[Rendered], envs: Sequence[str]) -> dict[str, bytes]:
    """Argo CD's Application or ApplicationSet of each environment, from all of its apps; outside what it applies."""
    wanted = setup.project.argocd
    if wanted is None:
        return {}
    apps: dict[str, list[tuple[str, Driven]]] = {env: [] for env in envs}
    for each in rendered:
        if each.env in apps:
            apps[each.env].append((each.app, each.driven))
    found = {}
    for env, listed in apps.items():
        manifest = _argocd(setup, wanted, env, sorted(listed, key=itemgetter(0)))
        first_line = _first_line(setup, env)
        path = f"{setup.layout.output}/{ARGOCD}/{manifest.file}"
        found[path] = (first_line + dump(manifest.data)).encode()
    return found


def argocd_updated(setup: Setup, rendered: Sequence[Rendered], texts: Mapping[str, bytes]) -> dict[str, bytes]:
    """Argo CD's objects with what these apps say now; of all others they keep saying what `texts` has of them."""
    wanted = setup.project.argocd
    found = {}
    for env in sorted({each.env for each in rendered if each.env} if wanted else ()):
        path = f"{setup.layout.output}/{ARGOCD}/{env}.yaml"
        said = driven_in(load(texts[path], path)[0]) if path in texts else None
        if wanted and said is not None:
            now = said | {each.app: each.driven for each in rendered if each.env == env}
            manifest = _argocd(setup, wanted, env, sorted((app, now[app]) for app in now if app != RESOURCES))
            found[path] = (_first_line(setup, env) + dump(manifest.data)).encode()
    return found


def _argocd(setup: Setup, wanted: ArgoCD, env: str, apps: list[tuple[str, Driven]]) -> Manifest:
    spec = setup.environments[env].spec
    namespace, cluster = spec.get("namespace") or "default", dict(spec.get("cluster") or {})
    folder = f"{setup.layout.output}/{env}"
    if wanted.kind == "Application":
        ignored = [entry for app, driven in apps for entry in ignored_differences(app, driven)]
        return application(wanted, env, namespace, cluster, folder, ignored)
    taken_along = [(RESOURCES, NOT_DRIVEN)] if setup.resources[env] else []
    return application_set(wanted, env, namespace, cluster, folder, [*taken_along, *apps])


def _first_line(setup: Setup, env: str) -> str:
    sources = ", ".join(document.file for document in setup.environments[env].chain)
    return f"{HEADER}{sources}; edits here are lost\n"


def _clashes(setup: Setup, env: str, claimed: list[tuple[str, Claim]]) -> list[Problem]:
    resources: Sequence[Manifest] = setup.resources.get(env, ())
    own = [(RESOURCES, claim) for claim in claims(resources, RESOURCES)]
    found = []
    for clash in fleet([*claimed, *own]):
        app = clash.claim.owner
        file = setup.environments[env].chain[0].file if app == RESOURCES else setup.layout.app(app)
        message = f"{clash.message} (in {env}: {clash.claim.file} at {clash.claim.pointer or '/'})"
        found.append(Problem(file, 1, 1, clash.rule, message))
    return found


def _idle_patches(setup: Setup, env: str, matched: set[str]) -> list[Problem]:
    """Patches of the overlay itself that matched no manifest of any app; one that it inherits may."""
    own = setup.environments[env].chain[0].file
    found = []
    for patch in setup.patches[env]:
        file, _, pointer = patch.source.partition("#")
        if file == own and patch.source not in matched:
            message = "the patch matches no manifest of this environment: mend its target, or remove it"
            found.append(Problem(file, 0, 0, UNMATCHED, message, pointer))
    return found
