"""The Argo CD object of an environment with the overlay's settings and patches, and its problems; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from renderer.argocd import (
    NOT_DRIVEN,
    Driven,
    application,
    application_name,
    application_set,
    ignored_differences,
    settings,
)
from renderer.manifest import KINDS_OF_ARGOCD, Manifest
from renderer.patch import Patch, PatchFault, apply
from renderer.pipeline import Rendered
from renderer.pipeline.assembly import IDLE, UNMATCHED
from renderer.pipeline.faults import faults_of
from renderer.pipeline.setup import Setup, patch_problem
from renderer.pipeline.sync_options import option_problems, written_options
from renderer.problem import Problem
from renderer.project import ArgoCD

RESOURCES = "_resources"
_LABEL = 63  # characters of a label's value


def argocd_objects(setup: Setup, wanted: ArgoCD, env: str, apps: Sequence[tuple[str, Driven]]) -> list[Manifest]:
    """The Application or ApplicationSet of an environment, and its AppProject if rollspec writes that too."""
    manifests, _ = _patched(setup, _rendered(setup, wanted, env, apps), env)
    return manifests


def argocd_problems(setup: Setup, env: str, apps: Sequence[tuple[str, Driven]]) -> list[Problem]:
    """Problems of the environment's settings of Argo CD, and of the patches of its object for these apps."""
    if setup.project.argocd is None or env not in setup.environments:
        return []
    rendered = _rendered(setup, setup.project.argocd, env, sorted(apps))
    manifests, faults = _patched(setup, rendered, env)
    file = setup.environments[env].chain[0].file
    found = [*_options(setup, env, manifests, apps), *_windows(setup, env, file)]
    for patch, fault in faults:
        if fault.rule not in (UNMATCHED, IDLE):
            source, _, pointer = patch.source.partition("#")
            found.append(patch_problem(source, pointer, fault))
    patches = argocd_patches(setup, env)
    for manifest in manifests:
        wrong = faults_of(manifest.data, setup.schemas)
        own = [patch for patch in patches if not _unmatched([manifest], patch)]
        source, _, pointer = own[-1].source.partition("#") if own else (file, "", "/spec/argocd")
        if own or manifest.kind == "AppProject":
            found += [
                Problem(source, 0, 0, fault.rule, f"{manifest.kind} {manifest.name}: {fault.message}", pointer)
                for fault in wrong
            ]
    return found


def argocd_patches(setup: Setup, env: str) -> list[Patch]:
    """The patches of the overlay that name the kind of an Argo CD object and match the environment's own."""
    if setup.project.argocd is None:
        return []
    rendered = _rendered(setup, setup.project.argocd, env, [])
    return [patch for patch in _for_argocd(setup, env) if not _unmatched(rendered, patch)]


def application_names(setup: Setup, rendered: Iterable[Rendered]) -> list[Problem]:
    """Applications of two environments or apps with the same name: one would overwrite the other."""
    argocd = setup.project.argocd
    if argocd is None or argocd.kind != "ApplicationSet":
        return []
    first: dict[str, tuple[str, str]] = {}
    found = []
    listed = {(each.env, each.app) for each in rendered if each.env}
    listed |= {(env, RESOURCES) for env in {env for env, _ in listed} if setup.resources.get(env)}
    for env, app in sorted(listed):
        name = application_name(argocd, env, app)
        other = first.setdefault(name, (env, app))
        if other != (env, app):
            message = (
                f"the Application of {app} in {env} and that of {other[1]} in {other[0]} would both be named {name}, "
                "and one would overwrite the other: rename an app or an environment"
            )
            found.append(Problem(setup.environments[env].chain[0].file, 0, 0, "application-name", message))
    return [*found, *_long(setup, argocd, listed)]


def _long(setup: Setup, argocd: ArgoCD, listed: Iterable[tuple[str, str]]) -> Iterator[Problem]:
    names = {application_name(argocd, env, app): env for env, app in sorted(listed)}
    long = [name for name in names if len(name) > _LABEL]
    if long:
        more = f" (and {len(long) - 1} more)" if len(long) > 1 else ""
        message = (
            f"the Application's name {long[0]}{more} has more than {_LABEL} characters: too long for an Argo CD that "
            "tracks objects by label (`application.resourceTrackingMethod: label`)"
            "; use tracking by annotation, or a shorter name"
        )
        file = setup.environments[names[long[0]]].chain[0].file
        yield Problem(file, 0, 0, "application-name", message, severity="note")


def _rendered(setup: Setup, wanted: ArgoCD, env: str, apps: Sequence[tuple[str, Driven]]) -> list[Manifest]:
    spec = setup.environments[env].spec
    argocd = settings(wanted, spec.get("argocd") or {})
    namespace, cluster = spec.get("namespace") or "default", dict(spec.get("cluster") or {})
    folder = f"{setup.layout.output}/{env}"
    projects = [_app_project(argocd, env, cluster, spec)] if argocd.sync_windows else []
    if argocd.kind == "Application":
        ignored = [difference for app, driven in apps for difference in ignored_differences(app, driven)]
        return [application(argocd, env, namespace, cluster, folder, ignored), *projects]
    with_resources = [(RESOURCES, NOT_DRIVEN)] if setup.resources[env] else []
    return [application_set(argocd, env, namespace, cluster, folder, [*with_resources, *apps]), *projects]


def _app_project(argocd: ArgoCD, env: str, cluster: dict[str, str], overlay: Mapping[str, Any]) -> Manifest:
    from renderer.freeze import windows_of  # time zones cost start-up time, and few projects have a freeze
    from renderer.sync_windows import app_project

    return app_project(argocd, env, cluster, windows_of(overlay))


def _patched(
    setup: Setup, manifests: list[Manifest], env: str
) -> tuple[list[Manifest], list[tuple[Patch, PatchFault]]]:
    """The objects after the patches that name their kind; a patch that fails or would delete one is skipped."""
    faults = []
    for patch in _for_argocd(setup, env):
        patched, wrong = apply(manifests, [patch])
        faults += [(patch, fault) for fault in wrong]
        manifests = patched if len(patched) == len(manifests) else manifests
    return manifests, faults


def _for_argocd(setup: Setup, env: str) -> list[Patch]:
    """Patches that name a kind of Argo CD are for this object; patches for any kind are for the objects of apps."""
    return [
        patch
        for patch in setup.patches[env]
        if (
            patch.target.kind in KINDS_OF_ARGOCD if patch.target else (patch.merge or {}).get("kind") in KINDS_OF_ARGOCD
        )
    ]


def _unmatched(manifests: list[Manifest], patch: Patch) -> bool:
    return any(fault.rule == UNMATCHED for fault in apply(manifests, [patch])[1])


def _options(
    setup: Setup, env: str, manifests: Sequence[Manifest], apps: Iterable[tuple[str, Driven]]
) -> Iterator[Problem]:
    """The problems of the sync options of the environment's Applications."""
    chain, argocd = setup.environments[env].chain, setup.project.argocd
    written = written_options([(each.file, each.spec) for each in chain], argocd.sync_policy if argocd else {})
    patches = argocd_patches(setup, env)
    source, _, pointer = patches[-1].source.partition("#") if patches else (chain[0].file, "", "/spec/argocd")
    is_routed = any(driven.istio != "none" for _, driven in apps)
    return option_problems(manifests, written, (source, pointer), is_routed=is_routed)


def _windows(setup: Setup, env: str, file: str) -> Iterator[Problem]:
    """What keeps the environment's freezes from being sync windows of an AppProject of its own."""
    projects = _projects(setup)
    mine = projects[env]
    if not mine.sync_windows:
        return
    from renderer.sync_windows import SHARED, read_differently

    others = [name for name, other in projects.items() if name != env and other.project == mine.project]
    name = "name another `project` in the overlay's `argocd`"
    if mine.project == SHARED:
        message = f"`syncWindows` would change the AppProject `{SHARED}`, which the Applications of others use: {name}"
        yield Problem(file, 0, 0, "sync-windows", message, "/spec/argocd")
    elif others:
        message = f"the sync windows of AppProject `{mine.project}` would hold back {others[0]} as well: {name}"
        yield Problem(file, 0, 0, "sync-windows", message, "/spec/argocd")
    for number, window in enumerate(setup.environments[env].spec.get("freeze") or ()):
        why = read_differently(window["schedule"])
        if why:
            message = f"Argo CD does not read {window['schedule']!r} as rollspec does: {why}"
            writer = next(each.file for each in setup.environments[env].chain if each.spec.get("freeze"))
            yield Problem(writer, 0, 0, "sync-windows", message, f"/spec/freeze/{number}/schedule")


def _projects(setup: Setup) -> dict[str, ArgoCD]:
    """Argo CD's settings by environment."""
    argocd = setup.project.argocd
    found = setup.environments if argocd else {}
    return {env: settings(argocd, each.spec.get("argocd") or {}) for env, each in found.items()} if argocd else {}
