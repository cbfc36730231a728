"""`rollspec render`: specs -> files. All is rendered and checked before the first byte is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Self

from renderer.console import out, say
from renderer.failure import Failure
from renderer.layout import KUSTOMIZATION
from renderer.pipeline import Rendered
from renderer.pipeline.fleet import ARGOCD
from renderer.problem import Problem, errors, printable
from renderer.progress import counted, laps, progress
from renderer.report.problems import DOCUMENTS
from renderer.tree import Difference, Summary, TreeError, by_folder, compare, sweep, write_all
from renderer.usecases.argocd import argocd_of_some
from renderer.usecases.checkout import RESTORE, refuse_left_out, refuse_nested
from renderer.usecases.job import Job, select
from renderer.usecases.memory import Memory, memory_of
from renderer.usecases.project import Opened, other_output, whole_projects
from renderer.usecases.run import ByFolder, Share, problems_across_apps, problems_of_apps, render_share, shared_files
from renderer.usecases.selection import Selection, parse_shard
from renderer.usecases.shown import Shown, in_project
from renderer.workers import SMALL, Processes, Tick, Work, crew, meanwhile, processes

if TYPE_CHECKING:
    from renderer.cache import Record

Tell = Callable[[Sequence[Difference | Summary]], int]
Teller = Callable[[Opened, Selection, "RenderOptions"], Tell]


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """The options of the command line; Failure for options that contradict each other."""

    directory: str
    paths: tuple[str, ...] = ()
    envs: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    check: bool = False
    stdout: bool = False
    output: str | None = None
    bootstrap: bool = False
    shard: str | None = None
    jobs: int | None = None
    no_cache: bool = False
    cached: bool = False
    hook: bool = False
    staged: bool = False
    is_strict: bool = False
    form: str = "text"
    verbose: bool = False
    plugin: bool = False

    def __post_init__(self) -> None:
        if self.stdout and (self.check or self.output):
            raise Failure("--stdout cannot be combined with --check or --output: it writes no files", 2)
        if self.stdout and self.form in DOCUMENTS:
            raise Failure(f"--stdout cannot be combined with --format {self.form}: both print a document to stdout", 2)
        if self.plugin and not self.stdout:
            raise Failure("--plugin needs --stdout: Argo CD reads the manifests from there", 2)
        if self.plugin and (self.paths or self.envs or self.apps or self.shard or self.hook or self.staged):
            raise Failure("--plugin takes the environment and the app from Argo CD's parameters: give neither", 2)
        if self.cached and not self.check:
            raise Failure("--cached needs --check; without --check the cache is always used", 2)
        if self.cached and (self.no_cache or self.output or self.bootstrap):
            raise Failure("--cached cannot be combined with --no-cache, --output or --bootstrap", 2)
        if self.staged and not self.check:
            raise Failure("--staged needs --check: it compares the files of the index with each other", 2)
        if self.staged and (self.paths or self.hook or self.output or self.cached):
            raise Failure("--staged cannot be combined with PATHS, --hook, --output or --cached", 2)
        if self.bootstrap and not (self.stdout or self.output):
            raise Failure(
                "--bootstrap needs --output DIR or --stdout: in place, it would end every release in flight", 2
            )

    @property
    def reads_cache(self) -> bool:
        """Whether the memory of earlier runs may be used."""
        return not (self.no_cache or self.output or self.bootstrap or (self.check and not self.cached))


class Written(NamedTuple):
    """What one process wrote, and its records to keep."""

    done: Difference | Summary
    records: list[Record]


class Output(NamedTuple):
    """Where files are written, or only compared (`check`); `folder` is relative to the project."""

    folder: str
    check: bool

    def put(self, job: Job, prefix: str, files: Mapping[str, bytes], stale: Sequence[str]) -> Difference | Summary:
        """Write or compare files, and remove those that are `stale`; all are below `prefix` in the project."""
        start = len(prefix) + 1
        moved = {path[start:]: text for path, text in files.items()}
        removed = [path[start:] for path in stale]
        try:
            return compare(job.target, moved, removed) if self.check else write_all(job.target, moved, removed)
        except TreeError as error:
            raise TreeError(os.path.join(self.folder, error.path), error.message) from error


class How(NamedTuple):
    """How a run does its work, and how it ends: `tell` prints what was done and returns the exit code."""

    output: Output
    processes: Processes
    shown: Shown
    tell: Tell
    may_write: Callable[[], object] = lambda: None  # raises Failure where nothing may be written

    def ended(self, done: Sequence[Difference | Summary]) -> int:
        """Say what was done, by paths of the project; the exit code."""
        return self.tell([each.seen_from(self.output.folder) for each in done])


@dataclass(frozen=True, slots=True)
class _Rendering(Work[str, tuple[Share, Callable[[], Written]]]):
    """Renders apps; in the second phase it writes them. `folders` are the existing files by folder."""

    memory: Memory
    output: Output
    folders: ByFolder

    def __call__(self, items: Sequence[str], tick: Tick) -> tuple[Share, Callable[[], Written]]:
        memory = self.memory
        share = render_share(memory.opened, memory, items, tick)
        files, stale = share.files(memory.opened, memory.job, self.folders)
        return share.report(), partial(self.finish, share.drafts, files, stale)

    def finish(self, drafts: Sequence[Record], files: Mapping[str, bytes], stale: Sequence[str]) -> Written:
        """Write these files, and stamp their records."""
        done = self.output.put(self.memory.job, self.memory.opened.layout.output, files, stale)
        records = self.memory.written(drafts, by_folder(files), done)
        return Written(replace(done, stamps={}) if isinstance(done, Summary) else done, records)

    def part(self, items: Sequence[str]) -> Self:
        opened, job = self.memory.opened, self.memory.job
        own = {opened.layout.manifests(env, app) for app in items for env in job.selection.envs_of(app)}
        folders = {folder: self.folders[folder] for folder in own & self.folders.keys()}
        return replace(self, memory=self.memory.part(items), folders=folders)


def render(options: RenderOptions) -> int:
    """Render what the options ask for; the exit code."""
    if options.hook or options.staged:
        from renderer.usecases.touched import is_under_pre_commit  # git: a plain run does not need it

        if options.staged or not is_under_pre_commit():
            return _of_index(replace(options, hook=False, staged=False, check=True), is_hook=options.hook)
    return _render_projects(options)


def _of_index(options: RenderOptions, *, is_hook: bool) -> int:
    """Compare the rendered files that are staged with what the staged specs render to: of a hook, what it is about."""
    from renderer.usecases.staged import Choose, Staged, each_staged

    paths, options = options.paths, replace(options, paths=())
    named = not is_hook or options.apps or options.envs or options.shard

    def run(staged: Staged, choose: Choose) -> int:
        cached = is_hook and not staged.commit and not options.no_cache  # a temporary folder has no earlier run
        now = replace(options, directory=staged.root, cached=cached)
        shown = Shown(options.form, options.is_strict, staged.start, laps(options.verbose))

        def compared(opened: Opened) -> int:
            return _render(opened, choose(opened), now, shown, partial(_teller_of_index, staged.inside))

        return in_project(staged.root, shown, compared, staged.opened)

    def chosen(opened: Opened) -> Selection:
        return select(opened, options.apps, options.envs, options.shard)

    return each_staged(options.directory, paths, run, choose=chosen if named else None, needs_output=True)


def _render_projects(options: RenderOptions) -> int:
    """Render the projects that the options ask for."""
    start = options.directory if options.paths or options.hook else None
    shown = Shown(options.form, options.is_strict, start, laps(options.verbose))

    def run(opened: Opened, selection: Selection) -> int:
        return _render(opened, selection, options, shown, _teller)

    def whole(opened: Opened) -> int:
        if options.plugin:
            from renderer.usecases.plugin import asked_by_argo_cd

            return run(opened, asked_by_argo_cd(opened, os.environ))
        return run(opened, select(opened, options.apps, options.envs, options.shard))

    folders = [] if options.hook else whole_projects(options.directory, options.paths)
    if folders:
        shown.refuse_several(folders)
        return max(in_project(folder, shown, whole) for folder in folders)
    from renderer.usecases.touched import each_touched  # git: a plain run does not need it

    if options.envs or options.apps or options.shard:
        raise Failure("PATHS cannot be combined with --env, --app or --shard: they say which apps already", 2)
    return each_touched(shown, options.paths, hook=options.hook, run=run)


def _teller(opened: Opened, selection: Selection, options: RenderOptions) -> Tell:
    """How to report the files of the working tree."""
    if options.check:
        return _tell_check if options.output else lambda done: _tell_check(_of_commits(opened, done))
    tell = partial(_tell, say if options.form in DOCUMENTS else out)
    return _hooked(opened, selection, tell) if options.hook else tell


def _teller_of_index(inside: str, opened: Opened, selection: Selection, options: RenderOptions) -> Tell:
    """How to report a folder that holds what is staged, and nothing else, of a project that is seen from above."""
    if not opened.setup.project.commit_rendered:
        return lambda _: 0

    def tell(done: Sequence[Difference | Summary]) -> int:
        ours = _of_commits(opened, done)
        return _tell_staged([each.seen_from(inside) for each in ours] if inside else ours)

    return tell


def _of_commits(opened: Opened, done: Sequence[Difference | Summary]) -> list[Difference | Summary]:
    """Without files that are not committed together with the specs: those that are not there, and that Git ignores."""
    from renderer.usecases.ignored import commits_apps, ignored_output, is_committed  # git: only for such a project

    project = opened.setup.project
    if commits_apps(project):
        return [*done]
    differences = [each for each in done if isinstance(each, Difference)]
    ignored = ignored_output(
        opened.root, project, [path for each in differences for path in (*each.changed, *each.removed)]
    )
    return [
        replace(
            each,
            new=[path for path in each.new if is_committed(project, path)],
            changed=[path for path in each.changed if path not in ignored],
            removed=[path for path in each.removed if path not in ignored],
            line_ends=[path for path in each.line_ends if path not in ignored],
        )
        for each in differences
    ]


def _render(opened: Opened, selection: Selection, options: RenderOptions, shown: Shown, teller: Teller) -> int:
    output = options.output
    if options.check or options.hook:
        refuse_left_out(opened.root, [opened.layout.output])
        refuse_nested(opened.root, opened.layout, opened.submodules)
    target = other_output(opened, options.directory, output) if output else _output_folder(opened)
    job = Job(selection, options.bootstrap, target, parse_shard(options.shard), bool(output))
    if options.stdout:
        return _print(opened, job, shown, plugin=options.plugin)
    tell = teller(opened, selection, options)
    folder = os.path.relpath(target, os.path.realpath(opened.root)) if output else opened.layout.output
    how = How(Output(folder, options.check), processes(options.jobs), shown, tell)
    if output or not (options.check or options.hook):
        memory = _memory(opened, job, options, shown)
        with memory.ahead():
            return _run(memory, how)
    with meanwhile(lambda: _refuse_hidden(opened, selection)) as hidden:
        memory = _memory(opened, job, options, shown)
        if len(job.apps) < SMALL:  # so no process is started
            with memory.ahead():
                return _run(memory, how._replace(may_write=hidden.value))
    return _run(memory, how)


def _memory(opened: Opened, job: Job, options: RenderOptions, shown: Shown) -> Memory:
    memory = memory_of(opened, job, reads_cache=options.reads_cache)
    if options.reads_cache:
        shown.lap("look at the times and sizes of files", memory.described())
    return memory


def _refuse_hidden(opened: Opened, selection: Selection) -> None:
    """Failure where git ignores or overlooks a spec or a rendered file of the selection."""
    from renderer.usecases.ignored import refuse_hidden_output, refuse_hidden_specs

    refuse_hidden_specs(opened.root, opened.layout, opened.spec_files(None if selection.whole else selection.names))
    refuse_hidden_output(opened.root, opened.setup.project, _folders(opened, selection))


def render_into(opened: Opened, selection: Selection, target: str, shown: Shown) -> int:
    """Render into a folder in place of the project's output, without naming files; the exit code."""
    job = Job(selection, target=target, is_elsewhere=True)
    return _run(Memory(opened, job), How(Output(target, check=False), processes(), shown, lambda _: 0))


def _run(memory: Memory, how: How) -> int:
    """Render or recall every app, check all of them, and only then write all files."""
    opened, job, output, lap = memory.opened, memory.job, how.output, how.shown.lap
    existing = memory.existing()
    todo = [app for app in job.apps if app not in memory.unchanged]
    work = _Rendering(memory, output, by_folder(existing))
    with progress("rendering", len(todo)) as watch, crew(todo, work, how.processes, watch) as workers:
        confirmed = [record for share in workers.reports for record in share.confirmed]
        made = [each for share in workers.reports for each in share.made]
        again = len({record.app for record in confirmed})
        lap("render", counted(len(todo) - again, "app"), f"{again:,} more unchanged, by the contents of their files")
        recalled = memory.recall(confirmed, made)
        rendered = [*made, *recalled.rendered]
        across = problems_across_apps(memory, rendered, is_clean=recalled.is_clean)
        problems = [*problems_of_apps(opened, rendered), *across]
        lap("check across apps", *(["nothing changed since they were checked"] if recalled.is_clean else []))
        argocd, wrong = _argocd(memory, made, problems)
        if how.shown.problems([*problems, *wrong], opened.root):
            return 1
        files, stale = shared_files(opened, job, rendered, existing)
        how.may_write()
        start = len(opened.layout.output) + 1
        sweep(job.target, [] if output.check else [path[start:] for path in existing])
        written = workers.finish()
        done = [each.done for each in written]
        done.append(output.put(job, opened.layout.output, files | argocd, stale))
    lap("compare" if output.check else "write", counted(len(argocd) + len(files), "shared file"))
    if not output.check:
        names = {f"{each.env}/{each.app}" for each in made if each.env}
        is_written = not job.is_elsewhere and any(_wrote(each.done) for each in written)
        with meanwhile(partial(_why_ignored, opened, names if is_written else ())) as ignored:
            memory.keep(confirmed, [record for each in written for record in each.records], recalled, clean=not across)
        if ignored.value():
            say(f"rollspec: warning: {ignored.value()}")
        lap("remember")
    return how.ended([*done, memory.unchanged_files(recalled)])


def _folders(opened: Opened, selection: Selection) -> list[str]:
    """The existing output folders of the selection."""
    return [folder for folder in selection.folders(opened.layout) if os.path.isdir(os.path.join(opened.root, folder))]


def _wrote(done: Difference | Summary) -> bool:
    return isinstance(done, Summary) and bool(done.written or done.removed)


def _why_ignored(opened: Opened, written: Collection[str]) -> str:
    """Why no commit will have the files just written, if git ignores them."""
    if not written:
        return ""
    from renderer.usecases.ignored import output_fault  # git: only where files were written

    return output_fault(opened.root, opened.setup.project, [f"{opened.layout.output}/{each}" for each in written])


def _argocd(
    memory: Memory, made: Sequence[Rendered], problems: Sequence[Problem]
) -> tuple[dict[str, bytes], list[Problem]]:
    """Argo CD's objects of environments that are only partly rendered; of several shards, the first writes them."""
    job = memory.job
    if job.shard is not None or job.is_whole or errors(problems):
        return {}, []
    some = [each for each in made if each.env not in job.selection.whole]
    return argocd_of_some(memory.opened, job.target, some, stable_only=job.stable_only)


def _output_folder(opened: Opened) -> str:
    """The project's own folder; Failure if a symbolic link, which a commit may add, would lead out of the project."""
    target = opened.root
    for part in opened.layout.output.split("/"):
        target = os.path.join(target, part)
        if os.path.islink(target):
            raise Failure(f"{opened.layout.output}: is a symbolic link, which is not followed: put its target here")
    return target


def _hooked(opened: Opened, selection: Selection, written: Tell) -> Tell:
    """pre-commit notices a changed file, but not a new one: so a hook that wrote or misses a file fails itself."""
    from renderer.usecases.ignored import commits_apps
    from renderer.usecases.touched import not_in_the_commit, tell_unknown

    def tell(done: Sequence[Difference | Summary]) -> int:
        code = written(done)
        missing = not_in_the_commit(opened, selection)
        tell_unknown(missing)
        wrote = commits_apps(opened.setup.project) and any(map(_wrote, done))
        return int(bool(code or wrote or missing))

    return tell


def _tell(show: Callable[[str], None], done: Sequence[Difference | Summary]) -> int:
    summaries = [each for each in done if isinstance(each, Summary)]
    written, unchanged, removed = (
        sum(getattr(each, name) for each in summaries) for name in ("written", "unchanged", "removed")
    )
    foreign = sorted(path for each in summaries for path in each.foreign)
    _name_foreign(foreign)
    show(f"{written} written, {unchanged} unchanged, {removed} removed")
    return int(bool(foreign))


def _tell_check(done: Sequence[Difference | Summary]) -> int:
    differences = [each for each in done if isinstance(each, Difference)]
    for word in ("new", "changed", "removed"):
        for path in sorted(path for each in differences for path in getattr(each, word)):
            say(f"{word}: {printable(path)}")
    foreign = sorted(path for each in differences for path in each.foreign)
    _name_foreign(foreign)
    line_ends = sum(len(each.line_ends) for each in differences)
    if line_ends:
        cure = "write `rendered/** text eol=lf` (with your output folder) to .gitattributes"
        say(f"rollspec: {line_ends} of these files differ in their line ends (CRLF) alone: {cure}")
    if any(each.new or each.changed or each.removed for each in differences):
        say("rollspec: the rendered files are out of date: run `rollspec render`")
    return int(any(differences) or bool(foreign))


def _tell_staged(done: Sequence[Difference | Summary]) -> int:
    code = _tell_check(done)
    if any(each.new or each.changed or each.removed for each in done if isinstance(each, Difference)):
        say(
            "rollspec: the commit would have old rendered files: `git add` the new ones; if Git ignores them, remove "
            "that line, or write `commitRendered: false` in rollspec.yaml if another branch or job has them"
        )
    return code


def _name_foreign(paths: Sequence[str]) -> None:
    for path in paths:
        why = f"not changed, because rollspec did not write it ({RESTORE})"
        say(f"{why}: {printable(path)}")


def _print(opened: Opened, job: Job, shown: Shown, *, plugin: bool) -> int:
    memory = Memory(opened, job)
    share = render_share(opened, memory, job.apps, lambda: None)
    problems = [*problems_of_apps(opened, share.made), *problems_across_apps(memory, share.made)]
    if shown.problems(problems, opened.root):
        return 1
    files, _ = share.files(opened, job, {})
    shared, _ = shared_files(opened, job, share.made, frozenset())
    every = {**files, **shared}
    if plugin:
        every = _for_argo_cd(opened, every)
        if not every:
            envs = " ".join(job.selection.envs)
            raise Failure(f"nothing to render in {envs}: with no manifests Argo CD would delete everything there", 1)
    out("".join(f"---\n{every[path].decode()}" for path in sorted(every)), end="")
    return 0


def _for_argo_cd(opened: Opened, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """What an Application applies: neither Argo CD's own objects nor lists of files for kustomize."""
    own = f"{opened.layout.output}/{ARGOCD}/"
    return {
        path: text
        for path, text in files.items()
        if not path.startswith(own) and path.rpartition("/")[2] != KUSTOMIZATION
    }
