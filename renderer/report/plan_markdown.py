"""A plan as Markdown: a comment on a pull request, which has a longest length."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from renderer.plan import AppPlan, Looks, Plan
from renderer.problem import printable, some_of
from renderer.report.markdown import html, md
from renderer.report.plan_details import detail_lines, reason_of
from renderer.report.plan_groups import NAMED, every_name, groups_of, names_of, shown
from renderer.report.plan_timeline import flag_text
from renderer.report.plan_whole import LISTED, ending, file_blocks, rule_lines

_LONGEST = 60_000  # characters of a comment; GitHub takes 65,536
_SUBJECT = "\1"  # in place of the app that a line is about


def plan_markdown(plan: Plan) -> str:
    """The plan as a comment; where it would be too long, it says that something is left out."""
    apps = shown(plan)
    groups = groups_of(apps)
    lines = [f"### rollspec plan: {plan.class_}", ""]
    for remark in plan.remarks:
        lines += [f"**{md(remark)}**", ""]
    if plan.rules:
        lines += ["**Rules changed:**", "", *(f"- {md(line)}" for line in rule_lines(plan)), ""]
    for block in file_blocks(plan):
        lines += [f"**{md(f'{block.title} ({block.why})')}:**", "", *(f"- {md(line)}" for line in block.lines), ""]
    if plan.looks:
        lines += ["**Who must look:**", "", *map(_look, plan.looks), ""]
    if groups:
        lines += ["| class | environment | app | what happens |", "| --- | --- | --- | --- |"]
    left_out = _append([*map(_row, groups)], lines, _LONGEST // 2)
    left_out += _append([["", *warnings] for warnings in [_warnings(apps)] if warnings], lines, _LONGEST * 3 // 4)
    left_out += _append([_folded(group) for group in groups], lines, _LONGEST)
    if left_out:
        lines += ["", "This comment is too long to show everything: run `rollspec plan` for the rest."]
    ends = [md(line) for line in ending(plan, apps)]
    return "\n".join([*lines, *([""] if groups else []), *ends]) + "\n"


def _look(look: Looks) -> str:
    """The owner as code, so that a comment calls nobody: the review does."""
    owner = look.owner.replace("`", "'")
    return f"- {md(f'`{owner}`: {some_of(look.about, LISTED)}')}"


def _append(parts: Sequence[Sequence[str]], lines: list[str], longest: int) -> int:
    """Add the parts that fit; return the number of those left out."""
    length = sum(len(line) + 1 for line in lines)
    for number, part in enumerate(parts):
        length += sum(len(line) + 1 for line in part)
        if length > longest:
            return len(parts) - number
        lines += part
    return 0


def _row(group: Sequence[AppPlan]) -> list[str]:
    first = group[0]
    cells = [md(text, in_table=True) for text in (first.env, names_of(group), reason_of(first))]
    return [f"| **{first.class_}** | {' | '.join(cells)} |"]


def _warnings(apps: Sequence[AppPlan]) -> list[str]:
    """Problems and flags, which a reviewer must see without unfolding anything; once for many apps alike."""
    said = [(app, line) for app in apps for line in _warned(app)]
    alike: dict[tuple[str, str], list[AppPlan]] = {}
    for app, line in said:
        alike.setdefault((app.env, line.replace(md(app.app), "\0")), []).append(app)
    found = []
    for app, line in said:
        group = alike[app.env, line.replace(md(app.app), "\0")]
        names = md(app.app) if len(group) <= NAMED else md(names_of(group))
        if len(group) <= NAMED or app is group[0]:
            found.append(line.replace(_SUBJECT, f"{names} in {md(app.env)}", 1))
    return found


def _warned(app: AppPlan) -> Iterator[str]:
    for problem in app.problems:
        yield f"- {problem.severity} **{problem.rule}**, {_SUBJECT}: {md(problem.message)}"
    if app.not_simulated:
        yield f"- {_SUBJECT}, not simulated: {md(app.not_simulated)}"
    for flag in app.summary.flags if app.summary else ():
        yield f"- {_SUBJECT}: {md(flag_text(flag))}"


def _folded(group: Sequence[AppPlan]) -> list[str]:
    """The details of some plans that are alike, behind a line; nothing where the table says it all."""
    first = group[0]
    details = "\n".join(map(printable, [*every_name(group), *detail_lines(first)])).replace("<!--", "<! --")
    if not details:
        return []
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", details)), default=0))
    head = f"<details><summary>{html(names_of(group))} in {html(first.env)}: {first.class_}</summary>"
    return ["", head, "", f"{fence}text", details, fence, "", "</details>"]
