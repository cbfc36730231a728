"""`rollspec release`: versions that are named, that another environment has, that are due, or that were edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from renderer.release import notes, verbs
from renderer.release.adopt import adoption, with_adoption
from renderer.release.outcome import Outcome, Refusal
from renderer.release.state import in_flight
from renderer.spec import strategy_of, version_of
from renderer.tree import listing, read
from renderer.usecases.edited import Act, Edited
from renderer.usecases.effective import Spec
from renderer.usecases.project import Opened
from renderer.usecases.release_options import ReleaseOptions
from renderer.usecases.run_verb import Ran, run
from renderer.usecases.verb import How, VerbOptions
from renderer.usecases.words import parse_overrides, parse_words

# What only one option needs is imported where it is used.


def release(options: VerbOptions, wanted: ReleaseOptions) -> int:
    """Start releases; the exit code."""
    overrides = parse_overrides(wanted.sets, wanted.unsets)
    if wanted.hotfix:
        from renderer.usecases.hotfix import start_hotfix

        return start_hotfix(options, wanted)
    if wanted.from_edits:
        from renderer.usecases.edits import Edits, base_of, edit_acts

        edits = Edits(wanted.words, wanted.base, wanted.share, wanted.redo)
        live = partial(base_of, since=wanted.base)  # the edits before it are not live yet
        how = How(options, "release", live=live, everywhere=True, may_change_nothing=True)
        return run(how, edit_acts(edits)).code
    ran = run(_how(options, wanted), partial(_acts, options, wanted, overrides))
    if ran.code == 0 and not options.dry_run:
        _say_if_in_window(ran, "HEAD~1" if options.commit else "HEAD")
    return ran.code


def _how(options: VerbOptions, wanted: ReleaseOptions) -> How:
    def notes_of(_: Opened, spec: Spec, after: Spec) -> list[str]:
        return [*notes.release(spec, wanted.share), *notes.stale_label(spec, after)]

    if wanted.train:
        return How(options, "release", "by train", notes_of, may_change_nothing=True, is_train=True)
    return How(options, "release", notes=notes_of, remarks=partial(_older, wanted))


def _acts(
    options: VerbOptions, wanted: ReleaseOptions, overrides: Mapping[str, Any], opened: Opened, env: str
) -> dict[str, Act]:
    from renderer.usecases.promotion import due_versions, versions_for

    policy = opened.setup.environments[env].spec.get("policy") or {}
    asked = due_versions(opened, env, wanted, options.now) if wanted.train else versions_for(opened, env, wanted)
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


def _older(wanted: ReleaseOptions, opened: Opened, edited: Sequence[Edited]) -> dict[tuple[str, str], str]:
    """Of the versions that nobody typed, which are older than what they replace."""
    typed = parse_words(wanted.words, opened.apps)
    found: dict[tuple[str, str], str] = {}
    for env in dict.fromkeys(each.env for each in edited):
        tags = {each.app: _tag(each) for each in edited if each.env == env and typed.get(each.app) is None}
        if tags:
            from renderer.usecases.older import older_versions  # it reads Git's history

            found |= {(env, app): remark for app, remark in older_versions(opened, env, tags).items()}
    return found


def _tag(edited: Edited) -> str:
    """The tag that the release starts."""
    flight = in_flight(edited.after)
    return version_of(edited.after, edited.after[flight] if flight else edited.after).tag


def _say_if_in_window(ran: Ran, base: str) -> None:
    """Say which releases the controller makes at once."""
    some = [(env, app) for env, app in ran.apps if ran.opened and _has_window(ran.opened, env, app)]
    if ran.opened and some:
        from renderer.usecases.windows import say_if_in_window  # plans take time to import

        say_if_in_window(ran.opened, some, base)


def _has_window(opened: Opened, env: str, app: str) -> bool:
    """Whether the rendered Rollout has a `rollbackWindow`."""
    folder = opened.layout.manifests(env, app)
    path = f"{folder}/rollout.yaml"
    files = read(opened.root, [path])[0] if path in listing(opened.root, folder) else {}
    return b"rollbackWindow:" in files.get(path, b"")


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
