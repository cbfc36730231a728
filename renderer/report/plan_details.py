"""The lines about one app in a plan: what its class is and why, its timeline, its problems."""

from __future__ import annotations

from renderer.plan import AppPlan, ChangedPath
from renderer.problem import Problem
from renderer.report.plan_timeline import timeline_lines
from renderer.spec import short_digests


def plan_lines(app: AppPlan) -> tuple[str, ...]:
    """The class with its reason, then the details: a plan that is shown by itself."""
    return (f"{app.class_}: {app.reason}", *detail_lines(app))


def detail_lines(app: AppPlan) -> list[str]:
    """The paths that set the class, other effects, the timeline, problems; a line each, with a word in front."""
    lines = [f"because  {_path(path)}" for path in app.paths]
    for effect in app.effects[1:]:
        lines.append(f"also     {effect.class_}: {effect.reason}")
        lines += [f"           {_path(path)}" for path in effect.paths]
    lines += [f"ladder   {line}" for line in app.ladder]
    if app.summary:
        lines += timeline_lines(app.summary)
    if app.not_simulated:
        lines.append(f"pods     not simulated: {app.not_simulated}")
    lines += [f"watched  {line}" for line in app.watch]
    lines += [f"note     {remark}" for remark in app.remarks]
    words = ("note    " if problem.severity == "note" else "problem " for problem in app.problems)
    return [*lines, *(f"{word} {_problem(problem)}" for word, problem in zip(words, app.problems, strict=True))]


def reason_of(app: AppPlan) -> str:
    """The reason, with the value where one scalar changed."""
    by_kind = app.class_ in ("scale", "traffic", "behaviour", "metadata")
    return f"{app.reason}: {_path(app.paths[0])}" if by_kind and len(app.paths) == 1 else app.reason


def _path(path: ChangedPath) -> str:
    prefix = {"App": "", "Overlay": "overlay ", "Project": "project file "}.get(path.document, f"{path.document} ")
    return f"{prefix}{path.pointer}".rstrip() + short_digests(_values(path))


def _values(path: ChangedPath) -> str:
    if path.before is None:
        return "" if path.after is None else f": {path.after}"
    return f": {path.before} -> {'nothing' if path.after is None else path.after}"


def _problem(problem: Problem) -> str:
    severity = "" if problem.severity == "error" else f"{problem.severity}: "
    position = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part)
    return f"{position}: {severity}{problem.rule}: {problem.message}"
