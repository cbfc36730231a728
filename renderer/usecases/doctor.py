"""`rollspec doctor`: how Git, pre-commit and Argo CD are set up around a project, and what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from renderer.console import out
from renderer.git import GitError, is_shallow
from renderer.git import root as top_folder
from renderer.git.setup import files_with, git_version, has_hook, is_sparse, line_ending
from renderer.layout import Layout
from renderer.lazy import regex
from renderer.problem import printable
from renderer.tree import read
from renderer.usecases.other_projects import same_names
from renderer.usecases.project import Opened, Refused, find_root, open_project
from renderer.usecases.repository import subfolder
from renderer.usecases.shown import show_stopping
from renderer.yamlio.manifests import load_all

_CONFIG = ".pre-commit-config.yaml"
_FIXES = {"no-repository": "git init", "no-git": "install Git, 2.38 or newer"}  # by the reason why Git cannot be asked
_COMMAND = regex("`([^`]+)`")
_WEIGHTS = ".weight"  # of the expression that ignores the weights of a route


class Advice(NamedTuple):
    """Something that is not set up well: what it is, why it matters, and what to do."""

    what: str
    why: str
    do: str


def doctor(directory: str) -> int:
    """Print what is set up well and what is not; 1 if there is advice."""
    root = find_root(directory)
    try:
        opened = open_project(directory)
    except Refused as refused:
        return int(show_stopping(refused.problems, "text"))
    layout = opened.layout
    try:
        version = git_version(root)
        top = top_folder(root)
        advice = [*_clone(root, layout), *_hooks(top), *_applications(root, layout), *_same_names(opened)]
    except GitError as error:
        named = _COMMAND.search(error.message)
        fix = _FIXES.get(error.reason) or (named[1] if named else "git status")  # which says it in Git's own words
        version, advice = "not usable", [Advice(str(error), "verbs, plan and history need Git", fix)]
    out(f"git {version}, project {printable(root)}")
    for each in advice:
        out(printable(f"- {each.what}: {each.why}"))
        out(printable(f"  fix: {each.do}"))
    if not advice:
        out("nothing to fix")
    return int(bool(advice))


def _clone(root: str, layout: Layout) -> Iterator[Advice]:
    if is_shallow(root):
        yield Advice(
            "this clone is shallow",
            "`history`, `undo --to` and `--base` cannot see older commits",
            "git fetch --unshallow",
        )
    if is_sparse(root):
        yield Advice(
            "this clone is sparse",
            "a spec that is not checked out looks deleted, so its manifests would be deleted",
            "git sparse-checkout disable",
        )
    if line_ending(root, f"{layout.output}/x.yaml") == "crlf":
        line = f"{layout.output}/** text eol=lf"
        yield Advice(
            f"Git checks out {layout.output}/ with CRLF line endings",
            "rollspec writes LF, so every rendered file looks changed",
            f"echo '{line}' >> .gitattributes && git add --renormalize .",
        )


def _hooks(top: str) -> Iterator[Advice]:
    if files_with(top, "rollspec", _CONFIG) and not has_hook(top, "pre-commit"):
        install = "" if shutil.which("pre-commit") else "pipx install pre-commit && "
        yield Advice(
            f"{_CONFIG} has rollspec's hooks, but Git does not run them",
            "a commit can hold specs without their manifests",
            f"{install}pre-commit install",
        )


def _applications(root: str, layout: Layout) -> Iterator[Advice]:
    """Advice about the repository's Applications that sync our manifests; those that we render are right."""
    for file in files_with(root, r"^ *kind: *(Application|ApplicationSet) *$", "*.yaml", "*.yml"):
        if file.startswith(f"{layout.output}/"):
            continue
        files, _ = read(root, [file])
        documents, problems = load_all(files.get(file, b""), file)
        for document in () if problems else documents:
            spec = _application(document)
            sources = [spec.get("source"), *(spec.get("sources") or ())]
            paths = [str(source.get("path", "")).strip("/") for source in sources if isinstance(source, dict)]
            ours = [path for path in paths if f"{path}/".find(f"{layout.output}/") >= 0]
            if ours:
                is_routed = any(files_with(root, "^ *trafficRouting:", path) for path in ours if path)
                yield from _settings(file, spec, is_routed=is_routed)


def _same_names(opened: Opened) -> Iterator[Advice]:
    """Advice about other projects in the repository whose Applications have the names of ours."""
    for each in same_names(opened, subfolder(opened.root)):
        yield Advice(
            f"the project that renders {each.file} also has an {each.kind} {each.name}",
            "on one Argo CD, each would overwrite the other",
            "give one of the two projects an `argocd.namePrefix`",
        )


def _application(document: Any) -> Mapping[str, Any]:
    """The spec of the Application, or of those that an ApplicationSet makes; empty if it is not valid."""
    try:
        spec = document["spec"]
        found = spec["template"]["spec"] if document["kind"] == "ApplicationSet" else spec
        return found if isinstance(found, dict) else {}
    except (KeyError, TypeError):
        return {}


def _settings(file: str, spec: Mapping[str, Any], *, is_routed: bool) -> Iterator[Advice]:
    policy = spec.get("syncPolicy") or {}
    options = [str(option) for option in policy.get("syncOptions") or ()]
    heals = bool((policy.get("automated") or {}).get("selfHeal"))
    ignored = [str(entry) for entry in spec.get("ignoreDifferences") or ()]
    if "RespectIgnoreDifferences=true" in options:
        yield Advice(
            f"{file} sets RespectIgnoreDifferences",
            "it freezes the routes: no later edit of them reaches the cluster",
            "remove the sync option",
        )
    if is_routed and heals and not any("VirtualService" in each and _WEIGHTS in each for each in ignored):
        yield Advice(
            f"{file} heals the weights that Argo Rollouts writes",
            "self-heal sets a canary's traffic back to 100/0",
            "copy `ignoreDifferences` from an Application that rollspec renders (`argocd` in rollspec.yaml)",
        )
    if any("managedFieldsManagers" in each for each in ignored):
        yield Advice(
            f"{file} ignores fields by their manager",
            "edits of these fields in Git are silently not applied",
            "use `jqPathExpressions`",
        )
    if is_routed and "PrunePropagationPolicy=background" not in options:
        yield Advice(
            f"{file} prunes in the foreground",
            "a deleted Rollout stays in the DestinationRule for seconds, and its traffic reaches no pod",
            "add the sync option PrunePropagationPolicy=background",
        )
    if is_routed and "ApplyOutOfSyncOnly=true" not in options:
        yield Advice(
            f"{file} applies unchanged objects too",
            "an unchanged VirtualService that is applied again sets a canary's traffic back to 100/0 for a moment",
            "add the sync option ApplyOutOfSyncOnly=true",
        )
