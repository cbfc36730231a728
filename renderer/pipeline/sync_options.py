"""Sync options of an environment's Applications under which Argo CD works against releases, or that do nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from renderer.layout import PROJECT_FILE
from renderer.manifest import Manifest
from renderer.problem import Problem, Severity
from renderer.rules.applications import misread

_FREEZES = "RespectIgnoreDifferences=true"
_POINTER = "/spec/argocd"
_HARMS = {
    "Replace=true": (
        "Argo CD overwrites every object of the environment at each change, also what controllers have written: "
        "remove it, and give the one object that needs it the annotation argocd.argoproj.io/sync-options"
    ),
    "PrunePropagationPolicy=orphan": (
        "the pods of a workload that is deleted keep running, and its Services still send them requests: remove it"
    ),
}
_HARMS_OF_ROUTES = {  # measured, as what `doctor` looks for in Applications of one's own
    "ApplyOutOfSyncOnly=false": (
        "Argo CD applies unchanged objects too, and an unchanged VirtualService that is applied again sets a canary's "
        "traffic back to 100/0 for a moment: remove it"
    ),
    "PrunePropagationPolicy=foreground": (
        "a deleted Rollout stays in the DestinationRule for seconds, and its traffic reaches no pod: remove it"
    ),
}


class Written(NamedTuple):
    """A list of sync options that somebody wrote: in which file, and at which pointer."""

    file: str
    pointer: str
    options: Sequence[str]


def written_options(overlays: Iterable[tuple[str, Mapping[str, Any]]], project: Mapping[str, Any]) -> list[Written]:
    """Those of the overlays (a file and its spec), the nearest first, and those of the project's sync policy."""
    own = [(file, (spec.get("argocd") or {}).get("syncPolicy") or {}) for file, spec in overlays]
    return [
        Written(file, f"{_POINTER}/syncPolicy/syncOptions", policy.get("syncOptions") or ())
        for file, policy in (*own, (PROJECT_FILE, project))
    ]


def option_problems(
    manifests: Sequence[Manifest], written: Sequence[Written], patch: tuple[str, str], *, is_routed: bool
) -> Iterator[Problem]:
    """The problems of the options that the environment's Applications have in the end.

    Each is at the list that has the option, and otherwise at the `patch` (a file and a pointer) that adds it.
    """
    for option in _options_of(manifests):
        found = _judged(option, is_routed=is_routed)
        if found:
            file, pointer = next(
                (
                    (each.file, f"{each.pointer}/{each.options.index(option)}")
                    for each in written
                    if option in each.options
                ),
                patch,
            )
            severity, message = found
            yield Problem(file, 0, 0, "application-sync", message, pointer, severity)


def _options_of(manifests: Sequence[Manifest]) -> Iterator[str]:
    for manifest in manifests:
        spec = manifest.data.get("spec") or {}
        if manifest.kind == "ApplicationSet":
            spec = (spec.get("template") or {}).get("spec") or {}
        options = (spec.get("syncPolicy") or {}).get("syncOptions")
        yield from (option for option in (options if isinstance(options, list) else ()) if isinstance(option, str))


def _judged(option: str, *, is_routed: bool) -> tuple[Severity, str] | None:
    if option == _FREEZES:
        return "error", (
            f"with {option}, Argo CD never applies a new route again, since it ignores the weights that the Rollout "
            "writes: remove it"
        )
    harm = _HARMS.get(option) or (_HARMS_OF_ROUTES.get(option) if is_routed else None)
    if harm:
        return "warning", f"with {option}, {harm}"
    ignored = misread(option)
    return ("warning", ignored) if ignored else None
