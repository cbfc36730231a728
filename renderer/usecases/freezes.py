"""Applies freezes: which verbs and changes an environment holds back at a time, and which commit overrides that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from renderer.argocd import application_name, prunes_by_itself, settings, syncs_by_itself
from renderer.failure import Failure
from renderer.freeze import TRAILER, frozen, until, windows_of
from renderer.git import log
from renderer.overlay import Environment
from renderer.pipeline.argocd_objects import RESOURCES
from renderer.pipeline.fleet import ARGOCD
from renderer.problem import Problem, Severity
from renderer.project import ArgoCD

if TYPE_CHECKING:
    from renderer.plan import AppPlan, Class

_LINES = (TRAILER.lower(), "rollspec-env", "rollspec-app")
# The verb for each class of change; other classes move no pod and no request.
_VERB_OF: dict[Class, str] = {
    "hold": "pause",
    "scale": "scale",
    "create": "release",
    "traffic": "release",
    "canary-start": "release",
    "preview-start": "release",
    "canary-step": "weight",
    "promote": "promote",
    "abort": "abort",
    "undo": "undo",
    "restart": "restart",
    "replace": "release",
    "migrate": "switch",
    "remove": "release",
    "disruptive": "release",
}


def refuse_frozen(environments: Iterable[Environment], verb: str, now: datetime) -> None:
    """Failure if one of the environments holds the verb back at this time."""
    for environment in environments:
        found = frozen(windows_of(environment.spec), verb, now)
        if found:
            raise Failure(
                f"{until(environment.name, *found)}: `{verb}` must wait. In an emergency, "
                f"--break-glass REASON passes, and the commit says why",
                1,
            )


def held_by_argo_cd(argocd: ArgoCD, apps: Iterable[tuple[Environment, Iterable[str]]], now: datetime) -> Iterator[str]:
    """A line for each environment whose open sync window keeps a commit from the cluster, whatever the verb is."""
    for environment, some in apps:
        own = settings(argocd, environment.spec.get("argocd") or {})
        found = frozen(windows_of(environment.spec), "", now) if own.sync_windows else None
        if found:
            yield (
                f"{until(environment.name, *found)}, and Argo CD does not sync by itself until then: after the push, "
                f"`argocd app sync {_applications(own, environment.name, some)}`"
            )


def synced_by_hand(argocd: ArgoCD, apps: Iterable[tuple[Environment, Iterable[str]]]) -> Iterator[str]:
    """A line for each environment in which Argo CD does not sync by itself."""
    for environment, some in apps:
        own = settings(argocd, environment.spec.get("argocd") or {})
        if not syncs_by_itself(own):
            yield (
                f"{environment.name}: Argo CD does not sync by itself here (`syncPolicy.automated: false`): after the "
                f"push, `argocd app sync {_applications(own, environment.name, some)}`"
            )


def not_pruned(argocd: ArgoCD, environment: Environment, files: Sequence[str]) -> Iterator[str]:
    """A line about objects whose files are removed, where Argo CD does not delete them."""
    if files and not prunes_by_itself(settings(argocd, environment.spec.get("argocd") or {})):
        yield (
            f"{environment.name}: Argo CD does not prune here: the objects of {', '.join(sorted(files))} stay in the "
            "cluster until somebody deletes them"
        )


def _applications(argocd: ArgoCD, env: str, apps: Iterable[str]) -> str:
    each = [*apps] if argocd.kind == "ApplicationSet" else [""]
    return " ".join(sorted(application_name(argocd, env, app) for app in each))


def frozen_changes(
    root: str,
    environments: Iterable[Environment],
    plans: Sequence[AppPlan],
    span: tuple[str, str | None],
    now: datetime,
) -> list[Problem]:
    """A problem for each change that a freeze holds back now; a note if a commit of the span breaks the glass for it.

    The span is the revision before and the one after; None is HEAD.
    """
    windows = {each.name: (each.chain[0].file, windows_of(each.spec), each.names) for each in environments}
    found = []
    for plan in plans:
        file, some, names = windows.get(plan.env, ("", (), ()))
        is_held = plan.class_ in _VERB_OF and plan.app != ARGOCD  # a freeze may be a window of an AppProject
        held = frozen(some, _VERB_OF[plan.class_], now) if is_held else None
        if held:
            what = "the environment's resources" if plan.app == RESOURCES else plan.app
            text = f"{until(plan.env, *held)}: the change of {what} ({plan.class_}) must wait"
            found.append((file, text, {(name, plan.app) for name in names}))  # what it extends is named too
    if not found:
        return []
    base, head = span
    glass = [*_glass(root, base, head or "HEAD")]
    at = f" (judged at {now.isoformat(timespec='seconds')})"
    problems = []
    for file, text, keys in found:
        reason = next((each for each, named in glass if not named or not named.isdisjoint(keys)), None)
        severity: Severity = "error" if reason is None else "note"
        more = f"; a commit breaks the glass: {reason}" if reason else ""
        problems.append(Problem(file, 0, 0, "freeze", f"{text}{more}{at}", "/spec/freeze", severity))
    return problems


def breaks_glass(root: str, base: str, head: str = "HEAD") -> Iterator[str]:
    """The reasons that commits from `base` to `head` give, the newest first; each once, as a hotfix has two commits."""
    return iter(dict.fromkeys(reason for reason, _ in _glass(root, base, head)))


def _glass(root: str, base: str, head: str) -> Iterator[tuple[str, frozenset[tuple[str, str]]]]:
    """The reasons, each with the environments and apps that its commit names; a commit that names none is for all.

    The text of a squashed merge counts too: it may have the lines of several commits in its middle.
    """
    for commit in log(root, revision=head, without=base):
        for block in _blocks(commit.body):
            reason, envs, apps = ([value for key, value in block if key == name] for name in _LINES)
            if reason:
                yield reason[-1], frozenset((env, app) for env in envs for app in apps)


def _blocks(message: str) -> Iterator[list[tuple[str, str]]]:
    """The names, in small letters, and values of lines `name: value` that follow each other: of one squashed commit."""
    block: list[tuple[str, str]] = []
    for line in (*message.splitlines(), ""):
        name, colon, value = line.strip().removeprefix("* ").partition(":")
        if colon and " " not in name:
            block.append((name.lower(), value.strip()))
        elif block:
            yield block
            block = []
