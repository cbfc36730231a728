"""The canary that is live, according to Git: a change of its weight and a promotion start from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from renderer.console import say
from renderer.failure import Failure
from renderer.git import GitError, read_many
from renderer.layout import PROJECT_FILE
from renderer.release.verbs import last_weight
from renderer.render.pods import env_list
from renderer.spec import Version, stable_of, version_of
from renderer.usecases.effective import Spec, environment_for
from renderer.usecases.elsewhere import evaluated_of, own_files, spec_at
from renderer.usecases.project import Opened
from renderer.workers import SMALL

Live = Callable[[str, Spec], Spec]  # an app and its spec with a canary -> the live canary, {} if there is none
_NO_COMMIT = ("no-git", "no-repository", "no-such-revision")
_HEAD = "HEAD"


def live_canaries(opened: Opened, apps: Sequence[str], env: str | None, revision: str | None) -> Live:
    """The canaries of these apps at the revision, which is what the cluster has.

    Without a revision, this is the last commit: what is not committed was never live. If that commit does not have the
    project or environment, or cannot be read, the cluster is assumed to have what the spec says. With a ladder, the
    weight is its last one. The result raises Failure if a named revision lacks the app, or its spec has errors.
    """
    if revision is not None:
        return lambda app, spec: _canary_in(spec_at(opened, app, env, revision), spec)
    is_alone = len(environment_for(opened, env).chain) == 1  # else the verb may have edited what it extends
    last_commit = cache(lambda: _last_commit(opened, [app for app in apps if app in opened.apps], env))
    if len(apps) >= SMALL:
        last_commit()  # once, before several processes share the apps

    def live(app: str, spec: Spec) -> Spec:
        canary: Spec = spec["canary"]
        found = last_commit()
        if not found:
            return canary
        if found[opened.layout.app(app)] is None:
            return {}
        try:
            there = (
                spec
                if is_alone and _is_committed(opened, app, found)
                else evaluated_of(opened, app, env, "the last commit", found).app.spec
            )
        except Failure as failure:
            _say(str(failure))
            return canary
        is_stable = _have_equal_pods(stable_of(there), version_of(spec, canary))
        return canary if is_stable else _canary_in(there, spec)  # stable there: a promotion is being reverted

    return live


def _last_commit(opened: Opened, apps: Sequence[str], env: str | None) -> Mapping[str, bytes | None]:
    """The apps' files in the last commit; empty if it does not have the environment."""
    overlay = environment_for(opened, env).chain[0].file
    files = [PROJECT_FILE, overlay, *(file for app in apps for file in own_files(opened, app))]
    try:
        found = read_many(opened.root, _HEAD, files)
    except GitError as error:
        if error.reason not in _NO_COMMIT:
            _say(error.message)
        return {}
    return found if found[PROJECT_FILE] is not None and found[overlay] is not None else {}


def _is_committed(opened: Opened, app: str, found: Mapping[str, bytes | None]) -> bool:
    """Whether the app's files are as in the last commit, so that its spec there is the one at hand."""
    texts = opened.texts(app)[0]
    return all(texts.get(file) == found[file] for file in own_files(opened, app))


def _say(why: str) -> None:
    say(f"rollspec: {why}; rollspec assumes that the cluster has what the spec says")


def _canary_in(there: Spec, spec: Spec) -> Spec:
    """The same canary in another spec; {} if that one has another canary, or none."""
    was = there.get("canary")
    if not was or not _have_equal_pods(version_of(there, was), version_of(spec, spec["canary"])):
        return {}
    weight = last_weight(there, was)
    return was if weight is None else {**was, "weight": weight}


def _have_equal_pods(one: Version, other: Version) -> bool:
    """Whether two versions have the same pods, even if their values are written differently."""
    return (one.tag, one.version, _shown(one)) == (other.tag, other.version, _shown(other))


def _shown(version: Version) -> dict[str, Any]:
    return {**version.fields, "env": {each["name"]: each for each in env_list(version.fields.get("env") or {})}}
