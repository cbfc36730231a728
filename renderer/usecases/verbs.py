"""The verbs of a release: each as an act on the effective specs of the named apps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from renderer.argocd import prunes_by_itself, settings
from renderer.console import out, say
from renderer.failure import Failure
from renderer.git import resolve
from renderer.layout import PROJECT_FILE
from renderer.pipeline import is_in
from renderer.release import notes, switches, verbs
from renderer.release.adopt import adoption, with_adoption
from renderer.release.fold import overrides_between
from renderer.release.verbs import Outcome, Refusal, in_flight
from renderer.spec import fields_of, strategy_of
from renderer.tree import listing, locked, read
from renderer.usecases.edited import Act
from renderer.usecases.effective import Spec, environments_for
from renderer.usecases.project import Opened, Refused, find_root, open_project
from renderer.usecases.release_options import ReleaseOptions
from renderer.usecases.selection import chosen
from renderer.usecases.shown import show_problems
from renderer.usecases.uncommitted import say_how_to_put_aside
from renderer.usecases.unfinished import undo_unfinished
from renderer.usecases.verb import How, VerbOptions, carry_out
from renderer.usecases.words import parse_overrides, parse_words, refuse_misplaced

# What only one verb or option needs is imported where it is used.
if TYPE_CHECKING:
    from renderer.report.status import AppStatus
    from renderer.usecases.live import Live

Acts = Callable[[Opened, str], Mapping[str, Act]]  # by app, in an environment
Notes = Callable[[Opened, Spec, Spec], list[str]]  # of a spec before and after


@dataclass(frozen=True, slots=True)
class SwitchOptions:
    """The options of `switch`; Failure for options that contradict each other."""

    to: str | None = None
    router: str | None = None
    go_on: bool = False
    take_back: bool = False
    stages: bool | None = None

    def __post_init__(self) -> None:
        if sum((self.go_on, self.take_back, bool(self.to or self.router))) != 1:
            raise Failure("give either --to (or --router), or --continue, or --abort", 2)


@dataclass(frozen=True, slots=True)
class UndoOptions:
    """The options of `undo`; Failure for options that contradict each other."""

    share: int | None = None
    to: str | None = None
    redo: bool = False

    def __post_init__(self) -> None:
        if self.redo and self.to is not None:
            raise Failure("give either --redo or --to", 2)


def release(options: VerbOptions, wanted: ReleaseOptions) -> int:
    """Start releases; the exit code."""
    overrides = parse_overrides(wanted.sets, wanted.unsets)
    if wanted.hotfix:
        from renderer.usecases.hotfix import start_hotfix

        return start_hotfix(options, wanted, _run)
    if wanted.from_edits:
        from renderer.usecases.edits import Edits, base_of, edit_acts

        edits = edit_acts(Edits(wanted.words, wanted.base, wanted.share, wanted.redo))
        live = partial(base_of, since=wanted.base)  # the edits before it are not live yet
        return _run(replace(options, live=live), "release", edits, everywhere=True)

    older: dict[tuple[str, str], str] = {}

    def acts(opened: Opened, env: str) -> dict[str, Act]:
        from renderer.usecases.promotion import due_versions, versions_for

        policy = opened.setup.environments[env].spec.get("policy") or {}
        is_train = wanted.train
        asked = due_versions(opened, env, wanted, options.now) if is_train else versions_for(opened, env, wanted)
        if not is_train:
            tags = parse_words(wanted.words, opened.apps)
            elsewhere = {app: tag for app, (tag, _) in asked.items() if tag and tags.get(app) is None}
            older.update(((env, app), text) for app, text in _older(opened, env, elsewhere).items())
        return {
            app: partial(
                _release,
                tag=tag,
                version=name,
                weight=wanted.share,
                overrides=overrides,
                replace=wanted.replace,
                must_canary=policy.get("templateChanges") == "canary",
                adopt=wanted.adopt,
                is_alone=len(wanted.words) > 0 and len(asked) == 1 and len(options.envs) <= 1,
            )
            for app, (tag, name) in asked.items()
        }

    detail = "by train" if wanted.train else ""

    def remarks(_: Opened, spec: Spec, after: Spec) -> list[str]:
        return [*notes.release(spec, wanted.share), *notes.stale_label(spec, after)]

    started: list[tuple[Opened, str, str]] = []

    def noted(opened: Opened, env: str) -> dict[str, Act]:
        found = acts(opened, env)
        started.extend((opened, env, app) for app in found)
        return found

    code = _run(replace(options, train=wanted.train, remarks=older), "release", noted, detail, remarks)
    return code or _say_if_in_window(options, started)


def weight(options: VerbOptions, apps: tuple[str, ...], share: int, live: str | None) -> int:
    """Change the share of canaries; the exit code."""

    def acts(opened: Opened, env: str) -> dict[str, Act]:
        from renderer.usecases.live import live_canaries

        some = _selected(opened, env, apps, options, "weight")
        canaries = live_canaries(opened, some, env, live)
        return {app: partial(_weight, canaries[app], share) for app in some}

    def remarks(opened: Opened, spec: Spec, after: Spec) -> list[str]:
        return notes.weight(spec, after, opened.setup.project.level)

    return _run(replace(options, live=_at(live)), "weight", acts, f"to {share} %", notes_of=remarks)


def promote(options: VerbOptions, apps: tuple[str, ...], at: int | None, live: str | None) -> int:
    """Make the version in flight the stable one; the exit code."""
    if at is not None and live is not None:
        raise Failure("give either --at or --live", 2)

    def acts(opened: Opened, env: str) -> dict[str, Act]:
        from renderer.usecases.promotion import say_if_taken_back

        some = _selected(opened, env, apps, options, "promote")
        say_if_taken_back(opened, env, some)
        if options.now:
            from renderer.usecases.unmeasured import say_if_unmeasured

            say_if_unmeasured(opened, env, some, options.now)
        if at is not None:
            return {app: partial(verbs.promote, at=at) for app in some}
        from renderer.usecases.live import live_canaries

        canaries = live_canaries(opened, some, env, live)
        return {app: partial(_promote, opened, app, env, live, canaries[app]) for app in some}

    def remarks(_: Opened, spec: Spec, after: Spec) -> list[str]:
        return notes.promote(spec, after, at)

    return _run(replace(options, live=_at(live)), "promote", acts, notes_of=remarks)


def abort(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Stop releases; the exit code."""
    acts, taken_back = _noting(_each(options, "abort", apps, verbs.abort))
    code = _run(options, "abort", acts, notes_of=lambda _, spec, after: notes.abort(spec))
    return code or _say_how_they_ran(options, taken_back)


def retry(options: VerbOptions, apps: tuple[str, ...], share: int | None = None) -> int:
    """Start aborted releases again; the exit code."""

    def remarks(opened: Opened, spec: Spec, _: Spec) -> list[str]:
        return notes.retry(spec, opened.setup.project.versions.argo_rollouts)

    return _run(options, "retry", _each(options, "retry", apps, partial(verbs.retry, share=share)), notes_of=remarks)


def undo(options: VerbOptions, apps: tuple[str, ...], wanted: UndoOptions) -> int:
    """Go back to the previous version; the exit code."""

    def acts(opened: Opened, env: str) -> dict[str, Act]:
        return {app: partial(_undo, opened, app, env, wanted) for app in _selected(opened, env, apps, options, "undo")}

    noted, taken_back = _noting(acts)

    def remarks(_: Opened, spec: Spec, after: Spec) -> list[str]:
        return notes.undo(spec, after)

    return _run(options, "undo", noted, notes_of=remarks) or (
        0 if wanted.to else _say_how_they_ran(options, taken_back)
    )


def restart(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Replace the pods; the exit code."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    acts = _each(options, "restart", apps, partial(verbs.restart, now=now))
    return _run(options, "restart", acts, notes_of=lambda _, spec, after: notes.restart(spec))


def pause(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Pause the controller; the exit code."""
    return _run(options, "pause", _each(options, "pause", apps, verbs.pause))


def resume(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Resume the controller; the exit code."""
    return _run(options, "resume", _each(options, "resume", apps, verbs.resume))


def switch(options: VerbOptions, app: str, wanted: SwitchOptions) -> int:
    """Change the strategy or the router; the exit code."""
    to, router, stages = wanted.to, wanted.router, wanted.stages

    def acts(opened: Opened, env: str) -> dict[str, Act]:
        if wanted.go_on or wanted.take_back:
            return {app: switches.go_on if wanted.go_on else switches.take_back}
        one_commit = _prunes_last(opened, env) if stages is None else not stages
        return {app: partial(_switch, to=to, router=router, one_commit=one_commit)}

    stage = "--continue" if wanted.go_on else "--abort" if wanted.take_back else f"to {to or router}"
    return _run(options, "switch", acts, stage, notes_of=lambda _, spec, after: notes.switch(spec, after))


def _prunes_last(opened: Opened, env: str) -> bool:
    """Whether Argo CD deletes an old workload by itself, after the new one is Healthy."""
    argocd, environment = opened.setup.project.argocd, opened.setup.environments[env]
    return argocd is not None and prunes_by_itself(settings(argocd, environment.spec.get("argocd") or {}))


def _noting(acts: Acts) -> tuple[Acts, list[tuple[str, str]]]:
    """The same acts, and a record of the environments and apps that they were called for."""
    asked: list[tuple[str, str]] = []

    def noted(opened: Opened, env: str) -> Mapping[str, Act]:
        found = acts(opened, env)
        asked.extend((env, app) for app in found)
        return found

    return noted, asked


def _say_how_they_ran(options: VerbOptions, taken_back: Sequence[tuple[str, str]]) -> int:
    """Say how a restored version differs from when it ran; this never makes the verb fail."""
    if not options.dry_run:
        from renderer.usecases.ran import say_how_they_ran

        opened = open_project(options.directory)
        say_how_they_ran(opened, taken_back, "HEAD~1" if options.commit else "HEAD")
    return 0


def _say_if_in_window(options: VerbOptions, started: Sequence[tuple[Opened, str, str]]) -> int:
    """Say which releases the controller makes at once; this never makes the verb fail."""
    some = [(opened, env, app) for opened, env, app in started if _has_window(opened, env, app)]
    if some and not options.dry_run:
        from renderer.usecases.windows import say_if_in_window  # plans take time to import

        say_if_in_window(some, "HEAD~1" if options.commit else "HEAD")
    return 0


def _older(opened: Opened, env: str, tags: Mapping[str, str]) -> dict[str, str]:
    if not tags:
        return {}
    from renderer.usecases.older import older_versions  # it reads Git's history

    return older_versions(opened, env, tags)


def _has_window(opened: Opened, env: str, app: str) -> bool:
    """Whether the rendered Rollout has a `rollbackWindow`."""
    folder = opened.layout.manifests(env, app)
    path = f"{folder}/rollout.yaml"
    files = read(opened.root, [path])[0] if path in listing(opened.root, folder) else {}
    return b"rollbackWindow:" in files.get(path, b"")


def _each(options: VerbOptions, verb: str, apps: tuple[str, ...], act: Act) -> Acts:
    return lambda opened, env: dict.fromkeys(_selected(opened, env, apps, options, verb), act)


def _run(
    options: VerbOptions,
    verb: str,
    acts: Acts,
    detail: str = "",
    notes_of: Notes = lambda *_: [],
    *,
    everywhere: bool = False,
) -> int:
    """`detail` ends the commit's subject; `notes_of` returns further lines to print.

    `everywhere`: without --env, the verb is about every environment, and having nothing to do is not a failure.
    """
    if options.dry_run:
        return _do(options, verb, acts, detail, notes_of, everywhere)
    with locked(find_root(options.directory), PROJECT_FILE, _waiting):  # then it reads what the other wrote
        if options.commit:
            undo_unfinished(find_root(options.directory))
        return _do(options, verb, acts, detail, notes_of, everywhere)


def _waiting() -> None:
    say("rollspec: another rollspec command is running; waiting for it")


def _do(options: VerbOptions, verb: str, acts: Acts, detail: str, notes_of: Notes, everywhere: bool) -> int:
    try:
        opened = open_project(options.directory)
        envs = tuple(sorted(opened.setup.environments)) if everywhere and not options.envs else options.envs
        found = {each.name: acts(opened, each.name) for each in environments_for(opened, envs)}
    except Refused as refused:
        code = int(show_problems(refused.problems, "text"))
        if options.commit:
            say_how_to_put_aside(find_root(options.directory), refused.problems, options.directory)
        return code
    named = list(dict.fromkeys(app for some in found.values() for app in some))
    refuse_misplaced(verb, named, opened.apps, opened.setup.environments)
    chosen(named, opened.apps, "app")
    if not any(found.values()) and (everywhere or options.train):
        out("nothing to release")
        return 0
    if not any(found.values()) and options.leads:
        return 0
    if not any(found.values()):
        raise Failure(f"nothing to {verb} in {', '.join(found)}", 1)
    return carry_out(opened, found, How(options, verb, detail, partial(notes_of, opened), everywhere))


def _selected(opened: Opened, env: str, apps: Sequence[str], options: VerbOptions, verb: str) -> list[str]:
    """The apps named, or with --all those of the environment whose state the verb fits."""
    if not options.every:
        return [*apps]
    from renderer.usecases.status import read_rows

    there = [app for app in opened.apps if is_in(opened.setup.environments[env], app)]
    return [row.app for row in read_rows(opened, [env], there) if row.standing and _FITS[verb](row)]


def _may_restart(row: AppStatus) -> bool:
    return row.standing is not None and not row.standing.paused


_FITS: dict[str, Callable[[AppStatus], object]] = {
    "weight": lambda row: row.standing and row.standing.flight and row.standing.flight.weight is not None,
    "promote": lambda row: row.standing and row.standing.flight,
    "abort": lambda row: row.standing and row.standing.flight,
    "retry": lambda row: row.standing and row.standing.aborted and not row.standing.flight,
    "undo": lambda row: row.has_previous and row.standing and not row.standing.flight,
    "restart": _may_restart,
    "pause": lambda row: row.standing and row.standing.flight and not row.standing.paused,
    "resume": lambda row: row.standing and row.standing.paused,
}


def _release(spec: Mapping[str, Any], *, must_canary: bool, adopt: bool, is_alone: bool, **asked: Any) -> Outcome:
    """`must_canary`: the environment's policy allows no release at once; `adopt`: see `with_adoption`.

    `is_alone`: this app is the only one that was named, so a weight can be meant for no other.
    """
    strategy, share = strategy_of(spec.get("strategy", {})), asked["weight"]
    if is_alone and share is not None and not strategy.is_rollout and not must_canary:
        reason = f"strategy {strategy.type} has no canary, so {share} % would be 100 % at once"
        return Refusal(f"{reason}: leave --weight out to do that, or run `switch --to Canary` first")
    if must_canary and not strategy.is_rollout:
        reason = f"the policy requires a canary for every change, and strategy {strategy.type} has none"
        return Refusal(f"{reason}: run `switch --to Canary` first")
    if adopt and not adoption(spec):
        return Refusal("its pods have what rollspec adds already: leave --adopt out")
    overrides = with_adoption(spec, asked["overrides"]) if adopt else asked["overrides"]
    return verbs.release(spec, **{**asked, "overrides": overrides})


def _at(revision: str | None) -> Callable[[str], str] | None:
    return partial(resolve, revision=revision) if revision is not None else None


def _weight(live: Live, share: int, spec: Spec) -> Outcome:
    return verbs.weight(spec, share, live=live(spec) if spec.get("canary") else None)


def _promote(opened: Opened, app: str, env: str | None, revision: str | None, live: Live, spec: Spec) -> Outcome:
    """A canary without a live share starts from nothing; one that a revision has may be promoted here."""
    if revision is not None and in_flight(spec) is None:
        from renderer.usecases.elsewhere import spec_at

        return verbs.promoted(spec, spec_at(opened, app, env, revision))
    if not spec.get("canary"):
        return verbs.promote(spec)
    was = live(spec)
    return verbs.promote(spec, live=was.get("weight") if was else 0)


def _undo(opened: Opened, app: str, env: str | None, wanted: UndoOptions, spec: Mapping[str, Any]) -> Outcome:
    if wanted.to is None:
        return verbs.undo(spec, weight=wanted.share, redo=wanted.redo)
    from renderer.usecases.elsewhere import spec_at

    then = spec_at(opened, app, env, wanted.to)
    state = {key: then[key] for key in ("tag", "version") if key in then}
    overrides = overrides_between(fields_of(spec, None), fields_of(then, None))
    return verbs.undo(spec, to={**state, **({"overrides": overrides} if overrides else {})}, weight=wanted.share)


def _switch(spec: Mapping[str, Any], to: str | None, router: str | None, one_commit: bool) -> Outcome:
    kind = to or "Canary"
    if router and kind != "Canary":
        return Refusal("--router is for strategy Canary")
    return switches.switch(spec, kind, router, one_commit=one_commit)
