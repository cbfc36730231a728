"""What all verbs share: they turn transitions of release states into edited specs, rendered files, and a commit."""

from __future__ import annotations

import os.path
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import ClassVar

from renderer.console import out, say
from renderer.failure import Failure
from renderer.freeze import TRAILER
from renderer.git import GitError
from renderer.git.commits import commit
from renderer.git.remains import put_right
from renderer.git.under_way import under_way
from renderer.git.version import is_detached
from renderer.layout import HEADER
from renderer.problem import errors, printable
from renderer.release.outcome import Refusal
from renderer.release.state import in_flight
from renderer.report.columns import columns
from renderer.report.diff import diff_text
from renderer.spec import stable_of, strategy_of, version_of
from renderer.tree import is_temporary, listing, read, reader, write_all
from renderer.usecases.argocd import argocd_of_some
from renderer.usecases.checkout import RESTORE, refuse_nested
from renderer.usecases.edited import Act, Edited, edit_app
from renderer.usecases.edited_output import refuse_edited, rescues
from renderer.usecases.effective import Spec
from renderer.usecases.freezes import held_by_argo_cd, not_pruned, refuse_frozen, synced_by_hand
from renderer.usecases.ignored import ignored_output, refuse_hidden_output
from renderer.usecases.project import Opened
from renderer.usecases.revision import asking_git
from renderer.usecases.shares import share_lines, with_rendered_pods
from renderer.usecases.shown import show_problems
from renderer.usecases.touched import LIVE
from renderer.usecases.uncommitted import refuse_uncommitted
from renderer.usecases.unfinished import noted
from renderer.usecases.upstream import lacks
from renderer.workers import Tick, Work, meanwhile, processes, reports

Acts = Mapping[str, Mapping[str, Act]]  # by environment, then by app
Remarks = Mapping[tuple[str, str], str]  # what ends the line of an app, by environment and app
Contents = Mapping[str, bytes | None]  # of files, by path; None: it is not there
_NAMED = 3  # apps in a commit's subject
_LISTED = 20  # apps in a line for people


@dataclass(frozen=True, slots=True)
class VerbOptions:
    """The options of every verb; Failure for options that contradict each other."""

    directory: str
    envs: tuple[str, ...] = ()
    every: bool = False  # --all: the apps that the verb fits
    keep_going: bool | None = None  # None: the verb has no such option
    break_glass: str | None = None  # why the verb passes a freeze
    now: datetime | None = None  # the time by which freezes are judged; None: they do not count
    dry_run: bool = False
    commit: bool = False
    message: str | None = None
    no_verify: bool = False
    watch: Callable[[Opened, Sequence[Edited]], None] | None = None  # of the board, with dry_run: hears of the edits

    def __post_init__(self) -> None:
        for option, is_given in (("--message", self.message is not None), ("--no-verify", self.no_verify)):
            if is_given and not self.commit:
                raise Failure(f"{option} is about the commit: it needs --commit", 2)


def _none(*_: object) -> list[str]:
    return []


@dataclass(frozen=True, slots=True)
class How:
    """A verb with its options, and what to do with its result; `verb` and `detail` make the commit's subject."""

    options: VerbOptions
    verb: str
    detail: str = ""
    notes: Callable[[Opened, Spec, Spec], list[str]] = _none  # lines to print about an app's spec before and after
    remarks: Callable[[Opened, Sequence[Edited]], Remarks] | None = None
    live: Callable[[str], str] | None = None  # the commit that the cluster has, from which hooks judge; by the root
    everywhere: bool = False  # without --env, it is about every environment
    may_change_nothing: bool = False  # having nothing to change is not a failure
    is_train: bool = False  # the message has a table
    leads: bool = False  # another commit of the same run follows, so there may be nothing to do
    follows: bool = False  # a commit of the same run stays if this one is not made


@dataclass(frozen=True, slots=True)
class RefusedEdit:
    """Why a verb does not fit an app's state."""

    env: str
    app: str
    message: str


def carry_out(opened: Opened, acts: Acts, how: How) -> int:
    """Apply each app's act to its effective spec, write the files, and perhaps commit them all; the exit code."""
    options = how.options
    _refuse_early(opened, acts, how)
    edited, failed = _sound(_edits(opened, acts), options)
    goes_on = options.keep_going or (options.every and how.verb == "abort")  # to stop some releases is better than none
    if failed and not (edited and goes_on):
        if edited:
            hint = "" if options.keep_going is None else "; --keep-going changes the other apps all the same"
            say(f"rollspec: {_unchanged(how)}{hint}")
        return 1
    _say_notes(opened, edited, how)
    _look_upstream(opened, edited, how.verb, options)
    files, old = _files(opened, edited)
    edited = [each for each in edited if not _is_kept(each) or not files.keys().isdisjoint((each.file, *each.rendered))]
    _say_what_stays(opened, files)
    if options.dry_run:
        _show(opened, edited, files, old, options)
        return int(failed)
    if not files and how.may_change_nothing:
        out(f"nothing to {how.verb}")
        return 0
    lines = _table(edited) if how.is_train else _lines(opened, edited, how)
    lines += _others(opened, list(dict.fromkeys(each.env for each in edited)), files)
    made = _carried_out(opened, edited, (files, old), lines, how)
    out("\n".join([*([made] if made else []), *lines]))
    _say_of_commit(opened, options)
    return int(failed)


def _look_upstream(opened: Opened, edited: Sequence[Edited], verb: str, options: VerbOptions) -> None:
    """Failure for a commit from an older state than the upstream's, unless it takes traffic from a new version."""
    lacking = lacks(opened.root, opened.layout, _apps_with_environments(opened, edited, verb))
    if lacking and options.commit and not all(rescues(each.app, each.env, each.after) for each in edited):
        raise Failure(f"{lacking}, so this would begin from an older state: `git pull --rebase` first", 1)
    if lacking:
        say(f"rollspec: {lacking}, so this begins from an older state")


def _apps_with_environments(opened: Opened, edited: Sequence[Edited], verb: str) -> dict[str, set[str]]:
    """The environments whose state a verb begins from, by app; none stands for all, since a release may look there."""
    found: dict[str, set[str]] = {}
    for each in edited:
        names = opened.setup.environments[each.env].names
        found.setdefault(each.app, set()).update(() if verb == "release" else (*names, *each.driven))
    return found


def _refuse_early(opened: Opened, acts: Acts, how: How) -> None:
    """Failure before any app is read: a freeze window, or a repository in which the verb could not commit."""
    options = how.options
    environments = [opened.setup.environments[env] for env, some in acts.items() if some]
    if options.now and options.break_glass is None:
        refuse_frozen(environments, how.verb, options.now)
    _say_what_argo_cd_does(opened, acts, options)
    if options.commit:
        refuse_nested(opened.root, opened.layout, opened.submodules)
        with asking_git():
            if not options.dry_run:
                put_right(opened.root)
            _refuse_under_way(opened.root)
        refuse_uncommitted(opened, sorted({app for some in acts.values() for app in some}), [*acts], options.directory)


def _show(opened: Opened, edited: Sequence[Edited], files: Contents, old: Contents, options: VerbOptions) -> None:
    """What would change, for --dry-run; Failure for what would stop the verb."""
    out(diff_text(old, files, colour=sys.stdout.isatty(), not_secret=opened.setup.project.not_secret), end="")
    if options.watch:
        options.watch(opened, edited)
    else:
        _refuse_edited(opened, edited, _outputs(edited, files, old), is_dry_run=True)


def _outputs(edited: Sequence[Edited], files: Contents, old: Contents) -> Contents:
    """The old contents of the rendered files that change; what a killed run left among them is nobody's edit."""
    changed = files.keys() - {each.file for each in edited}
    return {path: text for path, text in old.items() if path in changed and not is_temporary(path)}


def _carried_out(
    opened: Opened, edited: Sequence[Edited], contents: tuple[Contents, Contents], lines: Sequence[str], how: How
) -> str | None:
    """Write the files, of which `contents` are the new and the old ones; commit them, and return the line about it."""
    files, old = contents
    specs = {each.file for each in edited}
    outputs = files.keys() - specs
    hidden = partial(_refuse_hidden_output, opened, outputs, old.keys() - specs)
    with meanwhile(hidden) if how.options.commit else nullcontext():
        _refuse_edited(opened, edited, _outputs(edited, files, old))
    restored = _restored(opened, {path: old[path] for path in files}, specs, how)
    if not how.options.commit:
        with restored:
            _write(opened, files, specs)
        return None
    committed = _committed(opened, {*files, *old}, specs)
    wanted = {path: files[path] for path in files.keys() & committed}
    with noted(opened.root, wanted), restored:
        _write(opened, files, specs)
        return _commit(opened, edited, lines, sorted(committed), how)


def _say_of_commit(opened: Opened, options: VerbOptions) -> None:
    """What is to be done about the commit: that the user makes it (to a person), its trailer, and its branch."""
    if not options.commit and sys.stderr.isatty():
        say("rollspec: only the files are written: commit and push them, or give --commit the next time")
    if options.break_glass and not options.commit:
        trailer = printable(f"{TRAILER}: {options.break_glass}")
        say(f"rollspec: end the message of the commit with the line `{trailer}`, for `validate --base` and `history`")
    if options.commit and is_detached(opened.root):
        say("rollspec: HEAD is detached, so the commit is on no branch: `git switch --create NAME` makes one")


def _say_notes(opened: Opened, edited: Sequence[Edited], how: How) -> None:
    """A line for each note and environment, with the names of the apps that it is about."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for each in edited:
        for note in (*how.notes(opened, with_rendered_pods(each), each.after), *share_lines(each)):
            grouped.setdefault((each.env, note), []).append(each.app)
    for (env, note), apps in grouped.items():
        say(f"rollspec: {_some(apps, _LISTED)} in {env}: {note}")


def _say_what_argo_cd_does(opened: Opened, acts: Acts, options: VerbOptions) -> None:
    """What keeps the commit from the cluster: an open sync window, or an environment that is synced by hand."""
    argocd = opened.setup.project.argocd
    if argocd is None:
        return
    apps = [(opened.setup.environments[env], some) for env, some in acts.items() if some]
    held = [*held_by_argo_cd(argocd, apps, options.now)] if options.now else []
    for line in (*held, *synced_by_hand(argocd, apps)):
        say(f"rollspec: {line}")


def _say_what_stays(opened: Opened, files: Contents) -> None:
    """Objects that Argo CD does not delete; one of an old ConfigMap does no harm."""
    argocd = opened.setup.project.argocd
    if argocd is None:
        return
    for env, environment in opened.setup.environments.items():
        folder = f"{opened.layout.output}/{env}/"
        gone = [path for path, text in files.items() if text is None and path.startswith(folder)]
        for line in not_pruned(argocd, environment, [path for path in gone if "/config-map" not in path]):
            say(f"rollspec: {line}")


def _edits(opened: Opened, acts: Acts) -> list[Edited | RefusedEdit]:
    """The result of each act; an environment comes after those that it extends, and gets their edits.

    Several processes share the apps.
    """
    order = sorted(acts, key=lambda env: (len(opened.setup.environments[env].chain), env))
    apps = list(dict.fromkeys(app for env in order for app in acts[env]))
    wanted = [(app, {env: acts[env][app] for env in order if app in acts[env]}) for app in apps]
    found = {(each.env, each.app): each for some in reports(wanted, _Editing(opened), processes()) for each in some}
    return [found[env, app] for env in order for app in acts[env]]


@dataclass(frozen=True, slots=True)
class _Editing(Work[tuple[str, Mapping[str, Act]], list[Edited | RefusedEdit]]):
    """Edits apps, each given with its acts by environment, in their order."""

    seconds: ClassVar[float] = 0.002

    opened: Opened

    def __call__(self, items: Sequence[tuple[str, Mapping[str, Act]]], tick: Tick) -> list[Edited | RefusedEdit]:
        opened = self.opened
        found: list[Edited | RefusedEdit] = []
        with reader(opened.root) as read_some:
            for app, acts in items:
                known = opened.texts(app, read_some)
                for env, act in acts.items():
                    made = edit_app(opened, opened.setup.environments[env], app, act, known)
                    found.append(RefusedEdit(env, app, made.message) if isinstance(made, Refusal) else made)
                tick()
        return found


def _sound(found: Sequence[Edited | RefusedEdit], options: VerbOptions) -> tuple[list[Edited], bool]:
    """The edits without a problem, and whether anything failed; problems and refusals are shown.

    With --all, a verb need not fit every selected app: a refusal is printed, but is not a failure.
    """
    edited = [each for each in found if isinstance(each, Edited)]
    refused = [each for each in found if isinstance(each, RefusedEdit)]
    for refusal in refused:
        say(f"rollspec: {refusal.app} in {refusal.env}: {refusal.message}")
    wrong = show_problems(list(dict.fromkeys(problem for each in edited for problem in each.problems)), "text")
    drafts = {each.file for each in edited if each.file in {problem.file for problem in errors(each.problems)}}
    for file in sorted(drafts - {""}):
        say(f"rollspec: the lines of {file} are those that the verb would write")
    sound = [each for each in edited if not errors(each.problems)]
    return sound, wrong or bool(refused and not (options.every and edited))


@contextmanager
def _restored(opened: Opened, old: Contents, specs: set[str], how: How) -> Iterator[None]:
    """Restores all files if anything is raised: a full disk, a failing hook, Ctrl-C."""
    try:
        with _stopped_as_by_ctrl_c():
            yield
    except BaseException as error:
        _write(opened, old, specs, mark=False)
        if isinstance(error, GitError):
            is_skippable = error.reason == "hook" and not how.options.no_verify
            skip = " (`--no-verify` commits without pre-commit and commit-msg)" if is_skippable else ""
            raise Failure(f"{_unchanged(how)}{skip}: {error}") from error
        raise


def _unchanged(how: How) -> str:
    return "nothing else was changed" if how.follows else "nothing was changed"


@contextmanager
def _stopped_as_by_ctrl_c() -> Iterator[None]:
    """Restores everything also if the job is terminated or its terminal is closed."""

    def stop(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        for number, handler in before.items():
            if handler == signal.SIG_DFL:
                signal.signal(number, stop)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _committed(opened: Opened, paths: Collection[str], specs: Collection[str]) -> set[str]:
    """Which of these files a commit of the specs holds: the specs, and the rendered files that Argo CD reads there."""
    project = opened.setup.project
    if not project.commit_rendered:
        return {*specs}
    return {*paths} - ignored_output(opened.root, project, {*paths} - {*specs})


def _refuse_hidden_output(opened: Opened, new: Collection[str], known: Collection[str]) -> None:
    there = {path.rpartition("/")[0] for path in known if os.path.lexists(os.path.join(opened.root, path))}
    refuse_hidden_output(opened.root, opened.setup.project, there, new)


def _refuse_under_way(root: str) -> None:
    command = under_way(root)
    if command:
        raise Failure(
            f"a `git {command}` waits in this repository: `git {command} --continue` finishes it, or `git {command} "
            "--abort` takes it back; then run this again (without --commit, the verb only writes the files)",
            1,
        )


def _refuse_edited(opened: Opened, edited: Sequence[Edited], old: Contents, *, is_dry_run: bool = False) -> None:
    there = {path: text for path, text in old.items() if text is not None}
    urgent = {(made.env, each.app) for each in edited for made in each.made if rescues(each.app, each.env, each.after)}
    refuse_edited(opened, there, urgent, is_dry_run=is_dry_run)


def _table(edited: Sequence[Edited]) -> list[str]:
    """The old and new version of each release, and how it starts, one per line below a headline."""
    rows = [("APP", "ENVIRONMENT", "FROM", "TO", "STARTS")]
    for each in edited:
        flight = in_flight(each.after)
        state = each.after[flight] if flight else each.after
        share = f" at {state['weight']} %" if flight and "weight" in state else ""
        names = (stable_of(each.before).name, version_of(each.after, state).name)
        rows.append((each.app, each.env, *names, f"{flight or 'at once'}{share}"))
    return columns(rows)


def _lines(opened: Opened, edited: Sequence[Edited], how: How) -> list[str]:
    remarks = how.remarks(opened, edited) if how.remarks else {}
    ends = {key: f" ({remark})" for key, remark in remarks.items()}
    return [f"{each.app} in {each.env}: {_described(each)}{ends.get((each.env, each.app), '')}" for each in edited]


def _described(each: Edited) -> str:
    """The state before and after, with the strategies if they differ."""
    before = each.live or each.before
    if _is_kept(each):
        return f"{describe(each.after)}; no version changes"
    was, now = (strategy_of(spec.get("strategy", {})) for spec in (before, each.after))
    if str(was) == str(now):
        return _in_words(before, each.after)
    return f"{describe(before)}, {was} -> {describe(each.after)}, {now}"


def _is_kept(each: Edited) -> bool:
    """Whether the verb takes an edit of the version back: what was live before the edit stays."""
    live, after = each.live, each.after
    flight = in_flight(after)
    return live is not None and describe(live) == describe(after) and (not flight or live[flight] == after[flight])


def _in_words(before: Spec, after: Spec) -> str:
    """The release state before and after; where both have the same words, what the verb does all the same."""
    was, now = describe(before), describe(after)
    if was == now and before.get("restartedAt") != after.get("restartedAt"):
        return f"{now}; its pods restart"
    flight = in_flight(after)
    return f"{now}; the {flight} starts again" if was == now and flight else f"{was} -> {now}"


def describe(spec: Spec) -> str:
    """The release state in a few words."""
    words = [f"{stable_of(spec).name} stable"]
    flight = in_flight(spec)
    if flight:
        state = spec[flight]
        share = f" at {state['weight']} %" if "weight" in state else ""
        words.append(f"{flight} {version_of(spec, state).name}{share}")
    if "migration" in spec:
        words.append("switching")
    if spec.get("paused"):
        words.append("paused")
    return ", ".join(words)


def _files(opened: Opened, edited: Sequence[Edited]) -> tuple[Contents, Contents]:
    """Every file that changes, with its new and its old content."""
    new: dict[str, bytes | None] = {each.file: each.text for each in edited}
    for each in edited:
        new |= each.rendered
    new |= _argocd(opened, edited)
    there = {file for folder in {path.rpartition("/")[0] for path in new} for file in listing(opened.root, folder)}
    old, problems = read(opened.root, [path for path in new if path in there])
    if problems:
        raise Failure(str(problems[0]))
    specs = {each.file for each in edited}
    foreign = {path for path, text in old.items() if path not in specs and not text.startswith(HEADER.encode())}
    in_the_way = sorted(path for path in foreign if new[path] is not None)
    if in_the_way:
        raise Failure(f"{in_the_way[0]}: rollspec did not write this file; {RESTORE}", 1)
    before: dict[str, bytes | None] = {path: old.get(path) for path in new if path not in foreign}
    return {path: new[path] for path, text in before.items() if new[path] != text}, before


def _others(opened: Opened, envs: Sequence[str], files: Contents) -> list[str]:
    """A line for each further environment whose manifests are among the files."""
    there = {path.removeprefix(f"{opened.layout.output}/").partition("/")[0] for path in files}
    found = []
    for name in sorted((there & opened.setup.environments.keys()) - {*envs}):
        extended = next(env for env in opened.setup.environments[name].names if env in envs)
        found.append(f"{name}: manifests change too, since it extends {extended}")
    return found


def _argocd(opened: Opened, edited: Sequence[Edited]) -> dict[str, bytes]:
    """Argo CD's objects that change: those of environments in which controllers write other fields of an app."""
    changed = [each for one in edited for each in one.made if one.driven.get(each.env, each.driven) != each.driven]
    envs = {each.env for each in changed}
    last = {(one.app, each.env): each for one in edited for each in one.made}  # a later edit saw the earlier ones
    made = [each for each in last.values() if each.env in envs]
    files, problems = argocd_of_some(opened, os.path.join(opened.root, opened.layout.output), made)
    if problems:
        raise Failure(f"{problems[0]}: Argo CD's object has this app too: correct its spec first", 1)
    return files


def _write(opened: Opened, files: Contents, specs: set[str], *, mark: bool = True) -> None:
    """Specs are people's files and are always replaced; rendered files only if they are ours."""
    for own in (True, False):
        some = {path: text for path, text in files.items() if (path in specs) == own}
        present = {path: text for path, text in some.items() if text is not None}
        gone = [path for path, text in some.items() if text is None]
        if own or not mark:
            write_all(opened.root, present, gone, mark=None)
        else:
            write_all(opened.root, present, gone)


def _commit(opened: Opened, edited: Sequence[Edited], lines: Sequence[str], files: Sequence[str], how: How) -> str:
    """Commit these files with a message about each app; returns the line to print about the commit."""
    envs = list(dict.fromkeys(each.env for each in edited))
    moved = [each for each in edited if not _is_kept(each)]
    verb = how.verb if moved else "keep"
    named = list(dict.fromkeys(f"{each.app} {_about(verb, each)}".rstrip() for each in moved or edited))
    subject = f"deploy({_some(envs)}): {verb} {_some(named)} {how.detail}".rstrip()
    message = how.options.message or "\n".join([subject, "", *lines])
    trailers = [("Rollspec-App", app) for app in dict.fromkeys(each.app for each in edited)]
    trailers += [*(("Rollspec-Env", env) for env in envs), ("Rollspec-Verb", how.verb)]
    trailers += [(TRAILER, how.options.break_glass)] if how.options.break_glass else []
    live = {LIVE: how.live(opened.root)} if how.live else {}
    made = commit(opened.root, files, message, trailers, live, verify=not how.options.no_verify)
    return f"committed {made[:12]}: {message.splitlines()[0]}"


def _some(names: Sequence[str], most: int = _NAMED) -> str:
    return ", ".join([*names[:most], *([f"{len(names) - most} more"] if len(names) > most else [])])


def _about(verb: str, edited: Edited) -> str:
    """The version that the verb is about."""
    spec = edited.before if verb == "abort" else edited.after
    if verb == "keep":
        return stable_of(spec).name
    if verb not in ("release", "promote", "abort", "retry", "undo"):
        return ""
    flight = in_flight(spec)
    share = spec[flight].get("weight") if flight and verb in ("release", "undo") else None
    at = "" if share is None else f" at {share} %"
    return f"{'to ' if verb == 'undo' else ''}{version_of(spec, spec[flight] if flight else spec).name}{at}"
