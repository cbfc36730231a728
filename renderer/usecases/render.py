"""`rollspec render`: specs -> files. All is rendered and checked before the first byte is written."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from renderer.console import out, say
from renderer.failure import Failure
from renderer.layout import holds
from renderer.pipeline import Rendered, outline
from renderer.pipeline.fleet import (
    ARGOCD,
    argocd_files,
    argocd_updated,
    fleet_problems,
    resource_files,
    shared_in_clusters,
    told_once,
)
from renderer.problem import Problem, errors, printable
from renderer.progress import progress
from renderer.tree import Difference, Summary, TreeError, compare, listing, read, sweep, write_all
from renderer.usecases.project import Opened, build_all, build_each, whole_projects
from renderer.usecases.selection import Selection, asked, chosen, in_shard, neighbours, parse_shard
from renderer.usecases.shown import Shown, in_project
from renderer.workers import Tick, crew, processors

End = Callable[[Sequence[Difference | Summary]], int]


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What is asked for on the command line; Failure for options that contradict each other."""

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
    is_strict: bool = False
    form: str = "text"

    def __post_init__(self) -> None:
        if self.stdout and (self.check or self.output):
            raise Failure("--stdout writes nothing: leave --check and --output out", 2)
        if self.cached and not self.check:
            raise Failure("--cached is for --check: without it, what earlier runs left is used anyway", 2)
        if self.cached and (self.no_cache or self.output or self.bootstrap):
            raise Failure(
                "--cached is about the project's own output: leave --no-cache, --output and --bootstrap out", 2
            )
        if self.bootstrap and not (self.stdout or self.output):
            raise Failure("--bootstrap in place would end every release in flight: give --output DIR or --stdout", 2)

    @property
    def reads_cache(self) -> bool:
        """Whether what earlier runs left may be used."""
        return not (self.no_cache or self.output or self.bootstrap or (self.check and not self.cached))


@dataclass(frozen=True, slots=True)
class Job:
    """What to render, and where it goes: `place` is the folder that stands for the project's output folder."""

    selection: Selection
    apps: list[str]  # of the selection, or a share of them
    stable_only: bool
    place: str
    existing: frozenset[str]  # what lies in the output folder now, by project path
    shard: tuple[int, int] | None = None  # these are the apps of one shard, which runs beside the others
    is_elsewhere: bool = False  # `place` is not the project's own: others may write there too

    @property
    def shared(self) -> frozenset[str]:
        """The environments of which what belongs to no app is rendered too; among shards the first does that."""
        first = self.shard is not None and self.shard[0] == 1
        return self.selection.whole | (frozenset(self.selection.envs) if first else frozenset())


@dataclass(frozen=True, slots=True)
class Judging:
    """How a run is judged and told.

    `end` tells what was done, and gives the exit code; `folder` is where that was, as seen from the project.
    """

    end: End
    folder: str
    check: bool
    processes: int
    shown: Shown
    root: str

    def show(self, problems: Sequence[Problem]) -> bool:
        """Show them; whether they stop the run."""
        return self.shown.problems(problems, self.root)

    def ended(self, done: Sequence[Difference | Summary]) -> int:
        """Tell what was done, by paths of the project; the exit code."""
        return self.end([each.seen_from(self.folder) for each in done])


def render(options: RenderOptions) -> int:
    """Render what the options ask for; the exit code."""
    shown = Shown(options.form, options.is_strict, options.directory if options.paths or options.hook else None)

    def run(opened: Opened, selection: Selection) -> int:
        return _render(opened, selection, options, shown)

    def whole(opened: Opened) -> int:
        return run(opened, select(opened, options.apps, options.envs, options.shard))

    folders = [] if options.hook else whole_projects(options.directory, options.paths)
    if folders:
        return max(in_project(folder, shown, whole) for folder in folders)
    from renderer.usecases.touched import each_touched  # git: a plain run has no need of it

    if options.envs or options.apps or options.shard:
        raise Failure("PATHS say which apps: leave --env, --app and --shard out", 2)
    return each_touched(options.directory, options.paths, options.form, hook=options.hook, run=run)


def _render(opened: Opened, selection: Selection, options: RenderOptions, shown: Shown) -> int:
    output = options.output
    place = _elsewhere(opened, options.directory, output) if output else _output_folder(opened)
    shard = parse_shard(options.shard)
    job = Job(selection, selection.names, options.bootstrap, place, frozenset(), shard, bool(output))
    if options.stdout:
        return _print(opened, _listed(opened, job), shown)
    end = _tell_check if options.check else _hooked(opened, selection) if options.hook else _tell
    folder = os.path.relpath(job.place, os.path.realpath(opened.root)) if output else opened.layout.output
    judging = Judging(end, folder, options.check, options.jobs or processors(), shown, opened.root)
    if options.reads_cache:
        code = _run_known(opened, job, judging)
        if code is not None:
            return code
    return _run(opened, _listed(opened, job), judging)


def select(opened: Opened, apps: Sequence[str], envs: Sequence[str], shard: str | None = None) -> Selection:
    """What the options ask for."""
    part = parse_shard(shard)
    chosen_apps = in_shard(chosen(apps, opened.apps, "app"), part)
    chosen_envs = chosen(envs, list(opened.setup.environments), "environment")
    return asked(chosen_apps, chosen_envs, whole=not apps and part is None)


def _output_folder(opened: Opened) -> str:
    """The project's own; Failure where a symbolic link, which a commit may bring, would lead out of the project."""
    place = opened.root
    for part in opened.layout.output.split("/"):
        place = os.path.join(place, part)
        if os.path.islink(place):
            raise Failure(f"{opened.layout.output}: is a symbolic link, which is not followed")
    return place


def _elsewhere(opened: Opened, directory: str, output: str) -> str:
    """The folder that `--output` names, from `directory`; Failure for one that holds specs, or Git's own files."""
    place, root = os.path.realpath(os.path.join(directory, output)), os.path.realpath(opened.root)
    specs = [os.path.join(root, each) for each in (opened.layout.apps, opened.layout.overlays, opened.layout.templates)]
    holds_specs = any(holds(place, each) for each in (root, *specs))
    if holds_specs or any(holds(each, place) for each in specs) or ".git" in place.split(os.sep):
        raise Failure(f"--output {output}: specs or Git's own files lie there; name a folder of its own", 2)
    return place


def _listed(opened: Opened, job: Job) -> Job:
    """The job with what lies in the output folder now; elsewhere only of these apps, since others may write there."""
    prefix, selection = opened.layout.output, job.selection
    folders = [f"{env}/{app}" for env in selection.envs for app in sorted(selection.apps[env])]
    looked = [""] if job.shared and not job.is_elsewhere else folders
    found = (file for folder in looked for file in listing(job.place, folder)) if os.path.isdir(job.place) else ()
    return replace(job, existing=frozenset(f"{prefix}/{file}" for file in found))


def render_some(
    opened: Opened, job: Job, tick: Tick = lambda: None
) -> tuple[list[Rendered], dict[str, bytes], list[str]]:
    """What was found of each app (without its files), the files by project path, and stale files of those apps."""
    wanted = {app: job.selection.envs_of(app) for app in job.apps}
    rendered = build_each(opened, wanted, stable_only=job.stable_only, tick=tick)
    files, stale = files_of(opened, job, job.apps, rendered)
    return blank(rendered), files, stale


def files_of(
    opened: Opened, job: Job, apps: Sequence[str], rendered: Sequence[Rendered]
) -> tuple[dict[str, bytes], list[str]]:
    """The files of these apps by project path, and what lies in their folders beside them."""
    files = {path: text for each in rendered for path, text in each.files.items()}
    folders = {opened.layout.manifests(env, app) for app in apps for env in job.selection.envs_of(app)}
    return files, [path for path in job.existing if path.rpartition("/")[0] in folders and path not in files]


def blank(rendered: Sequence[Rendered]) -> list[Rendered]:
    """The same with at most one file each and no text: that it has files is all that its judges must know."""
    return [replace(each, files=dict.fromkeys([*each.files][:1], b"")) for each in rendered]


def found(opened: Opened, rendered: Sequence[Rendered]) -> list[Problem]:
    """The problems of the project and of each app by itself."""
    return [*opened.problems, *told_once(opened.setup, (problem for each in rendered for problem in each.problems))]


def judge(opened: Opened, job: Job, rendered: Sequence[Rendered]) -> list[Problem]:
    """All problems: of the project, of each app, and across apps."""
    problems = found(opened, rendered)
    whole = sorted(job.selection.whole)
    part = [env for env in job.selection.envs if env not in job.selection.whole]
    beside = [] if errors(problems) else _beside(opened, [each for each in rendered if each.env in part], part)
    problems += fleet_problems(opened.setup, rendered, whole, whole=True)
    problems += fleet_problems(opened.setup, [*rendered, *beside], part, whole=False)
    return problems + shared_in_clusters(opened.setup, [*rendered, *beside])


def _beside(opened: Opened, rendered: Sequence[Rendered], envs: Sequence[str]) -> list[Rendered]:
    """Apps that are not asked for and could claim what these claim."""
    if not rendered:
        return []
    near = neighbours(opened, rendered, sorted({each.app for each in rendered}))
    done = {(each.env, each.app) for each in rendered}
    return [each for each in build_all(opened, near, envs) if (each.env, each.app) not in done]


def shared_files(opened: Opened, job: Job, rendered: Sequence[Rendered]) -> tuple[dict[str, bytes], list[str]]:
    """Files of whole environments, and what lies in the output folder of apps and environments that are gone."""
    envs = sorted(job.shared)
    if not envs:
        return {}, []
    files: dict[str, bytes] = {}
    for env in envs:
        files |= resource_files(opened.setup, env)
    files |= argocd_files(opened.setup, [*rendered, *_other_shards(opened, job)], envs)
    output = opened.layout.output
    known = {opened.layout.manifests(env, app) for env in opened.setup.environments for app in opened.apps}
    all_envs = len(envs) == len(opened.setup.environments)
    scopes = tuple(f"{output}/{env}/" for env in envs)
    stale = [
        path
        for path in job.existing
        if path not in files and path.rpartition("/")[0] not in known and (all_envs or path.startswith(scopes))
    ]
    return files, stale


def _other_shards(opened: Opened, job: Job) -> list[Rendered]:
    """Apps of the other shards, as far as Argo CD's objects must know them; a wrong one stops the shard that has it."""
    if job.shard is None or opened.setup.project.argocd is None:
        return []
    found: list[Rendered] = []
    for app in sorted(set(opened.apps).difference(job.selection.names)):
        texts, _ = opened.texts(app)
        found += outline(app, texts, opened.setup, job.selection.envs, stable_only=job.stable_only)
    return found


def _run(opened: Opened, job: Job, judging: Judging) -> int:
    def work(apps: Sequence[str], tick: Tick) -> tuple[list[Rendered], Callable[[], Difference | Summary]]:
        rendered, files, stale = render_some(opened, replace(job, apps=list(apps)), tick)
        return rendered, lambda: _put(opened, job, files, stale, judging)

    with progress("rendering", len(job.apps)) as watch, crew(job.apps, work, judging.processes, watch) as workers:
        rendered = [each for report in workers.reports for each in report]
        if judging.show(judge(opened, job, rendered)):
            return 1
        files, stale = shared_files(opened, job, rendered)
        files |= _argocd_of_some(opened, job, rendered)
        _sweep(opened, job, check=judging.check)
        done = [*workers.finish(), _put(opened, job, files, stale, judging)]
    return judging.ended(done)


def _argocd_of_some(opened: Opened, job: Job, rendered: Sequence[Rendered]) -> dict[str, bytes]:
    """Argo CD's objects that lie there, of environments of which only some apps are rendered."""
    some = [each for each in rendered if each.env not in job.selection.whole]
    if opened.setup.project.argocd is None or job.shard is not None or not os.path.isdir(job.place):
        return {}
    texts, _ = read(job.place, listing(job.place, ARGOCD))
    return argocd_updated(opened.setup, some, {f"{opened.layout.output}/{path}": texts[path] for path in texts})


def _run_known(opened: Opened, job: Job, judging: Judging) -> int | None:
    """As `_run`, but for what earlier runs left; None where nothing can be known."""
    from renderer.usecases import incremental

    if job.selection.whole != frozenset(job.selection.envs):
        return None
    known = incremental.look(opened, job.selection.envs, job.place)
    if known is None:
        return None
    job = replace(job, existing=incremental.existing(opened, known))
    todo = [app for app in job.apps if app not in known.fine]

    def work(apps: Sequence[str], tick: Tick) -> tuple[incremental.Share, Callable[[], incremental.End]]:
        share = incremental.work(opened, known, apps, tick)
        files, stale = files_of(opened, job, share.apps, share.made)
        return share.report(blank(share.made)), lambda: finish(share, files, stale)

    def finish(share: incremental.Share, files: Mapping[str, bytes], stale: Sequence[str]) -> incremental.End:
        done = _put(opened, job, files, stale, judging)
        return incremental.ended(opened, known, share, done)

    with progress("rendering", len(todo)) as watch, crew(todo, work, judging.processes, watch) as workers:
        made = [each for share in workers.reports for each in share.made]
        rows = incremental.kept(opened, known, [row for share in workers.reports for row in share.held])
        is_judged = not any(each.env for each in made) and incremental.is_judged(known, rows)
        old = incremental.stubs(known, rows, made, whole=not is_judged or opened.setup.project.argocd is not None)
        if old is None:
            return None
        alone = found(opened, [*made, *old])
        problems = alone if is_judged else judge(opened, job, [*made, *old])
        if judging.show(problems):
            return 1
        files, stale = shared_files(opened, job, [*made, *old])
        _sweep(opened, job, check=judging.check)
        ends = workers.finish()
        done = [end.done for end in ends] + [_put(opened, job, files, stale, judging)]
    if not judging.check:
        new = [row for end in ends for row in end.rows]
        incremental.remember(opened, known, workers.reports, rows, new, fine=len(problems) == len(alone))
    return judging.ended([*done, incremental.unchanged(known, rows)])


def _sweep(opened: Opened, job: Job, *, check: bool) -> None:
    start = len(opened.layout.output) + 1
    sweep(job.place, [] if check else [path[start:] for path in job.existing])


def _put(
    opened: Opened, job: Job, files: Mapping[str, bytes], stale: Sequence[str], judging: Judging
) -> Difference | Summary:
    start = len(opened.layout.output) + 1
    moved = {path[start:]: text for path, text in files.items()}
    removed = [path[start:] for path in stale]
    try:
        return compare(job.place, moved, removed) if judging.check else write_all(job.place, moved, removed)
    except TreeError as error:
        raise TreeError(os.path.join(judging.folder, error.path), error.message) from error


def _hooked(opened: Opened, selection: Selection) -> End:
    """pre-commit sees a changed file, but not a new one: a hook that wrote, or that lacks a file, fails by itself."""
    from renderer.usecases.touched import not_in_the_commit, tell_unknown

    def tell(done: Sequence[Difference | Summary]) -> int:
        code = _tell(done)
        missing = not_in_the_commit(opened, selection)
        tell_unknown(missing)
        wrote = any(each.written or each.removed for each in done if isinstance(each, Summary))
        return int(bool(code or wrote or missing))

    return tell


def _tell(done: Sequence[Difference | Summary]) -> int:
    summaries = [each for each in done if isinstance(each, Summary)]
    written, unchanged, removed = (
        sum(getattr(each, name) for each in summaries) for name in ("written", "unchanged", "removed")
    )
    foreign = sorted(path for each in summaries for path in each.foreign)
    _name_foreign(foreign)
    out(f"{written} written, {unchanged} unchanged, {removed} removed")
    return int(bool(foreign))


def _tell_check(done: Sequence[Difference | Summary]) -> int:
    differences = [each for each in done if isinstance(each, Difference)]
    for word in ("new", "changed", "removed"):
        for path in sorted(path for each in differences for path in getattr(each, word)):
            say(f"{word}: {printable(path)}")
    foreign = sorted(path for each in differences for path in each.foreign)
    _name_foreign(foreign)
    if any(each.new or each.changed or each.removed for each in differences):
        say("rollspec: the rendered files are not up to date: run `rollspec render`")
    return int(any(differences) or bool(foreign))


def _name_foreign(paths: Sequence[str]) -> None:
    for path in paths:
        why = "left alone, rollspec did not make it (delete it, or restore its first line)"
        say(f"{why}: {printable(path)}")


def _print(opened: Opened, job: Job, shown: Shown) -> int:
    rendered, files, _ = render_some(opened, job)
    if shown.problems(judge(opened, job, rendered), opened.root):
        return 1
    shared, _ = shared_files(opened, job, rendered)
    every = {**files, **shared}
    out("".join(f"---\n{every[path].decode()}" for path in sorted(every)), end="")
    return 0
