"""`rollspec release --hotfix`: a release in flight is aborted, and the hotfix starts in a second commit."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from renderer.console import say
from renderer.failure import Failure
from renderer.problem import errors
from renderer.release.outcome import Outcome, Refusal
from renderer.release.state import in_flight
from renderer.release.verbs import hotfix, release_after_abort
from renderer.usecases.edited import Act, edit_app
from renderer.usecases.effective import Spec
from renderer.usecases.freezes import refuse_frozen
from renderer.usecases.project import Opened, Refused
from renderer.usecases.promotion import versions_for
from renderer.usecases.release_options import ReleaseOptions
from renderer.usecases.run_verb import run
from renderer.usecases.verb import How, VerbOptions

_DETAIL = "as a hotfix"
_PUSH = (
    "`git push origin HEAD~1:BRANCH`, and when that is synced, `git push`; as one change, what is in flight ends at "
    "once, and with router istio a request or two may be lost"
)
_TWO = f"rollspec: let the cluster get the two commits one after the other: {_PUSH}"
_ONE = f"rollspec: what was in flight is aborted already: if the cluster does not have that yet, {_PUSH}"


def start_hotfix(options: VerbOptions, wanted: ReleaseOptions) -> int:
    """Two commits: an abort of what is in flight, and the release of the hotfix; the exit code.

    Nothing is aborted unless the release would be accepted. An app whose release is aborted already is only in the
    second commit, so that the same command can be given again when the first run stopped between the two.
    """
    if not options.commit and not options.dry_run:
        raise Failure(
            "--hotfix commits the abort before the release: give --commit, or --dry-run to see both at once", 2
        )
    if options.dry_run:
        return run(How(options, "release", _DETAIL), partial(_acts, wanted, _both)).code

    def first(opened: Opened, env: str) -> dict[str, Act]:
        if options.now and options.break_glass is None:
            refuse_frozen([opened.setup.environments[env]], "release", options.now)
        acts = _acts(wanted, _both, opened, env)
        some = [app for app, act in acts.items() if in_flight(_before(opened, env, app, act))]
        aborts = _acts(wanted, _first, opened, env)
        return {app: aborts[app] for app in some}

    aborted = run(How(options, "abort", "for a hotfix", leads=True), first)
    if aborted.code:
        return aborted.code
    code, is_first_made = 1, bool(aborted.apps)
    try:
        code = run(How(options, "release", _DETAIL, follows=is_first_made), partial(_acts, wanted, _second)).code
    finally:
        if not code:
            say(_TWO if is_first_made else _ONE)
        elif is_first_made:
            say(
                "rollspec: the abort is committed, but not the hotfix: when you have fixed what stopped it, "
                f"`{same_command(options, wanted)}` makes only the second commit"
            )
    return code


def same_command(options: VerbOptions, wanted: ReleaseOptions) -> str:
    """The command of the hotfix, with the options that were given."""
    words = ["rollspec", *([] if options.directory == "." else ["-C", options.directory]), "release", *wanted.words]
    given: list[tuple[str, object]] = [
        ("--hotfix", True),
        ("--weight", wanted.share),
        ("--version", wanted.label),
        ("--skip", wanted.skip),
        *(("--env", env) for env in options.envs),
        ("--keep-going", options.keep_going),
        ("--commit", True),
        ("--message", options.message),
        ("--no-verify", options.no_verify),
        ("--break-glass", options.break_glass),
    ]
    for name, value in given:
        if value is not None and value is not False:
            words += [name] if value is True else [name, str(value)]
    return shlex.join(words)


Make = Callable[[Spec, str, "ReleaseOptions"], Outcome]


def _acts(wanted: ReleaseOptions, make: Make, opened: Opened, env: str) -> dict[str, Act]:
    found: dict[str, Act] = {}
    for app, (tag, label) in versions_for(opened, env, wanted).items():
        if tag is None:
            raise Failure(f"{app}: --hotfix needs the tag: {app}=TAG", 2)
        found[app] = partial(_made, make, tag, replace(wanted, label=label))
    return found


def _made(make: Make, tag: str, wanted: ReleaseOptions, spec: Spec) -> Outcome:
    return make(spec, tag, wanted)


def _pair(spec: Spec, tag: str, wanted: ReleaseOptions) -> tuple[Outcome, Outcome]:
    return hotfix(spec, tag, version=wanted.label, weight=wanted.share)


def _first(spec: Spec, tag: str, wanted: ReleaseOptions) -> Outcome:
    return _pair(spec, tag, wanted)[0]


def _second(spec: Spec, tag: str, wanted: ReleaseOptions) -> Outcome:
    return release_after_abort(spec, tag, version=wanted.label, weight=wanted.share)


def _both(spec: Spec, tag: str, wanted: ReleaseOptions) -> Outcome:
    first, second = _pair(spec, tag, wanted)
    if isinstance(first, Refusal):
        return first
    if isinstance(second, Refusal):
        return second
    return {**first, **second}


def _before(opened: Opened, env: str, app: str, act: Act) -> Spec:
    """The app's spec; this stops before the first commit where the second one would not be made."""
    edited = edit_app(opened, opened.setup.environments[env], app, act)
    if isinstance(edited, Refusal):
        raise Failure(f"{app} in {env}: {edited.message}", 1)
    if errors(edited.problems):
        raise Refused([*edited.problems])
    return edited.before
