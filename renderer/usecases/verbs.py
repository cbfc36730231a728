"""The verbs of a release: what each asks of the apps that it names, as acts on their effective specs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from renderer.console import say
from renderer.failure import Failure
from renderer.layout import PROJECT_FILE
from renderer.release import notes, switches, verbs
from renderer.release.fold import overrides_between
from renderer.release.verbs import Outcome, Refusal, in_flight
from renderer.spec import fields_of, short_digests, strategy_of
from renderer.tree import alone
from renderer.usecases.elsewhere import in_both, spec_at, stable_there
from renderer.usecases.live import Live, live_canaries
from renderer.usecases.project import Opened, Refused, find_root, open_project
from renderer.usecases.selection import chosen
from renderer.usecases.shown import show_problems
from renderer.usecases.verb import Act, How, Spec, VerbOptions, carry_out, environment_for
from renderer.usecases.words import parse_overrides, parse_words

Acts = Callable[[Opened], Mapping[str, Act]]
Notes = Callable[[Opened, Spec, Spec], list[str]]  # of a spec before and after


@dataclass(frozen=True, slots=True)
class ReleaseOptions:
    """What `release` is asked for; Failure for options that contradict each other."""

    words: tuple[str, ...]
    share: int | None = None
    label: str | None = None
    sets: tuple[str, ...] = ()
    unsets: tuple[str, ...] = ()
    from_env: str | None = None
    replace: bool = False
    redo: bool = False

    def __post_init__(self) -> None:
        if not self.words and (self.label or self.sets or self.unsets):
            raise Failure("--version, --set and --unset are about the release of one app: name it", 2)


@dataclass(frozen=True, slots=True)
class SwitchOptions:
    """What `switch` is asked for; Failure for options that contradict each other."""

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
    """What `undo` is asked for; Failure for options that contradict each other."""

    share: int | None = None
    to: str | None = None
    redo: bool = False

    def __post_init__(self) -> None:
        if self.redo and self.to is not None:
            raise Failure("give either --redo or --to", 2)


def release(options: VerbOptions, wanted: ReleaseOptions) -> int:
    """Start releases; the exit code."""
    overrides = parse_overrides(wanted.sets, wanted.unsets)

    def acts(opened: Opened) -> dict[str, Act]:
        policy = environment_for(opened, options.env).spec.get("policy") or {}
        tags = parse_words(wanted.words, opened.apps)
        asked = {app: (tag, wanted.label) for app, tag in tags.items()}
        if wanted.from_env is not None:
            asked = _from_env(opened, tags, options.env, wanted)
        if not asked:
            raise Failure("nothing to release", 1)
        return {
            app: partial(
                _release,
                is_alone=len(tags) == 1,
                tag=tag,
                version=name,
                weight=wanted.share,
                overrides=overrides,
                replace=wanted.replace,
                must_canary=policy.get("templateChanges") == "canary",
            )
            for app, (tag, name) in asked.items()
        }

    return _run(options, "release", acts, notes=lambda _, spec, after: notes.release(spec, wanted.share))


def weight(options: VerbOptions, app: str, share: int, live: str | None) -> int:
    """Change a canary's share; the exit code."""

    def acts(opened: Opened) -> dict[str, Act]:
        return {app: partial(_weight, app, live_canaries(opened, [app], options.env, live), share)}

    return _run(options, "weight", acts, f"to {share} %", notes=lambda _, spec, after: notes.weight(spec, after))


def promote(options: VerbOptions, apps: tuple[str, ...], at: int | None, live: str | None) -> int:
    """Make what is in flight the stable version; the exit code."""
    if at is not None and live is not None:
        raise Failure("give either --at or --live", 2)

    def acts(opened: Opened) -> dict[str, Act]:
        if at is not None:
            return {app: partial(verbs.promote, at=at) for app in apps}
        canaries = live_canaries(opened, apps, options.env, live)
        return {app: partial(_promote, opened, app, options.env, live, canaries) for app in apps}

    return _run(options, "promote", acts, notes=lambda _, spec, after: notes.promote(spec, after, at))


def abort(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Stop releases; the exit code."""
    return _run(options, "abort", _each(apps, verbs.abort), notes=lambda _, spec, after: notes.abort(spec))


def retry(options: VerbOptions, apps: tuple[str, ...], share: int | None = None) -> int:
    """Start aborted releases again; the exit code."""

    def told(opened: Opened, spec: Spec, _: Spec) -> list[str]:
        return notes.retry(spec, opened.setup.project.versions.argo_rollouts)

    return _run(options, "retry", _each(apps, partial(verbs.retry, share=share)), notes=told)


def undo(options: VerbOptions, apps: tuple[str, ...], wanted: UndoOptions) -> int:
    """Go back to the version before; the exit code."""

    def acts(opened: Opened) -> dict[str, Act]:
        return {app: partial(_undo, opened, app, options.env, wanted) for app in apps}

    return _run(options, "undo", acts)


def restart(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Replace the pods; the exit code."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    acts = _each(apps, partial(verbs.restart, now=now))
    return _run(options, "restart", acts, notes=lambda _, spec, after: notes.restart(spec))


def pause(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Hold the controller; the exit code."""
    return _run(options, "pause", _each(apps, verbs.pause))


def resume(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Let the controller go on; the exit code."""
    return _run(options, "resume", _each(apps, verbs.resume))


def switch(options: VerbOptions, app: str, wanted: SwitchOptions) -> int:
    """Change the strategy or the router; the exit code."""
    to, router, stages = wanted.to, wanted.router, wanted.stages

    def acts(opened: Opened) -> dict[str, Act]:
        if wanted.go_on or wanted.take_back:
            return {app: switches.go_on if wanted.go_on else switches.take_back}
        one_commit = opened.setup.project.argocd is not None if stages is None else not stages
        return {app: partial(_switch, to=to, router=router, one_commit=one_commit)}

    stage = "--continue" if wanted.go_on else "--abort" if wanted.take_back else f"to {to or router}"
    return _run(options, "switch", acts, stage, notes=lambda _, spec, after: notes.switch(spec, after))


def _each(apps: tuple[str, ...], act: Act) -> Acts:
    return lambda _: dict.fromkeys(apps, act)


def _run(options: VerbOptions, verb: str, acts: Acts, detail: str = "", notes: Notes = lambda *_: []) -> int:
    """`detail` ends the commit's subject; `notes` is what else is to be said."""
    if options.dry_run:
        return _do(options, verb, acts, detail, notes)
    with alone(find_root(options.directory), PROJECT_FILE, _waiting):  # then it sees what another verb has written
        return _do(options, verb, acts, detail, notes)


def _waiting() -> None:
    say("rollspec: another rollspec command is running; waiting for it")


def _do(options: VerbOptions, verb: str, acts: Acts, detail: str, notes: Notes) -> int:
    try:
        opened = open_project(options.directory)
        environment = environment_for(opened, options.env)
        found = acts(opened)
    except Refused as refused:
        return int(show_problems(refused.problems, "text"))
    chosen(list(found), opened.apps, "app")
    return carry_out(opened, environment, found, How(options, verb, detail, partial(notes, opened)))


def _from_env(
    opened: Opened, tags: Mapping[str, str | None], target: str | None, wanted: ReleaseOptions
) -> dict[str, tuple[str | None, str | None]]:
    """Tag and label by app as they are stable in another environment: of the apps named, else of all that differ.

    Of several apps, those whose version was taken back here are left out, unless it is asked for again.
    """
    source, label = wanted.from_env or "", wanted.label
    for app, tag in tags.items():
        if tag is not None:
            raise Failure(f"{app}: the tag is either {tag} or the one that is stable in {source}", 2)
    found: dict[str, tuple[str | None, str | None]] = {}
    for app, there in stable_there(opened, [*tags] or in_both(opened, source, target), source, target, label).items():
        if not tags and there.has_tag:
            continue
        if (not tags and there.in_flight) or (len(tags) > 1 and there.is_stable):
            state = "stable" if there.is_stable else "in flight"
            say(f"{app}: {short_digests(there.tag)} is {state} already")
            continue
        if there.taken_back and not wanted.redo:
            if len(tags) != 1:
                say(f"{app}: {there.tag} was {there.taken_back} here and is left out; --redo releases it again")
                continue
            say(f"{app}: {there.tag} was {there.taken_back} here before")
        if there.different:
            kept = f"has other configuration too, which stays as it is: {', '.join(there.different)}"
            say(f"{app}: {source} {kept}")
        found[app] = (there.tag, there.label)
    return found


def _release(spec: Mapping[str, Any], *, is_alone: bool, weight: int | None, **asked: Any) -> Outcome:
    """Of several apps the weight is for the canaries."""
    has_weight = is_alone or strategy_of(spec.get("strategy", {})).type == "Canary"
    return verbs.release(spec, weight=weight if has_weight else None, **asked)


def _weight(app: str, live: Live, share: int, spec: Spec) -> Outcome:
    return verbs.weight(spec, share, live=live(app, spec) if spec.get("canary") else None)


def _promote(opened: Opened, app: str, env: str | None, revision: str | None, live: Live, spec: Spec) -> Outcome:
    """A canary of which nothing is live starts from nothing; one that a revision has may be promoted by hand here."""
    if revision is not None and in_flight(spec) is None:
        return verbs.promoted(spec, spec_at(opened, app, env, revision))
    if not spec.get("canary"):
        return verbs.promote(spec)
    was = live(app, spec)
    return verbs.promote(spec, live=was.get("weight") if was else 0)


def _undo(opened: Opened, app: str, env: str | None, wanted: UndoOptions, spec: Mapping[str, Any]) -> Outcome:
    if wanted.to is None:
        return verbs.undo(spec, weight=wanted.share, redo=wanted.redo)
    then = spec_at(opened, app, env, wanted.to)
    state = {key: then[key] for key in ("tag", "version") if key in then}
    overrides = overrides_between(fields_of(spec, None), fields_of(then, None))
    return verbs.undo(spec, to={**state, **({"overrides": overrides} if overrides else {})}, weight=wanted.share)


def _switch(spec: Mapping[str, Any], to: str | None, router: str | None, one_commit: bool) -> Outcome:
    kind = to or "Canary"
    if router and kind != "Canary":
        return Refusal("--router is for strategy Canary")
    return switches.switch(spec, kind, router, one_commit=one_commit)
