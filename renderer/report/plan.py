"""A plan as text for a terminal, as Markdown for a pull request, or as JSON."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from textwrap import wrap
from typing import Any

from renderer.plan import CLASSES, AppPlan, ChangedPath, Flag, Looks, OutputFile, Plan, SimulationSummary
from renderer.problem import Problem, plural, printable, some_of
from renderer.report.as_json import as_json
from renderer.report.columns import columns
from renderer.report.markdown import html, md
from renderer.spec import short_digests

FORMATS = ("text", "markdown", "json")
_JSON_FORMAT = 1
_LONGEST = 60_000  # characters of a comment; GitHub takes 65,536
_MOMENT = 0.1  # seconds
_LONG = 60  # seconds; shorter times say more about the simulator than about the cluster
_SUBJECT = "\1"  # in place of the app that a line is about
_NAMED = 3  # apps of a group that its title names
_NO_APPS = {"_resources": "plain resources", "_argocd": "objects of Argo CD"}  # they have plans as if they were apps
_LISTED = 20  # rendered files that are named one by one
_WIDE = 100  # columns of a list of names
_COUNTS: dict[str, str] = {
    "autoscaler": "an autoscaler decides how many pods run: these are the counts at its lower and its upper bound",
    "many": "an autoscaler decides how many pods run: these are the counts at its lower bound; it may run many more",
    "elsewhere": "something that is not in Git decides how many pods run: these counts are assumed",
}
_FLAGS: dict[str, Callable[[Flag], str]] = {
    "dip": lambda flag: f"dip: the share of {flag.version} falls to {_percent(flag.share)}",  # at its worst
    "over": lambda flag: f"over: the share of {flag.version} rises to {_percent(flag.share)}",
    "overload": lambda flag: (
        f"overload: {_percent(flag.share)} of the traffic on {plural(flag.ready, 'pod')} of {flag.version} Ready"
    ),
    "unready": lambda flag: (
        f"unready: {_percent(flag.share)} of the traffic goes to {flag.version}, which has no Ready pod"
        if flag.version
        else "unready: a route leads to no Ready pod (the one for pinned requests, for example)"
        if flag.ready
        else "unready: there is no pod to serve requests"
    ),
}


def plan_text(plan: Plan, form: str) -> str:
    """The plan in one of FORMATS, with a final newline."""
    return {"text": _text, "markdown": _markdown, "json": _json}[form](plan)


def shown(plan: Plan) -> list[AppPlan]:
    """The apps in which something happens or is wrong, the harshest class first."""
    order = list(CLASSES)
    some = [app for app in plan.apps if app.effects or app.problems]
    return sorted(some, key=lambda app: (-order.index(app.class_), app.env, app.app))


def _json(plan: Plan) -> str:
    apps = [_app_data(app) for app in shown(plan)]
    data = {
        "format": _JSON_FORMAT,
        "base": plan.base,
        "head": plan.head,
        "class": plan.class_,
        "renderLevel": dict(zip(("before", "after"), plan.levels, strict=True)) if plan.levels else None,
        "remarks": list(plan.remarks),
        "rules": [change._asdict() for change in plan.rules],
        "files": [file._asdict() for file in plan.files],
        "breakGlass": list(plan.break_glass),
        "owners": [each._asdict() for each in plan.looks],
        "apps": apps,
        "unchanged": len(plan.apps) - len(apps),
    }
    return as_json(data)


def _app_data(app: AppPlan) -> dict[str, Any]:
    return {
        "env": app.env,
        "app": app.app,
        "class": app.class_,
        "reason": app.reason,
        "paths": [_path_data(path) for path in app.paths],
        "effects": [
            {"class": effect.class_, "reason": effect.reason, "paths": [_path_data(path) for path in effect.paths]}
            for effect in app.effects
        ],
        "ladder": list(app.ladder),
        "timeline": asdict(app.summary) if app.summary else None,
        "notSimulated": app.not_simulated or None,
        "remarks": list(app.remarks),
        "watch": list(app.watch),
        "problems": [asdict(problem) for problem in app.problems],
    }


def _path_data(path: ChangedPath) -> dict[str, Any]:
    """The keys of format 1: `kind` is the field's class."""
    return {
        "where": path.document,
        "pointer": path.pointer,
        "kind": path.field_class,
        "before": path.before,
        "after": path.after,
    }


def _text(plan: Plan) -> str:
    apps = shown(plan)
    lines = [*plan.remarks, *_rules(plan), *(_table(apps) if apps else [])]
    for group in _groups(apps):
        first = group[0]
        lines += ["", f"{_names(group)} in {first.env}: {first.class_}, {_reason(first)}"]
        lines += [f"  {line}" for line in (*_every_name(group), *detail_lines(first))]
    files = [line for title, *found in _files(plan) for line in (title, *(f"  {each}" for each in found), "")]
    return "\n".join(map(printable, [*lines, *([""] if apps else []), *files, *_ending(plan, apps)])) + "\n"


def _groups(apps: Sequence[AppPlan]) -> list[list[AppPlan]]:
    """Apps of one environment to which the same happens, in order: one label of an overlay can change thousands."""
    found: dict[tuple[str, ...], list[AppPlan]] = {}
    lines = {(app.env, app.app): (app.env, app.class_, app.reason, *detail_lines(app)) for app in apps}
    nameless = {key: (*some[:2], *(line.replace(key[1], "\0") for line in some[2:])) for key, some in lines.items()}
    times = Counter(nameless.values())
    for app in apps:
        key = app.env, app.app
        many = times[nameless[key]] > _NAMED  # then the lines of the first app stand for all, whatever its name
        found.setdefault(nameless[key] if many else lines[key], []).append(app)
    return list(found.values())


def _names(group: Sequence[AppPlan]) -> str:
    return some_of([app.app for app in group], _NAMED)


def _every_name(group: Sequence[AppPlan]) -> list[str]:
    """All apps of a group whose title names only some of them."""
    if len(group) <= _NAMED:
        return []
    return [f"apps     {line}" for line in wrap(", ".join(app.app for app in group), _WIDE, break_on_hyphens=False)]


def _table(apps: Sequence[AppPlan]) -> list[str]:
    rows = [("ENVIRONMENT", "CLASS", "APP", "WHAT HAPPENS")]
    rows += [(group[0].env, group[0].class_, _names(group), _what(group[0])) for group in _groups(apps)]
    return columns(rows)


def _what(app: AppPlan) -> str:
    """The reason, and the number of problems, notes and flags."""
    reason = _reason(app)
    flags = len(app.summary.flags) if app.summary else 0
    notes = sum(problem.severity == "note" for problem in app.problems)
    counts = ((len(app.problems) - notes, "problem"), (notes, "note"), (flags, "flag"))
    noted = ", ".join(plural(count, word) for count, word in counts if count)
    return f"{reason} ({noted})" if noted else reason


def _reason(app: AppPlan) -> str:
    """The reason, with the value where one scalar changed."""
    by_kind = app.class_ in ("scale", "traffic", "behaviour", "metadata")
    return f"{app.reason}: {_path(app.paths[0])}" if by_kind and len(app.paths) == 1 else app.reason


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
        lines += _timeline(app.summary)
    if app.not_simulated:
        lines.append(f"pods     not simulated: {app.not_simulated}")
    lines += [f"watched  {line}" for line in app.watch]
    lines += [f"note     {remark}" for remark in app.remarks]
    words = ("note    " if problem.severity == "note" else "problem " for problem in app.problems)
    return [*lines, *(f"{word} {_problem(problem)}" for word, problem in zip(words, app.problems, strict=True))]


def _timeline(summary: SimulationSummary) -> Iterator[str]:
    yield from _tracks(summary)
    most = summary.at_maximum or summary
    before = _counts(summary.ready_before, most.ready_before)
    after = _counts(summary.ready_after, most.ready_after)
    least = f", never under {summary.lowest_ready}" if summary.ready_before and summary.ready_after else ""
    yield f"ready    {before} -> {after} pods{least}"
    yield f"pods     at most {summary.highest_pods}"
    if summary.count in _COUNTS:
        yield f"counts   {_COUNTS[summary.count]}"
    if summary.seconds >= _LONG:
        yield f"takes    {_duration(summary.seconds)} and more"
    for flag in summary.flags:
        yield f"flag     {flag_text(flag)}"


def _tracks(summary: SimulationSummary) -> Iterator[str]:
    """A line for each version; without the share where no request reaches it."""
    width = max((len(track.version) for track in summary.tracks), default=0)
    most = {track.version: track for track in (summary.at_maximum or summary).tracks}
    for track in summary.tracks:
        other = most.get(track.version, track)
        pods = f"{_counts(track.pods_before, other.pods_before)} -> {_counts(track.pods_after, other.pods_after)} pods"
        if not summary.serves:
            yield f"runs     {track.version.ljust(width)}  {pods}"
            continue
        before, after = _percents(track.before, other.before), _percents(track.after, other.after)
        lowest, highest = min(track.lowest, other.lowest), max(track.highest, other.highest)
        ends = track.before, track.after, other.before, other.after
        between = _between(lowest, highest, min(ends), max(ends))
        yield f"share    {track.version.ljust(width)}  {before} -> {after}{between}  {pods}"


def _counts(one: int, other: int) -> str:
    low, high = sorted((one, other))
    return str(low) if low == high else f"{low} to {high}"


def _percents(one: float, other: float) -> str:
    low, high = sorted((one, other))
    return _percent(low) if low == high else f"{low:g} to {_percent(high)}"


def _duration(seconds: float) -> str:
    """Hours and whole minutes: the sum of the steps' pauses; the rest is shorter and less certain."""
    hours, minutes = divmod(int(seconds) // 60, 60)
    return f"{hours} h {minutes} min" if hours and minutes else f"{hours} h" if hours else f"{minutes} min"


def flag_text(flag: Flag) -> str:
    """The flag, how often it occurs and for how long."""
    times = f", {flag.times} times" if flag.times > 1 else ""
    if flag.type in ("dip", "over") and flag.seconds is not None and flag.seconds >= _LONG:
        return f"{_FLAGS[flag.type](flag)}, and comes back after about {_duration(flag.seconds)}{times}"
    return f"{_FLAGS[flag.type](flag)}, {_lasts(flag.seconds)}{times}"


def _lasts(seconds: float | None) -> str:
    if seconds is None:
        return "and it lasts"
    if seconds >= _LONG:
        return f"for about {_duration(seconds)}"
    return "for a moment" if seconds < _MOMENT else f"for about {seconds:.1f} s"


def _between(lowest: float, highest: float, low: float, high: float) -> str:
    """The lowest and highest share, where they are not at the start or the end."""
    found = []
    if lowest < low:
        found.append(f"down to {_percent(lowest)}")
    if highest > high:
        found.append(f"up to {_percent(highest)}")
    return f" ({', '.join(found)})" if found else ""


def _percent(share: float) -> str:
    return f"{share:g} %"


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


def _rules(plan: Plan) -> list[str]:
    """The block of rules that the change changes: it comes first, since they judge all that follows."""
    if not plan.rules:
        return []
    lines = [f"  {each.file} {each.pointer}: {each.before} -> {each.after}" for each in plan.rules]
    return ["RULES CHANGED", *map(short_digests, lines), ""]


def _files(plan: Plan) -> list[list[str]]:
    """A title and lines for the rendered files that are, or were, not what the specs say: Argo CD applies the files."""
    return [block for block in (_wrong_files(plan), _unlike_files(plan)) if len(block) > 1]


def _wrong_files(plan: Plan) -> list[str]:
    wrong = [file for file in plan.files if file.state != "unlike-base"]
    foreign = [f"{file.path}: the specs do not render this file" for file in wrong if file.state == "foreign"]
    more = [f"and {len(foreign) - _LISTED} more files that the specs do not render"] if foreign[_LISTED:] else []
    folders = Counter((_folder(file), file.state == "pointer") for file in wrong if file.state != "foreign")
    stale = [f"{folder}/: {_pointers(n) if lfs else _differ(n)}" for (folder, lfs), n in folders.items()]
    left = [f"and {len(stale) - _LISTED} more folders with such files"] if stale[_LISTED:] else []
    title = (
        "RENDERED FILES (Argo CD applies these, not the specs: run `rollspec render`, and delete what you did not mean)"
    )
    return [title, *foreign[:_LISTED], *more, *stale[:_LISTED], *left]


def _unlike_files(plan: Plan) -> list[str]:
    """Those that were edited by hand, or not rendered, before the change, which overwrites them."""
    unlike = [file.path for file in plan.files if file.state == "unlike-base"]
    more = [f"and {len(unlike) - _LISTED} more files"] if unlike[_LISTED:] else []
    title = (
        f"OVERWRITTEN FILES (at {plan.base} these are not what its specs render to, edited by hand or not rendered: "
        "the plan does not show what this change does to them)"
    )
    return [title, *unlike[:_LISTED], *more]


def _folder(file: OutputFile) -> str:
    return file.path.rpartition("/")[0]


def _differ(count: int) -> str:
    return f"{'1 file is' if count == 1 else f'{count} files are'} not what the specs render to"


def _pointers(count: int) -> str:
    what = "1 file is a pointer" if count == 1 else f"{count} files are pointers"
    return f"{what} of Git LFS, so not compared: keep rendered files out of LFS"


def _level(plan: Plan) -> list[str]:
    """Which apps a change of the render level restarts: a line to read before anything else."""
    if plan.levels is None:
        return []
    restarted = [f"{app.app} in {app.env}" for app in plan.apps if _restarts(app)]
    what = f"restarts {', '.join(restarted)}" if restarted else "restarts no app"
    return [f"renderLevel {plan.levels[0]} -> {plan.levels[1]}: this commit {what}."]


def _restarts(app: AppPlan) -> bool:
    return any(path.field_class == "template" for effect in app.effects for path in effect.paths)


def _counted(apps: Sequence[AppPlan]) -> list[str]:
    """How many apps there are, and in how many environments, if it is more than one."""
    names, environments = {app.app for app in apps}, {app.env for app in apps}
    in_several = f" in {plural(len(environments), 'environment')}" if len(environments) > 1 else ""
    return [f"{plural(len(names), 'app')}{in_several}"] if names else []


def _closing(plan: Plan, apps: Sequence[AppPlan]) -> str:
    changed = [app.app for app in apps if app.class_ != "nothing"]
    counted = _counted([app for app in apps if app.class_ != "nothing" and app.app not in _NO_APPS])
    named = [*counted, *(what for name, what in _NO_APPS.items() if name in changed)]
    listed = " and ".join([*([", ".join(named[:-1])] if named[1:] else []), *named[-1:]])
    what = f"{listed} changed, {plan.class_} at most" if named else "nothing happens"
    return f"From {plan.base} to {plan.head}: {what}."


def _ending(plan: Plan, apps: Sequence[AppPlan]) -> list[str]:
    """The last lines, which are about the whole change."""
    passed = [f"A commit of this change passes a freeze: {reason}" for reason in plan.break_glass]
    return [*passed, *_level(plan), _closing(plan, apps)]


def _markdown(plan: Plan) -> str:
    apps = shown(plan)
    groups = _groups(apps)
    lines = [f"### rollspec plan: {plan.class_}", ""]
    for remark in plan.remarks:
        lines += [f"**{md(remark)}**", ""]
    if plan.rules:
        lines += ["**Rules changed:**", "", *(f"- {md(line.strip())}" for line in _rules(plan)[1:-1]), ""]
    for title, *files in _files(plan):
        what, _, why = title.partition(" FILES ")
        lines += [f"**{md(f'{what.capitalize()} files {why}')}:**", "", *(f"- {md(file)}" for file in files), ""]
    if plan.looks:
        lines += ["**Who must look:**", "", *map(_look, plan.looks), ""]
    if groups:
        lines += ["| class | environment | app | what happens |", "| --- | --- | --- | --- |"]
    left_out = _append([*map(_row, groups)], lines, _LONGEST // 2)
    left_out += _append([["", *warnings] for warnings in [_warnings(apps)] if warnings], lines, _LONGEST * 3 // 4)
    left_out += _append([_folded(group) for group in groups], lines, _LONGEST)
    if left_out:
        lines += ["", "This comment is too long to show everything: run `rollspec plan` for the rest."]
    ends = [md(line) for line in _ending(plan, apps)]
    return "\n".join([*lines, *([""] if groups else []), *ends]) + "\n"


def _look(look: Looks) -> str:
    """The owner as code, so that a comment calls nobody: the review does."""
    owner = look.owner.replace("`", "'")
    return f"- {md(f'`{owner}`: {some_of(look.about, _LISTED)}')}"


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
    cells = [md(text, in_table=True) for text in (first.env, _names(group), _reason(first))]
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
        names = md(app.app) if len(group) <= _NAMED else md(_names(group))
        if len(group) <= _NAMED or app is group[0]:
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
    details = "\n".join(map(printable, [*_every_name(group), *detail_lines(first)])).replace("<!--", "<! --")
    if not details:
        return []
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", details)), default=0))
    head = f"<details><summary>{html(_names(group))} in {html(first.env)}: {first.class_}</summary>"
    return ["", head, "", f"{fence}text", details, fence, "", "</details>"]
