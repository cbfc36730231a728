"""The lines of a plan about the whole change: rules, rendered files, the render level, and what it comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from renderer.plan import AppPlan, OutputFile, Plan
from renderer.problem import plural
from renderer.spec import short_digests

_NO_APPS = {"_resources": "plain resources", "_argocd": "objects of Argo CD"}  # they have plans as if they were apps
LISTED = 20  # rendered files that are named one by one


def rule_lines(plan: Plan) -> list[str]:
    """The rules that the change changes: they come first, since they judge all that follows."""
    return [short_digests(f"{each.file} {each.pointer}: {each.before} -> {each.after}") for each in plan.rules]


class FileBlock(NamedTuple):
    """Some rendered files, a line each, and why a reader must know of them."""

    title: str
    why: str
    lines: list[str]


def file_blocks(plan: Plan) -> list[FileBlock]:
    """The rendered files that are, or were, not what the specs say: Argo CD applies the files."""
    return [block for block in (_wrong_files(plan), _unlike_files(plan)) if block.lines]


def _wrong_files(plan: Plan) -> FileBlock:
    wrong = [file for file in plan.files if file.state != "unlike-base"]
    foreign = [f"{file.path}: the specs do not render this file" for file in wrong if file.state == "foreign"]
    more = [f"and {len(foreign) - LISTED} more files that the specs do not render"] if foreign[LISTED:] else []
    folders = Counter((_folder(file), file.state == "pointer") for file in wrong if file.state != "foreign")
    stale = [f"{folder}/: {_pointers(n) if lfs else _differ(n)}" for (folder, lfs), n in folders.items()]
    left = [f"and {len(stale) - LISTED} more folders with such files"] if stale[LISTED:] else []
    why = "Argo CD applies these, not the specs: run `rollspec render`, and delete what you did not mean"
    return FileBlock("Rendered files", why, [*foreign[:LISTED], *more, *stale[:LISTED], *left])


def _unlike_files(plan: Plan) -> FileBlock:
    """Those that were edited by hand, or not rendered, before the change, which overwrites them."""
    unlike = [file.path for file in plan.files if file.state == "unlike-base"]
    more = [f"and {len(unlike) - LISTED} more files"] if unlike[LISTED:] else []
    why = (
        f"at {plan.base} these are not what its specs render to, edited by hand or not rendered: "
        "the plan does not show what this change does to them"
    )
    return FileBlock("Overwritten files", why, [*unlike[:LISTED], *more])


def _folder(file: OutputFile) -> str:
    return file.path.rpartition("/")[0]


def _differ(count: int) -> str:
    return f"{'1 file is' if count == 1 else f'{count} files are'} not what the specs render to"


def _pointers(count: int) -> str:
    what = "1 file is a pointer" if count == 1 else f"{count} files are pointers"
    return f"{what} of Git LFS, so not compared: keep rendered files out of LFS"


def ending(plan: Plan, apps: Sequence[AppPlan]) -> list[str]:
    """The last lines, which are about the whole change."""
    passed = [f"A commit of this change passes a freeze: {reason}" for reason in plan.break_glass]
    return [*passed, *_level(plan), _closing(plan, apps)]


def _level(plan: Plan) -> list[str]:
    """Which apps a change of the render level restarts: a line to read before anything else."""
    if plan.levels is None:
        return []
    restarted = [f"{app.app} in {app.env}" for app in plan.apps if _restarts(app)]
    what = f"restarts {', '.join(restarted)}" if restarted else "restarts no app"
    return [f"renderLevel {plan.levels[0]} -> {plan.levels[1]}: this commit {what}."]


def _restarts(app: AppPlan) -> bool:
    return any(path.field_class == "template" for effect in app.effects for path in effect.paths)


def _closing(plan: Plan, apps: Sequence[AppPlan]) -> str:
    changed = [app.app for app in apps if app.class_ != "nothing"]
    counted = _counted([app for app in apps if app.class_ != "nothing" and app.app not in _NO_APPS])
    named = [*counted, *(what for name, what in _NO_APPS.items() if name in changed)]
    listed = " and ".join([*([", ".join(named[:-1])] if named[1:] else []), *named[-1:]])
    what = f"{listed} changed, {plan.class_} at most" if named else "nothing happens"
    return f"From {plan.base} to {plan.head}: {what}."


def _counted(apps: Sequence[AppPlan]) -> list[str]:
    """How many apps there are, and in how many environments, if it is more than one."""
    names, environments = {app.app for app in apps}, {app.env for app in apps}
    in_several = f" in {plural(len(environments), 'environment')}" if len(environments) > 1 else ""
    return [f"{plural(len(names), 'app')}{in_several}"] if names else []
