"""The verbs that follow a release: each as an act on the effective specs of the named apps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from renderer.argocd import prunes_by_itself, settings
from renderer.failure import Failure
from renderer.git import resolve
from renderer.release import notes, switches, verbs
from renderer.release.fold import overrides_between
from renderer.release.outcome import Outcome, Refusal
from renderer.release.state import in_flight
from renderer.spec import fields_of
from renderer.usecases.edited import Act
from renderer.usecases.effective import Spec
from renderer.usecases.project import Opened, open_project
from renderer.usecases.run_verb import Ran, each, run, selected
from renderer.usecases.verb import How, VerbOptions

# What only one verb or option needs is imported where it is used.
if TYPE_CHECKING:
    from renderer.usecases.live import Live


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


def weight(options: VerbOptions, apps: tuple[str, ...], share: int, live: str | None) -> int:
    """Change the share of canaries; the exit code."""

    def acts(opened: Opened, env: str) -> dict[str, Act]:
        from renderer.usecases.live import live_canaries

        some = selected(opened, env, apps, options, "weight")
        canaries = live_canaries(opened, some, env, live)
        return {app: partial(_weight, canaries[app], share) for app in some}

    def remarks(opened: Opened, spec: Spec, after: Spec) -> list[str]:
        return notes.weight(spec, after, opened.setup.project.level)

    return run(How(options, "weight", f"to {share} %", remarks, live=_at(live)), acts).code


def promote(options: VerbOptions, apps: tuple[str, ...], at: int | None, live: str | None) -> int:
    """Make the version in flight the stable one; the exit code."""
    if at is not None and live is not None:
        raise Failure("give either --at or --live", 2)

    def acts(opened: Opened, env: str) -> dict[str, Act]:
        from renderer.usecases.promotion import say_if_taken_back

        some = selected(opened, env, apps, options, "promote")
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

    return run(How(options, "promote", notes=remarks, live=_at(live)), acts).code


def abort(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Stop releases; the exit code."""
    how = How(options, "abort", notes=lambda _, spec, after: notes.abort(spec))
    return _say_how_they_ran(options, run(how, each(options, "abort", apps, verbs.abort)))


def retry(options: VerbOptions, apps: tuple[str, ...], share: int | None = None) -> int:
    """Start aborted releases again; the exit code."""

    def remarks(opened: Opened, spec: Spec, _: Spec) -> list[str]:
        return notes.retry(spec, opened.setup.project.versions.argo_rollouts)

    acts = each(options, "retry", apps, partial(verbs.retry, share=share))
    return run(How(options, "retry", notes=remarks), acts).code


def undo(options: VerbOptions, apps: tuple[str, ...], wanted: UndoOptions) -> int:
    """Go back to the previous version; the exit code."""

    def acts(opened: Opened, env: str) -> dict[str, Act]:
        return {app: partial(_undo, opened, app, env, wanted) for app in selected(opened, env, apps, options, "undo")}

    def remarks(_: Opened, spec: Spec, after: Spec) -> list[str]:
        return notes.undo(spec, after)

    ran = run(How(options, "undo", notes=remarks), acts)
    return ran.code if wanted.to else _say_how_they_ran(options, ran)


def restart(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Replace the pods; the exit code."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    acts = each(options, "restart", apps, partial(verbs.restart, now=now))
    return run(How(options, "restart", notes=lambda _, spec, after: notes.restart(spec)), acts).code


def pause(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Pause the controller; the exit code."""
    return run(How(options, "pause"), each(options, "pause", apps, verbs.pause)).code


def resume(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Resume the controller; the exit code."""
    return run(How(options, "resume"), each(options, "resume", apps, verbs.resume)).code


def switch(options: VerbOptions, app: str, wanted: SwitchOptions) -> int:
    """Change the strategy or the router; the exit code."""
    to, router, stages = wanted.to, wanted.router, wanted.stages

    def acts(opened: Opened, env: str) -> dict[str, Act]:
        if wanted.go_on or wanted.take_back:
            return {app: switches.go_on if wanted.go_on else switches.take_back}
        one_commit = _prunes_last(opened, env) if stages is None else not stages
        return {app: partial(_switch, to=to, router=router, one_commit=one_commit)}

    stage = "--continue" if wanted.go_on else "--abort" if wanted.take_back else f"to {to or router}"
    return run(How(options, "switch", stage, lambda _, spec, after: notes.switch(spec, after)), acts).code


def _prunes_last(opened: Opened, env: str) -> bool:
    """Whether Argo CD deletes an old workload by itself, after the new one is Healthy."""
    argocd, environment = opened.setup.project.argocd, opened.setup.environments[env]
    return argocd is not None and prunes_by_itself(settings(argocd, environment.spec.get("argocd") or {}))


def _say_how_they_ran(options: VerbOptions, ran: Ran) -> int:
    """Say how a restored version differs from when it ran; the verb's exit code."""
    if ran.code == 0 and not options.dry_run:
        from renderer.usecases.ran import say_how_they_ran

        say_how_they_ran(open_project(options.directory), ran.apps, "HEAD~1" if options.commit else "HEAD")
    return ran.code


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
