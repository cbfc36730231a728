"""A run over apps, which several processes share: first each app alone, then checks across all apps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from renderer.pipeline import Rendered
from renderer.pipeline.fleet import argocd_files, fleet_problems, resource_files, shared_in_clusters, without_repeats
from renderer.pipeline.in_step import groups
from renderer.pipeline.of_some_apps import with_apps
from renderer.problem import Problem, errors
from renderer.tree import reader
from renderer.usecases.argocd import outlines
from renderer.usecases.job import Job
from renderer.usecases.memory import Memory, blank
from renderer.usecases.project import Opened, build_all, build_read
from renderer.workers import Tick

if TYPE_CHECKING:
    from renderer.cache import Record

ByFolder = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Share:
    """What one process found: the apps that it rendered, and records of others whose contents are unchanged."""

    apps: list[str] = field(default_factory=list)
    made: list[Rendered] = field(default_factory=list)
    drafts: list[Record] = field(default_factory=list)  # of what was rendered; stamped when it is written
    confirmed: list[Record] = field(default_factory=list)

    def report(self) -> Share:
        """What the other processes must know about it."""
        return Share(made=[blank(each) for each in self.made], confirmed=self.confirmed)

    def files(self, opened: Opened, job: Job, existing: ByFolder) -> tuple[dict[str, bytes], list[str]]:
        """Its files by project path, and those in the folders of its apps that are not rendered any more."""
        files = {path: text for each in self.made for path, text in each.files.items()}
        layout = opened.layout
        folders = {layout.manifests(env, app) for app in self.apps for env in job.selection.envs_of(app)}
        return files, [path for folder in sorted(folders) for path in existing.get(folder, ()) if path not in files]


def render_share(opened: Opened, memory: Memory, apps: Sequence[str], tick: Tick) -> Share:
    """Read each app, and render it unless the memory knows it with the same contents."""
    share, job = Share(), memory.job
    with reader(opened.root) as read_some:
        for some in groups(apps):
            texts = {app: opened.texts(app, read_some) for app in some}
            confirmed = {app: memory.confirmed(app, files) for app, (files, wrong) in texts.items() if not wrong}
            changed = {app: texts[app] for app in some if not confirmed.get(app)}
            envs = {app: job.selection.envs_of(app) for app in changed}
            made = build_read(opened, changed, envs, stable_only=job.stable_only, text=job.is_written)
            share.apps.extend(changed)
            share.made.extend(made)
            for app, those in groupby(made, attrgetter("app")) if job.is_written else ():
                share.drafts.extend(memory.drafts(app, [*those], texts[app][0]))
            share.confirmed.extend(record for records in confirmed.values() for record in records)
            for _ in some:
                tick()
    return share


def problems_of_apps(opened: Opened, rendered: Sequence[Rendered]) -> list[Problem]:
    """The problems of the project and of each app alone."""
    found = with_apps(opened.setup.environments.values(), opened.apps, rendered)
    return [*opened.problems, *without_repeats(opened.setup, found)]


def problems_across_apps(memory: Memory, rendered: Sequence[Rendered], *, is_clean: bool = False) -> list[Problem]:
    """The problems across apps; in partly rendered environments, also across other apps that could claim the same.

    `is_clean`: an earlier run checked exactly these apps together and found nothing.
    """
    opened, job = memory.opened, memory.job
    if is_clean:
        return _of_repository(opened)  # it asks Git, which may have changed since
    whole = sorted(job.selection.whole)
    part = [env for env in job.selection.envs if env not in job.selection.whole]
    some = [each for each in rendered if each.env in part]
    others = [] if any(errors(each.problems) for each in rendered) else _others(memory, some, part)
    problems = fleet_problems(opened.setup, rendered, whole, whole=True)
    problems += fleet_problems(opened.setup, [*rendered, *others], part, whole=False)
    return problems + shared_in_clusters(opened.setup, [*rendered, *others]) + _of_repository(opened)


def _of_repository(opened: Opened) -> list[Problem]:
    argocd = opened.setup.project.argocd
    if argocd is None:
        return []
    from renderer.usecases.repository import repository_problems  # it asks git

    return repository_problems(opened, argocd)


def _others(memory: Memory, rendered: Sequence[Rendered], envs: Sequence[str]) -> list[Rendered]:
    """Other apps that could claim what these claim."""
    if not rendered:
        return []
    near = memory.neighbours(rendered, sorted({each.app for each in rendered}))
    done = {(each.env, each.app) for each in rendered}
    return [each for each in build_all(memory.opened, near, envs, text=False) if (each.env, each.app) not in done]


def shared_files(
    opened: Opened, job: Job, rendered: Sequence[Rendered], existing: frozenset[str]
) -> tuple[dict[str, bytes], list[str]]:
    """Files of whole environments, and files in the output folder of deleted apps and environments."""
    envs = sorted(job.shared)
    if not envs:
        return {}, []
    files: dict[str, bytes] = {}
    for env in envs:
        files |= resource_files(opened.setup, env)
    files |= argocd_files(opened.setup, [*rendered, *_of_other_shards(opened, job)], envs)
    layout, output = opened.layout, opened.layout.output
    of_apps = {layout.manifests(env, app) for env in opened.setup.environments for app in opened.apps}
    all_envs = len(envs) == len(opened.setup.environments)
    scopes = tuple(f"{output}/{env}/" for env in envs)
    stale = [
        path
        for path in existing
        if path not in files and path.rpartition("/")[0] not in of_apps and (all_envs or path.startswith(scopes))
    ]
    return files, stale


def _of_other_shards(opened: Opened, job: Job) -> list[Rendered]:
    """The outlines of their apps; a wrong one stops its own shard."""
    if job.shard is None or opened.setup.project.argocd is None:
        return []
    others = sorted(set(opened.apps).difference(job.apps))
    return outlines(opened, others, job.selection.envs, stable_only=job.stable_only)
