"""A plan in each of its forms: text for a terminal, Markdown for a pull request, JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence

from renderer.plan import AppPlan, Plan
from renderer.problem import plural, printable
from renderer.report.columns import columns
from renderer.report.plan_details import detail_lines, reason_of
from renderer.report.plan_groups import every_name, groups_of, names_of, shown
from renderer.report.plan_json import plan_json
from renderer.report.plan_markdown import plan_markdown
from renderer.report.plan_whole import ending, file_blocks, rule_lines

FORMATS = ("text", "markdown", "json")


def plan_text(plan: Plan, form: str) -> str:
    """The plan in one of FORMATS, with a final newline."""
    return {"text": _text, "markdown": plan_markdown, "json": plan_json}[form](plan)


def _text(plan: Plan) -> str:
    apps = shown(plan)
    rules = [f"  {line}" for line in rule_lines(plan)]
    lines = [*plan.remarks, *(["RULES CHANGED", *rules, ""] if rules else []), *(_table(apps) if apps else [])]
    for group in groups_of(apps):
        first = group[0]
        lines += ["", f"{names_of(group)} in {first.env}: {first.class_}, {reason_of(first)}"]
        lines += [f"  {line}" for line in (*every_name(group), *detail_lines(first))]
    lines += [""] if apps else []
    for block in file_blocks(plan):
        lines += [f"{block.title.upper()} ({block.why})", *(f"  {line}" for line in block.lines), ""]
    return "\n".join(map(printable, [*lines, *ending(plan, apps)])) + "\n"


def _table(apps: Sequence[AppPlan]) -> list[str]:
    rows = [("ENVIRONMENT", "CLASS", "APP", "WHAT HAPPENS")]
    rows += [(group[0].env, group[0].class_, names_of(group), _what(group[0])) for group in groups_of(apps)]
    return columns(rows)


def _what(app: AppPlan) -> str:
    """The reason, and the number of problems, notes and flags."""
    reason = reason_of(app)
    flags = len(app.summary.flags) if app.summary else 0
    notes = sum(problem.severity == "note" for problem in app.problems)
    counts = ((len(app.problems) - notes, "problem"), (notes, "note"), (flags, "flag"))
    noted = ", ".join(plural(count, word) for count, word in counts if count)
    return f"{reason} ({noted})" if noted else reason
