"""Which versions `release` is about: those named, those stable in another environment, or those that are due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from renderer.console import say
from renderer.failure import Failure
from renderer.promotion import skipped
from renderer.spec import short_digests
from renderer.usecases.elsewhere import in_both, source_environments, spec_in, stable_there, taken_back_before
from renderer.usecases.past import SHALLOW
from renderer.usecases.project import Opened
from renderer.usecases.release_options import ReleaseOptions
from renderer.usecases.selection import chosen
from renderer.usecases.words import parse_words

Versions = dict[str, tuple[str | None, str | None]]  # tag and label by app


def versions_for(opened: Opened, env: str, wanted: ReleaseOptions) -> Versions:
    """Tag and label of each app to release here.

    An app without a tag gets the version of the environment before, where the project names an order of promotion.
    """
    tags = parse_words(wanted.words, opened.apps)
    if wanted.from_env is not None:
        _refuse_skipped(opened, env, wanted)
        return _from_env(opened, tags, env, wanted)
    found: Versions = {}
    by_source: dict[str, dict[str, str | None]] = {}
    for app, tag in tags.items():
        before = source_environments(opened, app, env)
        if before and tag is None and not (wanted.sets or wanted.unsets):
            by_source.setdefault(_source(opened, app, env, before), {})[app] = None
        else:
            found[app] = (tag, wanted.label)
            if before and tag is not None and not wanted.skip:
                _refuse_untried(opened, app, tag, env, before)
    for source, some in by_source.items():
        found |= _from_env(opened, some, env, replace(wanted, from_env=source))
    return found


def due_versions(opened: Opened, env: str, wanted: ReleaseOptions, now: datetime | None) -> Versions:
    """Tag and label of each app that is due here; what is held is said."""
    from renderer.usecases.behind import NO_ORDER, DueOptions, read_due  # a release without --train does not need it

    order = opened.setup.project.promotion
    if not order:
        raise Failure(NO_ORDER, 1)
    if not any(env in stage for stage in order[1:]):
        raise Failure(f"--train: no environment comes before {env} in the order of promotion", 2)
    apps = chosen([*parse_words(wanted.words, opened.apps)], opened.apps, "app")
    by_source: dict[str, list[str]] = {}
    read = read_due(opened, [env], apps, DueOptions(now, wanted.soak, wanted.redo))
    if any(each.is_young for each in read.due) and not read.complete:
        raise Failure(
            f"{SHALLOW.removeprefix('rollspec: ')}; until then, nobody knows what is stable for long enough", 3
        )
    for each in read.due:
        if each.held:
            say(f"rollspec: {each.app} in {env}: {short_digests(each.version.tag)} stays behind: {each.held}")
        else:
            by_source.setdefault(each.source, []).append(each.app)
    found: Versions = {}
    for source, some in by_source.items():
        for app, there in stable_there(opened, some, source, env, None).items():
            found[app] = (there.tag, there.label)
            _say_different(app, env, source, there.different)
    return found


def say_if_taken_back(opened: Opened, env: str, apps: Sequence[str]) -> None:
    """Name each version in flight here that was undone or aborted in an environment before this one."""
    before = {app: source_environments(opened, app, env) for app in apps if app in opened.apps}
    found = taken_back_before(opened, env, {app: sources for app, sources in before.items() if sources})
    for app, (tag, environments) in found.items():
        for source, how in environments.items():
            version = short_digests(tag)
            what = f"{version} was {how} in {source}, which comes before {env}"
            if how == "unknown":
                what = f"its spec has errors in {source}, so whether {version} was undone or aborted there is unknown"
            say(f"rollspec: {app} in {env}: {what}")


def _refuse_skipped(opened: Opened, env: str, wanted: ReleaseOptions) -> None:
    between = skipped(opened.setup.project.promotion, wanted.from_env or "", env)
    if between and not wanted.skip:
        raise Failure(
            f"from {wanted.from_env} to {env} a version passes through {', '.join(between)}: --skip skips it", 1
        )


def _source(opened: Opened, app: str, env: str, before: tuple[str, ...]) -> str:
    """The environment before; Failure where there are several and they do not have the same version."""
    versions = {str(spec_in(opened, app, each)["tag"]): each for each in before}
    if len(versions) > 1:
        said = ", ".join(f"{each} has {short_digests(tag)}" for tag, each in versions.items())
        raise Failure(f"{app}: the environments before {env} differ: {said}; name one with --from-env", 1)
    return before[0]


def _refuse_untried(opened: Opened, app: str, tag: str, env: str, before: tuple[str, ...]) -> None:
    for source in before:
        if spec_in(opened, app, source)["tag"] != tag:
            raise Failure(
                f"{app}: {short_digests(tag)} is not stable in {source}, which comes before {env}: release it there "
                "first, or give --skip",
                1,
            )


def _from_env(opened: Opened, tags: Mapping[str, str | None], target: str, wanted: ReleaseOptions) -> Versions:
    """Tag and label by app as they are stable in another environment: of the apps named, else of all that differ.

    Of several apps, those whose version was taken back here are left out, unless it is asked for again.
    """
    source, label = wanted.from_env or "", wanted.label
    for app, tag in tags.items():
        if tag is not None:
            raise Failure(f"{app}: the tag is either {short_digests(tag)} or the one that is stable in {source}", 2)
    found: Versions = {}
    for app, there in stable_there(opened, [*tags] or in_both(opened, source, target), source, target, label).items():
        if not tags and there.has_tag:
            continue
        if (not tags and there.in_flight) or (len(tags) > 1 and there.is_stable):
            state = "stable" if there.is_stable else "in flight"
            say(f"rollspec: {app} in {target}: {short_digests(there.tag)} is {state} already")
            continue
        if there.taken_back and not wanted.redo:
            was = f"rollspec: {app} in {target}: {short_digests(there.tag)} was {there.taken_back} here"
            if len(tags) != 1:
                say(f"{was} and is left out; --redo releases it again")
                continue
            say(f"{was} before")
        _say_different(app, target, source, there.different)
        found[app] = (there.tag, there.label)
    return found


def _say_different(app: str, env: str, source: str, different: tuple[str, ...]) -> None:
    if different:
        fields = ", ".join(different)
        say(f"rollspec: {app} in {env}: {source} has other configuration too, which stays as it is: {fields}")
