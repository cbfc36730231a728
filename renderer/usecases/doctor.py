"""`rollspec doctor`: how Git, pre-commit and Argo CD are set up around a project, and what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import NamedTuple

from renderer.console import out
from renderer.git import GitError, is_shallow, top_folder
from renderer.git.checkout import is_sparse
from renderer.git.setup import files_with, git_version, has_hook, line_ending
from renderer.git.trial import OLDEST
from renderer.layout import Layout
from renderer.lazy import regex
from renderer.pipeline.fleet import ARGOCD
from renderer.problem import printable
from renderer.usecases.application_settings import found_settings, repair_settings
from renderer.usecases.ignored import output_fault
from renderer.usecases.other_projects import same_names
from renderer.usecases.project import Opened, Refused, find_root, open_project
from renderer.usecases.repository import subfolder
from renderer.usecases.shown import show_stopping

_CONFIG = ".pre-commit-config.yaml"
_FIXES = {"no-repository": "git init", "no-git": "install Git, 2.38 or newer"}  # by the reason why Git cannot be asked
_COMMAND = regex("`([^`]+)`")
_NUMBER = regex(r"\d+")


class Advice(NamedTuple):
    """Something that is not set up well: what it is, why it matters, and what to do."""

    what: str
    why: str
    do: str


def doctor(directory: str, *, fix: bool = False) -> int:
    """Print what is set up well and what is not; 1 if there is advice. `fix` first edits files of Applications."""
    root = find_root(directory)
    try:
        opened = open_project(directory)
    except Refused as refused:
        return int(show_stopping(refused.problems, "text"))
    layout = opened.layout
    try:
        version = git_version(root)
        top = top_folder(root)
        if fix:
            repair_settings(root, layout)
        clone = [*_old_git(version), *_clone(root, layout), *_left_out(opened), *_hooks(top)]
        advice = [*clone, *_applications(root, layout), *_same_names(opened)]
    except GitError as error:
        named = _COMMAND.search(error.message)
        cure = _FIXES.get(error.reason) or (named[1] if named else "git status")  # which says it in Git's own words
        version, advice = "not usable", [Advice(str(error), "verbs, plan and history need Git", cure)]
    out(f"git {version}, project {printable(root)}")
    for each in advice:
        out(printable(f"- {each.what}: {each.why}"))
        out(printable(f"  fix: {each.do}"))
    if not advice:
        out("nothing to fix")
    return int(bool(advice))


def _old_git(version: str) -> Iterator[Advice]:
    numbers = tuple(int(each) for each in _NUMBER.findall(version)[:2])
    if numbers < OLDEST:
        least = ".".join(map(str, OLDEST))
        yield Advice(
            f"Git {version} is older than {least}", "`plan --into` cannot try a merge", f"install Git, {least} or newer"
        )


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


def _left_out(opened: Opened) -> Iterator[Advice]:
    """Advice about rendered files that Git ignores, also where none is written yet."""
    if is_sparse(opened.root):  # it overlooks what is not checked out
        return
    project, layout = opened.setup.project, opened.layout
    paths = [f"{layout.manifests(env, app)}/x.yaml" for env in opened.setup.environments for app in opened.apps]
    paths += [f"{layout.output}/{ARGOCD}/{env}.yaml" for env in opened.setup.environments] if project.argocd else []
    why = output_fault(opened.root, project, [layout.output], paths)
    if why:
        what, _, cure = why.rpartition(": ")
        yield Advice(what, "Argo CD does not get what the specs say", cure)


def _hooks(top: str) -> Iterator[Advice]:
    if files_with(top, "rollspec", _CONFIG) and not has_hook(top, "pre-commit"):
        install = "" if shutil.which("pre-commit") else "pipx install pre-commit && "
        yield Advice(
            f"{_CONFIG} has rollspec's hooks, but Git does not run them",
            "a commit can hold specs without their manifests",
            f"{install}pre-commit install",
        )
    elif not has_hook(top, "pre-commit"):
        yield Advice(
            "no hook of Git checks commits",
            "a commit can hold specs without their manifests",
            "rollspec init --hooks git",
        )


def _applications(root: str, layout: Layout) -> Iterator[Advice]:
    """Advice about the repository's Applications that sync our manifests; those that we render are right."""
    for file, each in found_settings(root, layout):
        yield Advice(f"{file} {each.what}", each.why, f"rollspec doctor --fix # {each.repair}")


def _same_names(opened: Opened) -> Iterator[Advice]:
    """Advice about other projects in the repository whose Applications have the names of ours."""
    for each in same_names(opened, subfolder(opened.root)):
        yield Advice(
            f"the project that renders {each.file} also has an {each.kind} {each.name}",
            "on one Argo CD, each would overwrite the other",
            "give one of the two projects an `argocd.namePrefix`",
        )
