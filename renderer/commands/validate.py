"""`rollspec validate`: everything `render` checks, nothing written; with a base revision, the change too."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from renderer.build import Rendered
from renderer.commands.options import app_option, env_option, format_option, show_problems, strict_option
from renderer.commands.project import Refused, open_project
from renderer.commands.render import Job, judge, render_some
from renderer.commands.selection import chosen
from renderer.progress import progress
from renderer.workers import Tick, crew, processors


@click.command("validate")
@env_option
@app_option
@click.option("--jobs", "-j", type=click.IntRange(1), help="Processes (default: one a processor).")
@strict_option
@format_option
@click.pass_obj
def command(
    directory: str,
    envs: tuple[str, ...],
    apps: tuple[str, ...],
    jobs: int | None,
    is_strict: bool,
    form: str,
) -> int:
    """Check the specs, and what they render, against schemas and rules."""
    try:
        opened = open_project(directory)
    except Refused as refused:
        return int(show_problems(refused.problems, form))
    names = chosen(apps, opened.apps, "app")
    wanted = chosen(envs, list(opened.setup.environments), "environment")
    job = Job(names, wanted, not apps, False, "", frozenset())

    def work(share: Sequence[str], tick: Tick) -> tuple[list[Rendered], Callable[[], None]]:
        rendered, _, _ = render_some(opened, Job(list(share), wanted, False, False, "", frozenset()), tick)
        return rendered, lambda: None

    with progress("validating", len(names)) as watch, crew(names, work, jobs or processors(), watch) as workers:
        rendered = [each for report in workers.reports for each in report]
        wrong = show_problems(judge(opened, job, rendered), form, is_strict=is_strict)
    return int(wrong)
