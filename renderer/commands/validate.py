"""`rollspec validate`: everything `render` checks, nothing written; with a base revision, the change too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import click

from renderer.commands.compare import transitions
from renderer.commands.options import (
    app_option,
    env_option,
    format_option,
    hook_option,
    paths_argument,
    strict_option,
)
from renderer.commands.project import Opened, whole_projects
from renderer.commands.render import Job, judge, render_some, select
from renderer.commands.selection import Selection
from renderer.commands.shown import Shown, in_project
from renderer.commands.touched import each_touched, hook_base
from renderer.failure import Failure
from renderer.pipeline import Rendered
from renderer.progress import progress
from renderer.workers import Tick, crew, processors


@click.command("validate")
@paths_argument
@env_option
@app_option
@click.option(
    "--base", metavar="REF", help="Judge the change from this revision too: what is live (default with --hook: HEAD)."
)
@click.option("--jobs", "-j", type=click.IntRange(1), help="Processes (default: one a processor).")
@hook_option
@strict_option
@format_option
@click.pass_obj
def command(
    directory: str,
    paths: tuple[str, ...],
    envs: tuple[str, ...],
    apps: tuple[str, ...],
    base: str | None,
    jobs: int | None,
    hook: bool,
    is_strict: bool,
    form: str,
) -> int:
    """Check the specs, and what they render, against schemas and rules.

    With PATHS only the apps that these files are about: a spec, an overlay, a rendered file, ...; `.` is the project.

    With --base the change from that revision is judged as a transition too: a weight edited by hand, a reverted
    promote, a strategy switched in one step, ...: what the controllers would carry out otherwise than Git says.
    """
    shown = Shown(form, is_strict, directory if paths or hook else None)

    def run(opened: Opened, selection: Selection) -> int:
        return _run(opened, selection, base, jobs or processors(), shown)

    def whole(opened: Opened) -> int:
        return run(opened, select(opened, apps, envs))

    folders = [] if hook else whole_projects(directory, paths)
    if folders:
        return max(in_project(folder, shown, whole) for folder in folders)
    if envs or apps:
        raise Failure("PATHS say which apps: leave --env and --app out", 2)
    if hook and base is None:
        base = hook_base(directory)
    return each_touched(directory, paths, form, hook=hook, run=run)


def _run(opened: Opened, selection: Selection, base: str | None, processes: int, shown: Shown) -> int:
    moved = transitions(opened, selection, base) if base else []
    job = Job(selection, selection.names, False, "", frozenset())

    def work(share: Sequence[str], tick: Tick) -> tuple[list[Rendered], Callable[[], None]]:
        rendered, _, _ = render_some(opened, replace(job, apps=list(share)), tick)
        return rendered, lambda: None

    with progress("validating", len(job.apps)) as watch, crew(job.apps, work, processes, watch) as workers:
        rendered = [each for report in workers.reports for each in report]
        wrong = shown.problems([*judge(opened, job, rendered), *moved], opened.root)
    return int(wrong)
