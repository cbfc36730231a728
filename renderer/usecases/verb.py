"""What all verbs share: they turn transitions of release states into edited specs, rendered files, and a commit."""

from __future__ import annotations

import json
import os.path
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from renderer.argocd import Driven
from renderer.console import out, say
from renderer.edit import EditError, Operation, Remove, Rename, Set, edit, formatted, new_document
from renderer.failure import Failure
from renderer.freeze import TRAILER
from renderer.git import GitError, changed, commit
from renderer.git.read import find as resolves
from renderer.git.remains import put_right
from renderer.layout import HEADER
from renderer.overlay import Document, Environment, effective, inherited
from renderer.pipeline import Rendered, build_app, evaluate, is_in, outline, read_app
from renderer.pipeline.positions import Locator
from renderer.plain import pointer_of
from renderer.problem import Problem, errors
from renderer.release.fold import ABSENT, Change, changes
from renderer.release.verbs import Outcome, Refusal, in_flight
from renderer.report.columns import columns
from renderer.report.diff import diff_text
from renderer.spec import App, app_document, stable_of, strategy_of, version_of
from renderer.tree import listing, read, write_all
from renderer.usecases.argocd import argocd_of_some
from renderer.usecases.checkout import refuse_nested
from renderer.usecases.fmt import field_order
from renderer.usecases.freezes import refuse_frozen
from renderer.usecases.ignored import refuse_hidden, refuse_hidden_output
from renderer.usecases.project import Opened
from renderer.usecases.revision import asking_git
from renderer.usecases.shown import show_problems
from renderer.yamlio import load

Spec = Mapping[str, Any]
Act = Callable[[Spec], Outcome]
Acts = Mapping[str, Mapping[str, Act]]  # by environment, then by app
_NAMED = 3  # apps in a commit's subject


@dataclass(frozen=True, slots=True)
class VerbOptions:
    """The options of every verb; Failure for options that contradict each other."""

    directory: str
    envs: tuple[str, ...] = ()
    every: bool = False  # --all: the apps that the verb fits
    keep_going: bool = False
    break_glass: str | None = None  # why the verb passes a freeze
    now: datetime | None = None  # the time by which freezes are judged; None: they do not count
    dry_run: bool = False
    commit: bool = False
    message: str | None = None
    no_verify: bool = False
    train: bool = False  # releases what is due, with a table in the message; it may be nothing

    def __post_init__(self) -> None:
        for option, is_given in (("--message", self.message is not None), ("--no-verify", self.no_verify)):
            if is_given and not self.commit:
                raise Failure(f"{option} is about the commit: it needs --commit", 2)


@dataclass(frozen=True, slots=True)
class How:
    """What to do with the result; `verb` and `detail` make the commit's message, `notes` of a spec before and after."""

    options: VerbOptions
    verb: str
    detail: str = ""
    notes: Callable[[Spec, Spec], list[str]] = lambda before, after: []
    is_idle_fine: bool = False  # having nothing to change is not a failure


@dataclass(frozen=True, slots=True)
class Edited:
    """One app in one environment after a verb: its partial app file, and every rendered file that follows from it.

    None marks a file that is removed: a rendered file without a manifest, and an empty partial app file.
    """

    env: str
    app: str
    before: Spec
    after: Spec
    file: str
    text: bytes | None
    rendered: Mapping[str, bytes | None]
    problems: tuple[Problem, ...]
    made: tuple[Rendered, ...] = ()
    driven: Mapping[str, Driven] = field(default_factory=dict)  # by environment, before the verb


@dataclass(frozen=True, slots=True)
class RefusedEdit:
    """Why a verb does not fit an app's state."""

    env: str
    app: str
    message: str


def environments_for(opened: Opened, envs: Sequence[str]) -> list[Environment]:
    """The environments that a verb is about, each once, in the given order."""
    return [environment_for(opened, env) for env in dict.fromkeys(envs)] or [environment_for(opened, None)]


def environment_for(opened: Opened, env: str | None) -> Environment:
    """The environment that a verb is about; if the project has several, it must be named."""
    names = sorted(opened.setup.environments)
    if env is None and len(names) == 1:
        env = names[0]
    if env is None:
        raise Failure(f"which environment? --env {'|'.join(names)}", 2)
    if env not in opened.setup.environments:
        raise Failure(f"there is no environment `{env}`; there are {', '.join(names)}", 2)
    return opened.setup.environments[env]


def carry_out(opened: Opened, acts: Acts, how: How) -> int:
    """Apply each app's act to its effective spec, write the files, and perhaps commit them all; the exit code."""
    options = how.options
    environments = [opened.setup.environments[env] for env, some in acts.items() if some]
    if options.now and options.break_glass is None:
        refuse_frozen(environments, how.verb, options.now)
    if options.commit and not options.dry_run:
        refuse_nested(opened.root, opened.layout)
        put_right(opened.root)
        _refuse_uncommitted(opened, sorted({app for some in acts.values() for app in some}), [*acts])
    edited, failed = _sound(_edits(opened, acts), options)
    if failed and not (edited and options.keep_going):
        return 1
    for each in edited:
        for note in how.notes(each.before, each.after):
            say(f"rollspec: {each.app} in {each.env}: {note}")
    files, old = _files(opened, edited)
    if how.options.dry_run:
        not_secret = opened.setup.project.not_secret
        out(diff_text(old, files, colour=sys.stdout.isatty(), not_secret=not_secret), end="")
        return 0
    if not files and how.is_idle_fine:
        out(f"nothing to {how.verb}")
        return 0
    specs = {each.file for each in edited}
    committed = {*files, *old} if opened.setup.project.commit_rendered else specs
    if options.commit:
        _refuse_hidden_output(opened, files.keys() - specs, old.keys() - specs)
    lines = _table(edited) if options.train else [f"{each.app} in {each.env}: {_described(each)}" for each in edited]
    lines += _others(opened, list(dict.fromkeys(each.env for each in edited)), files)
    try:
        with _stopped_as_by_ctrl_c():
            _write(opened, files, specs)
            made = _commit(opened, edited, lines, sorted(committed), how) if options.commit else None
    except BaseException as error:  # a full disk, a failing hook, Ctrl-C: restore everything
        _write(opened, {path: old[path] for path in files}, specs, mark=False)
        if isinstance(error, GitError):
            raise Failure(f"nothing was changed: {error}") from error
        raise
    out("\n".join([*([made] if made else []), *lines]))
    return int(failed)


def _edits(opened: Opened, acts: Acts) -> list[Edited | RefusedEdit]:
    """The result of each act; an environment comes after those that it extends, and gets their edits."""
    order = sorted(acts, key=lambda env: (len(opened.setup.environments[env].chain), env))
    texts: dict[str, tuple[dict[str, bytes], list[Problem]]] = {}
    found: list[Edited | RefusedEdit] = []
    for env in order:
        for app, act in acts[env].items():
            known = texts.setdefault(app, opened.texts(app))
            made = edit_app(opened, opened.setup.environments[env], app, act, known)
            found.append(RefusedEdit(env, app, made.message) if isinstance(made, Refusal) else made)
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
    sound = [each for each in edited if not errors(each.problems)]
    return sound, wrong or bool(refused and not (options.every and edited))


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


def _refuse_hidden_output(opened: Opened, new: Collection[str], known: Collection[str]) -> None:
    there = {path.rpartition("/")[0] for path in known if os.path.lexists(os.path.join(opened.root, path))}
    refuse_hidden_output(opened.root, opened.setup.project, there, new)


def _refuse_uncommitted(opened: Opened, apps: Sequence[str], envs: Sequence[str]) -> None:
    """Refuse uncommitted specs: a commit of the verb's files alone would have manifests of specs that it lacks.

    Also, a release state that was never committed is not what the cluster has.
    """
    files = [*opened.setup.texts]
    for app in apps:
        files += opened.texts(app)[0] if app in opened.apps else ()
        files += [opened.layout.partial(env, app) for env in envs]
    if not resolves(opened.root, "HEAD"):
        raise Failure("there is no commit yet: commit the project first", 1)
    with asking_git():
        refuse_hidden(opened.root, set(files))
    dirty = changed(opened.root, "HEAD", None, sorted(set(files)))
    for status, what in (
        ("A", "not committed yet; commit it first"),
        ("", "changed since the last commit; commit or undo that first"),
    ):
        named = [path for found, path in dirty if found == status or not status]
        if named:
            raise Failure(f"{', '.join(named[:3])}: {what}", 1)


def edit_app(
    opened: Opened,
    environment: Environment,
    app: str,
    act: Act,
    known: tuple[dict[str, bytes], list[Problem]] | None = None,
) -> Edited | Refusal:
    """One app's spec edited, and what is rendered from it in this environment and in those that extend it.

    `known` are the app's files and the problems of reading them; the edit changes them too.
    """
    texts, problems = known or opened.texts(app)
    problems = [*problems]
    spec = None if errors(problems) else effective_spec(opened, environment, app, texts, problems)
    if spec is None:
        return Edited(environment.name, app, {}, {}, "", b"", {}, tuple(problems))
    wanted = act(spec)
    if isinstance(wanted, Refusal):
        return wanted
    file = opened.layout.partial(environment.name, app)
    old = texts.get(file)
    try:
        text = _edited(old, app, _changes(opened, environment, app, texts, wanted))
    except EditError as error:
        raise Failure(f"{file}: {error}", 1) from error
    names = [each.name for each in opened.setup.environments.values() if environment.name in each.names]
    driven = _driven(opened, app, texts, names)
    texts.pop(file, None)
    texts |= {file: text} if text is not None else {}
    rendered = build_app(app, texts, opened.setup, names)
    problems = [problem for each in rendered for problem in each.problems]
    after = spec if errors(problems) else effective_spec(opened, environment, app, texts, []) or spec
    outputs = _outputs(opened, app, rendered)
    return Edited(environment.name, app, spec, after, file, text, outputs, tuple(problems), tuple(rendered), driven)


def _driven(opened: Opened, app: str, texts: Mapping[str, bytes], envs: Sequence[str]) -> dict[str, Driven]:
    """What controllers write into the app's objects, by environment, if Argo CD's objects are ours."""
    wanted = [env for env in envs if opened.setup.project.argocd and is_in(opened.setup.environments[env], app)]
    found = outline(app, texts, opened.setup, wanted) if wanted else []
    return {each.env: each.driven for each in found}


def effective_spec(
    opened: Opened, environment: Environment, app: str, texts: Mapping[str, bytes], problems: list[Problem]
) -> Spec | None:
    """The valid effective spec; None if it has errors, which are added to `problems`."""
    found = effective_app(opened, environment, app, texts, problems)
    return found.spec if found else None


def effective_app(
    opened: Opened, environment: Environment, app: str, texts: Mapping[str, bytes], problems: list[Problem]
) -> App | None:
    """The app with its valid effective spec; None if that has errors, which are added to `problems`."""
    if not is_in(environment, app):
        raise Failure(f"{environment.name} does not have the app `{app}`", 2)
    document, found = read_app(app, texts, opened.setup)
    problems += found
    if document is None:
        return None
    evaluated, found = evaluate(document, environment, texts, opened.setup)
    if evaluated is None:
        problems += Locator({**opened.setup.texts, **texts}).locate(found)
        return None
    return evaluated.app


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


def _described(each: Edited) -> str:
    """The state before and after, with the strategies if they differ."""
    was, now = (strategy_of(spec.get("strategy", {})) for spec in (each.before, each.after))
    if str(was) == str(now):
        return f"{describe(each.before)} -> {describe(each.after)}"
    return f"{describe(each.before)}, {was} -> {describe(each.after)}, {now}"


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


def _changes(
    opened: Opened, environment: Environment, app: str, texts: Mapping[str, bytes], wanted: Mapping[str, Any]
) -> list[Change]:
    """The fewest edits of this overlay's partial app that lead to the wanted spec."""
    own = opened.layout.partial(environment.name, app)
    beneath = [opened.layout.partial(name, app) for name in environment.names[1:]]
    partials = [inherited(Document(file, _data(texts[file], file))) for file in beneath if file in texts]
    file = opened.layout.app(app)
    app_spec = Document(file, _data(texts[file], file))
    base = effective(environment, app_spec, partials, opened.setup.project.level).data["spec"]
    partial = (_data(texts[own], own).get("spec") or {}) if own in texts else {}
    return changes(base, partial, wanted)


def _data(text: bytes, file: str) -> dict[str, Any]:
    data, _ = load(text, file)
    return data if isinstance(data, dict) else {}


def _edited(old: bytes | None, app: str, edits: Sequence[Change]) -> bytes | None:
    """The edited text; one in the layout of `fmt` stays in it. None if nothing is left."""
    empty = new_document(app_document(app, {}))
    before = empty if old is None else old.decode()
    text = edit(before, _operations(_data(before.encode(), "").get("spec") or {}, edits))
    order = field_order("App")
    text = formatted(text, order) if formatted(before, order) == before else text
    return None if text == empty else text.encode()


def _operations(spec: Spec, edits: Sequence[Change]) -> list[Operation]:
    """A block that is removed and added under another name (canary, aborted) keeps its comments: it is renamed."""
    moved = _moved(spec, edits)
    found: list[Operation] = []
    for each in edits:
        if moved and each.path == (moved[1],):
            found.append(Rename(_pointer_of((moved[0],)), moved[1]))
            gone = [key for key in spec[moved[0]] if key not in each.value]
            found += [Remove(_pointer_of((moved[1], key))) for key in gone]
        elif each.value is ABSENT:
            found += [] if moved and each.path == (moved[0],) else [Remove(_pointer_of(each.path))]
        else:
            found.append(Set(_pointer_of(each.path), each.value))
    return found


def _moved(spec: Spec, edits: Sequence[Change]) -> tuple[str, str] | None:
    """A removed field, and an added one that has a part of its value, in the same order."""
    gone = [each.path[0] for each in edits if each.value is ABSENT and len(each.path) == 1 and each.path[0] in spec]
    come = [(each.path[0], each.value) for each in edits if len(each.path) == 1 and each.path[0] not in spec]
    for old in gone:
        for new, value in come:
            was = spec[old] if isinstance(spec[old], dict) and isinstance(value, dict) else {}
            if was and json.dumps({key: was[key] for key in was if key in value}) == json.dumps(value):
                return old, new
    return None


def _pointer_of(path: Sequence[str]) -> str:
    return pointer_of(("spec", *path))


def _outputs(opened: Opened, app: str, rendered: Sequence[Rendered]) -> dict[str, bytes | None]:
    """The files to write, and None for existing ones that are no longer rendered."""
    found: dict[str, bytes | None] = {}
    for each in rendered:
        if each.env:
            found |= dict.fromkeys(listing(opened.root, opened.layout.manifests(each.env, app)))
            found |= each.files
    return found


def _files(opened: Opened, edited: Sequence[Edited]) -> tuple[dict[str, bytes | None], dict[str, bytes | None]]:
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
        raise Failure(f"{in_the_way[0]}: rollspec did not write this file; delete it, or restore its first line", 1)
    before: dict[str, bytes | None] = {path: old.get(path) for path in new if path not in foreign}
    return {path: new[path] for path, text in before.items() if new[path] != text}, before


def _others(opened: Opened, envs: Sequence[str], files: Mapping[str, bytes | None]) -> list[str]:
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


def _write(opened: Opened, files: Mapping[str, bytes | None], specs: set[str], *, mark: bool = True) -> None:
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
    named = list(dict.fromkeys(f"{each.app} {_about(how.verb, each)}".rstrip() for each in edited))
    subject = f"deploy({_some(envs)}): {how.verb} {_some(named)} {how.detail}".rstrip()
    message = how.options.message or "\n".join([subject, "", *lines])
    trailers = [("Rollspec-App", app) for app in dict.fromkeys(each.app for each in edited)]
    trailers += [*(("Rollspec-Env", env) for env in envs), ("Rollspec-Verb", how.verb)]
    trailers += [(TRAILER, how.options.break_glass)] if how.options.break_glass else []
    made = commit(opened.root, files, message, trailers, verify=not how.options.no_verify)
    return f"committed {made[:12]}: {message.splitlines()[0]}"


def _some(names: Sequence[str]) -> str:
    return ", ".join([*names[:_NAMED], *([f"{len(names) - _NAMED} more"] if len(names) > _NAMED else [])])


def _about(verb: str, edited: Edited) -> str:
    """The version that the verb is about."""
    spec = edited.before if verb == "abort" else edited.after
    if verb not in ("release", "promote", "abort", "retry", "undo"):
        return ""
    flight = in_flight(spec)
    share = spec[flight].get("weight") if flight and verb in ("release", "undo") else None
    at = "" if share is None else f" at {share} %"
    return f"{'to ' if verb == 'undo' else ''}{version_of(spec, spec[flight] if flight else spec).name}{at}"
