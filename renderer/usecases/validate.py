"""`rollspec validate`: everything `render` checks, nothing written; with a base revision, the change too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Self

from renderer.console import say
from renderer.failure import Failure
from renderer.layout import holds
from renderer.pipeline import Rendered, is_in
from renderer.progress import counted, laps, progress
from renderer.usecases.checkout import refuse_nested
from renderer.usecases.job import Job, select
from renderer.usecases.memory import Memory, memory_of
from renderer.usecases.project import Opened, whole_projects
from renderer.usecases.run import Share, problems_across_apps, problems_of_apps, render_share
from renderer.usecases.selection import Selection
from renderer.usecases.shown import Shown, in_project
from renderer.workers import Tick, Work, processes, reports

# Imported where they are used: Git, the plan and its simulation, which a check of the specs alone does not need.
if TYPE_CHECKING:
    from renderer.usecases.change import Judged


@dataclass(frozen=True, slots=True)
class ValidateOptions:
    """The options of the command line."""

    directory: str
    paths: tuple[str, ...] = ()
    envs: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    base: str | None = None
    into: str | None = None
    each: bool = False  # each commit since `base`, instead of all of them as one change
    head: str | None = None  # the commit that is validated, in the folder of a merge that is tried
    jobs: int | None = None
    hook: bool = False
    staged: bool = False
    cached: bool = False
    is_strict: bool = False
    form: str = "text"
    verbose: bool = False
    now: datetime | None = None  # the time by which freezes are judged; None: they do not count

    def __post_init__(self) -> None:
        if self.staged and (self.paths or self.hook or self.base):
            raise Failure("--staged cannot be combined with PATHS, --hook or --base: it checks the index alone", 2)
        if self.each and (self.paths or self.hook or not self.base):
            raise Failure("--each needs --base, and cannot be combined with PATHS or --hook", 2)
        if self.into and (self.paths or self.hook or self.base or self.staged):
            raise Failure("--into cannot be combined with PATHS, --hook, --base or --staged: it checks the merge", 2)


def validate(options: ValidateOptions) -> int:
    """Check what the options ask for; the exit code."""
    if options.staged or options.hook:
        from renderer.usecases.touched import is_under_pre_commit

        if options.staged or not is_under_pre_commit():
            return _of_index(options)
    return _of_merge(options, options.into) if options.into else _validate_projects(options)


def _validate_projects(options: ValidateOptions) -> int:
    """Check the projects that the options ask for, as they are on disk."""
    directory, paths = options.directory, options.paths
    start = directory if paths or options.hook else None
    shown = Shown(options.form, options.is_strict, start, laps(options.verbose))
    base = options.base or (_hook_base(directory) if options.hook else None)

    run = _checker(options, shown, base)

    def whole(opened: Opened) -> int:
        return run(opened, select(opened, options.apps, options.envs))

    folders = [] if options.hook else whole_projects(directory, paths)
    if folders:
        shown.refuse_several(folders)
        return max(in_project(folder, shown, whole) for folder in folders)
    if options.envs or options.apps:
        raise Failure("PATHS cannot be combined with --env or --app: they say which apps already", 2)
    from renderer.usecases.touched import each_touched

    return each_touched(shown, paths, hook=options.hook, run=run, load=_load_change if base else lambda: None)


def _checker(
    options: ValidateOptions, shown: Shown, base: str | None, differing: tuple[str, ...] | None = None
) -> Callable[[Opened, Selection], int]:
    """Checks a selection of a project, and with a base the change since; the exit code.

    `differing` are the files that differ from the base, where that is known.
    """
    since = None if options.each or options.head else base  # what the working tree is compared with

    def check(opened: Opened, selection: Selection) -> int:
        job = Job(selection, is_written=False)
        memory = partial(memory_of, opened, job, reads_cache=options.cached)
        some = None if job.is_whole else memory()  # of all apps it is large: not until it is asked
        with some.ahead(since) if some else nullcontext():
            moved = _moved(opened, selection, base, options, differing) if base else None
            if base:
                shown.lap(f"compare with {base}")
            if some and moved:
                some.differs(moved.differing)
            return _run(some or memory(), moved, options, shown)

    return check


def _hook_base(directory: str) -> str | None:
    from renderer.usecases.touched import hook_base

    return hook_base(directory)


def _live_revision(directory: str) -> str | None:
    from renderer.usecases.touched import live_revision

    return live_revision(directory)


def _load_change() -> None:
    from renderer.usecases import change  # noqa: F401  (so that `_moved` finds it loaded)


def _moved(
    opened: Opened, selection: Selection, base: str, options: ValidateOptions, differing: tuple[str, ...] | None
) -> Judged:
    from renderer.usecases.change import Range, each_transition, transitions

    if options.base and options.base != "HEAD" and not options.head:  # before the first commit there is no HEAD
        _say_not_an_ancestor(opened.root, options.base)
    change = Range(opened.root, base, options.head, None if options.hook else options.now, options.hook, differing)
    is_whole = not (options.apps or options.envs or options.paths or options.hook)
    judge = each_transition if options.each else transitions
    return judge(opened, selection, change, is_whole=is_whole)


def _say_not_an_ancestor(root: str, base: str) -> None:
    from renderer.git import resolve
    from renderer.usecases.ancestor import not_an_ancestor
    from renderer.usecases.revision import asking_git

    with asking_git():
        takes_back = "the change is judged as if it took {it} back"
        for remark in not_an_ancestor(root, base, resolve(root, base), None, "validate", takes_back):
            say(f"rollspec: {remark}")


def _commit_of(root: str, revision: str) -> str:
    from renderer.git.read import resolve
    from renderer.usecases.revision import asking_git

    with asking_git():
        return resolve(root, revision)


def _of_index(options: ValidateOptions) -> int:
    """Check what is staged: of a hook, what it is about, and the change that it is."""
    from renderer.usecases.staged import Choose, Staged, each_staged

    named = options.staged or options.apps or options.envs

    def run(staged: Staged, choose: Choose) -> int:
        base = (options.base or _live_revision(staged.source) or staged.parent) if options.hook else None
        if base and staged.commit:
            base = _commit_of(staged.source, base)
        if base is None and isinstance(staged.opened, Opened):  # else the judgement of the change does it
            refuse_nested(staged.root, staged.opened.layout, staged.opened.submodules)
        cached = options.cached and not staged.commit  # a temporary folder has no earlier run
        now = replace(options, directory=staged.root, paths=(), head=staged.commit, now=None, cached=cached)
        shown = Shown(options.form, options.is_strict, staged.start, laps(options.verbose))
        known = None if staged.commit or base != staged.parent else staged.files
        check = _checker(now, shown, base, known)
        return in_project(staged.root, shown, lambda opened: check(opened, choose(opened)), staged.opened)

    def chosen(opened: Opened) -> Selection:
        return select(opened, options.apps, options.envs)

    return each_staged(options.directory, options.paths, run, choose=chosen if named else None)


def _of_merge(options: ValidateOptions, into: str) -> int:
    """Check the merge of the last commit into a revision, and the change that it is."""
    from renderer.usecases.into import merged_into
    from renderer.usecases.laid_out import lay_out_files, layout_of
    from renderer.usecases.revision import asking_git

    with merged_into(options.directory, into, None) as merged:
        shown = Shown(options.form, options.is_strict, None)
        if merged.problems:  # each is an error, and there is no merge to check
            return int(shown.problems(merged.problems, merged.folder))
        with asking_git():
            output = layout_of(merged.folder, merged.head).output
            lay_out_files(merged.folder, merged.trial.commit, lambda path: not holds(output, path))
        trial = merged.trial
        return validate(replace(options, directory=merged.folder, into=None, base=trial.into, head=trial.commit))


def _run(memory: Memory, moved: Judged | None, options: ValidateOptions, shown: Shown) -> int:
    """Render or recall every app, and check all of them; nothing is written, the cache included.

    Apps that were rendered to judge the change are not rendered again.
    """
    opened, job = memory.opened, memory.job
    if options.cached:
        shown.lap("look at the times and sizes of files", memory.described())
    done = _whole(opened, job, moved.rendered if moved else ())
    todo = [app for app in job.apps if app not in memory.unchanged and app not in done]
    with progress("validating", len(todo)) as watch:
        shares = reports(todo, _Validating(opened, memory), processes(options.jobs), watch)
        made = [each for share in shares for each in share.made]
        made += [each for app, some in done.items() if app not in memory.unchanged for each in some]
        confirmed = [record for share in shares for record in share.confirmed]
        shown.lap("render", counted(len(todo) - len({record.app for record in confirmed}), "app"))
        recalled = memory.recall(confirmed, made)
        rendered = [*made, *recalled.rendered]
        across = problems_across_apps(memory, rendered, is_clean=recalled.is_clean)
        shown.lap("check across apps")
    of_change = moved.problems if moved else []
    return int(shown.problems([*problems_of_apps(opened, rendered), *across, *of_change], opened.root))


@dataclass(frozen=True, slots=True)
class _Validating(Work[str, Share]):
    """Renders apps only to check them."""

    seconds: ClassVar[float] = 0.0007

    opened: Opened
    memory: Memory

    def __call__(self, items: Sequence[str], tick: Tick) -> Share:
        return render_share(self.opened, self.memory, items, tick).report()

    def part(self, items: Sequence[str]) -> Self:
        return replace(self, memory=self.memory.part(items))


def _whole(opened: Opened, job: Job, rendered: Sequence[Rendered]) -> dict[str, list[Rendered]]:
    """Of what was rendered, the apps of the job that have all their environments."""
    found: dict[str, dict[str, Rendered]] = {}
    for each in rendered:
        found.setdefault(each.app, {})[each.env] = each
    environments = opened.setup.environments
    wanted = {app: [env for env in job.selection.envs_of(app) if is_in(environments[env], app)] for app in found}
    return {app: [found[app][env] for env in envs] for app, envs in wanted.items() if envs and {*envs} <= {*found[app]}}
