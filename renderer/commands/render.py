"""`rollspec render`: specs -> files. All is rendered and checked before the first byte is written."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import click

from renderer.build import Rendered
from renderer.build.fleet import argocd_files, fleet_problems, resource_files
from renderer.commands.options import app_option, env_option, format_option, show_problems, strict_option
from renderer.commands.project import Opened, Refused, build_all, open_project
from renderer.commands.selection import chosen, in_shard, neighbours, parse_shard
from renderer.problem import Problem, errors
from renderer.progress import progress
from renderer.tree import Difference, Summary, compare, listing, write_all
from renderer.workers import Tick, crew, processors


@dataclass(frozen=True, slots=True)
class Job:
    """What to render, and where it goes: `place` is the folder that stands for the project's output folder."""

    apps: list[str]
    envs: list[str]
    whole: bool  # every app of the environments
    stable_only: bool
    place: str
    existing: frozenset[str]  # what lies in the output folder now, by project path


@click.command("render")
@env_option
@app_option
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a file would change.")
@click.option("--stdout", is_flag=True, help="Print the manifests instead of writing them.")
@click.option("--output", metavar="DIR", help="Write into DIR instead of the project's output folder.")
@click.option("--bootstrap", is_flag=True, help="The stable versions alone: for a cluster that is built anew.")
@click.option("--shard", metavar="I/N", help="Only the I-th of N parts of the apps: for several machines.")
@click.option("--jobs", "-j", type=click.IntRange(1), help="Processes (default: one a processor).")
@strict_option
@format_option
@click.pass_obj
def command(
    directory: str,
    envs: tuple[str, ...],
    apps: tuple[str, ...],
    check: bool,
    stdout: bool,
    output: str | None,
    bootstrap: bool,
    shard: str | None,
    jobs: int | None,
    is_strict: bool,
    form: str,
) -> int:
    """Render the app specs into the Kubernetes manifests that Argo CD applies.

    Everything is checked first; where one app has a problem nothing is written. Files that rollspec did not make are
    never replaced or removed.
    """
    try:
        opened = open_project(directory)
    except Refused as refused:
        return int(show_problems(refused.problems, form))
    job = _job(opened, apps, envs, shard, bootstrap, output)
    if stdout:
        return _print(opened, job, form, is_strict)
    return _run(opened, job, check=check, processes=jobs or processors(), form=form, is_strict=is_strict)


def _job(
    opened: Opened,
    apps: Sequence[str],
    envs: Sequence[str],
    shard: str | None,
    bootstrap: bool,
    output: str | None,
) -> Job:
    part = parse_shard(shard)
    chosen_apps = in_shard(chosen(apps, opened.apps, "app"), part)
    chosen_envs = chosen(envs, list(opened.setup.environments), "environment")
    place = os.path.abspath(output) if output else os.path.join(opened.root, *opened.layout.output.split("/"))
    prefix = opened.layout.output
    existing = frozenset(f"{prefix}/{file}" for file in listing(place, "")) if os.path.isdir(place) else frozenset()
    return Job(chosen_apps, chosen_envs, not apps and part is None, bootstrap, place, existing)


def render_some(
    opened: Opened, job: Job, tick: Tick = lambda: None
) -> tuple[list[Rendered], dict[str, bytes], list[str]]:
    """What was found of each app (without its files), the files by project path, and stale files of those apps."""
    rendered = build_all(opened, job.apps, job.envs, stable_only=job.stable_only, tick=tick)
    files = {path: text for each in rendered for path, text in each.files.items()}
    folders = {opened.layout.manifests(env, app) for env in job.envs for app in job.apps}
    stale = [path for path in job.existing if path.rpartition("/")[0] in folders and path not in files]
    return [replace(each, files=dict.fromkeys(each.files, b"")) for each in rendered], files, stale


def judge(opened: Opened, job: Job, rendered: Sequence[Rendered]) -> list[Problem]:
    """All problems: of the project, of each app, and across apps."""
    problems = [*opened.problems, *(problem for each in rendered for problem in each.problems)]
    beside: list[Rendered] = []
    if not job.whole and not errors(problems):
        beside = build_all(opened, neighbours(opened, rendered, job.apps), job.envs)
    return problems + fleet_problems(opened.setup, [*rendered, *beside], job.envs, whole=job.whole)


def shared_files(opened: Opened, job: Job, rendered: Sequence[Rendered]) -> tuple[dict[str, bytes], list[str]]:
    """Files of whole environments, and what lies in the output folder of apps and environments that are gone."""
    if not job.whole:
        return {}, []
    files: dict[str, bytes] = {}
    for env in job.envs:
        files |= resource_files(opened.setup, env)
    files |= argocd_files(opened.setup, rendered, job.envs)
    output = opened.layout.output
    known = {opened.layout.manifests(env, app) for env in opened.setup.environments for app in opened.apps}
    all_envs = len(job.envs) == len(opened.setup.environments)
    scopes = tuple(f"{output}/{env}/" for env in job.envs)
    stale = [
        path
        for path in job.existing
        if path not in files and path.rpartition("/")[0] not in known and (all_envs or path.startswith(scopes))
    ]
    return files, stale


def _run(opened: Opened, job: Job, *, check: bool, processes: int, form: str, is_strict: bool) -> int:
    def work(apps: Sequence[str], tick: Tick) -> tuple[list[Rendered], Callable[[], Difference | Summary]]:
        rendered, files, stale = render_some(opened, replace(job, apps=list(apps)), tick)
        return rendered, lambda: _put(opened, job, files, stale, check=check)

    with progress("rendering", len(job.apps)) as watch, crew(job.apps, work, processes, watch) as workers:
        rendered = [each for report in workers.reports for each in report]
        if show_problems(judge(opened, job, rendered), form, is_strict=is_strict):
            return 1
        files, stale = shared_files(opened, job, rendered)
        done = [*workers.finish(), _put(opened, job, files, stale, check=check)]
    return _tell_check(done) if check else _tell(done)


def _put(
    opened: Opened, job: Job, files: Mapping[str, bytes], stale: Sequence[str], *, check: bool
) -> Difference | Summary:
    start = len(opened.layout.output) + 1
    moved = {path[start:]: text for path, text in files.items()}
    removed = [path[start:] for path in stale]
    return compare(job.place, moved, removed) if check else write_all(job.place, moved, removed)


def _tell(done: Sequence[Difference | Summary]) -> int:
    summaries = [each for each in done if isinstance(each, Summary)]
    written, unchanged, removed = (
        sum(getattr(each, name) for each in summaries) for name in ("written", "unchanged", "removed")
    )
    foreign = sorted(path for each in summaries for path in each.foreign)
    _name_foreign(foreign)
    click.echo(f"{written} written, {unchanged} unchanged, {removed} removed")
    return int(bool(foreign))


def _tell_check(done: Sequence[Difference | Summary]) -> int:
    differences = [each for each in done if isinstance(each, Difference)]
    for word in ("new", "changed", "removed"):
        for path in sorted(path for each in differences for path in getattr(each, word)):
            click.echo(f"{word}: {path}", err=True)
    foreign = sorted(path for each in differences for path in each.foreign)
    _name_foreign(foreign)
    if any(differences):
        click.echo("rollspec: the rendered files are not up to date: run `rollspec render`", err=True)
        return 1
    return 0


def _name_foreign(paths: Sequence[str]) -> None:
    for path in paths:
        click.echo(f"left alone, rollspec did not make it: {path}", err=True)


def _print(opened: Opened, job: Job, form: str, is_strict: bool) -> int:
    rendered, files, _ = render_some(opened, job)
    if show_problems(judge(opened, job, rendered), form, is_strict=is_strict):
        return 1
    shared, _ = shared_files(opened, job, rendered)
    every = {**files, **shared}
    click.echo("".join(f"---\n{every[path].decode()}" for path in sorted(every)), nl=False)
    return 0
