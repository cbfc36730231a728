"""The canary that is live, according to Git: a change of its weight and a promotion start from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from renderer.console import say
from renderer.failure import Failure
from renderer.git import GitError, read_many
from renderer.layout import PROJECT_FILE
from renderer.release.state import last_weight
from renderer.render.pods import env_list
from renderer.spec import Version, stable_of, version_of
from renderer.usecases.effective import Spec, environment_for
from renderer.usecases.elsewhere import evaluated_of, own_files, spec_at
from renderer.usecases.project import Opened
from renderer.workers import SMALL

Live = Callable[[Spec], Spec]  # the spec of an app, with a canary -> the live canary, {} if there is none
_NO_COMMIT = ("no-git", "no-repository", "no-such-revision")
_HEAD = "HEAD"


def live_canaries(opened: Opened, apps: Sequence[str], env: str | None, revision: str | None) -> dict[str, Live]:
    """The canary of each of these apps at the revision, which is what the cluster has.

    Without a revision, this is the last commit: what is not committed was never live. If that commit does not have the
    project or environment, or cannot be read, the cluster is assumed to have what the spec says. With a ladder, the
    weight is its last one. The result raises Failure if a named revision lacks the app, or its spec has errors.
    """
    if revision is not None:
        return {app: partial(_live_at, opened, app, env, revision) for app in apps}
    commit = _LastCommit(opened, [app for app in apps if app in opened.apps], env)
    if len(apps) >= SMALL:
        commit.files()  # once, before several processes share the apps
    return {app: _InLastCommit(opened, app, env, commit) for app in apps}


def _live_at(opened: Opened, app: str, env: str | None, revision: str, spec: Spec) -> Spec:
    """The live canary of the app by a revision that is named."""
    return _canary_in(spec_at(opened, app, env, revision), spec)


class _LastCommit:
    """The files of apps in the last commit; Git is asked once, at the first question."""

    def __init__(self, opened: Opened, apps: Sequence[str], env: str | None) -> None:
        self._opened, self._apps, self._env = opened, apps, env
        self._found: Mapping[str, bytes | None] | None = None

    def files(self) -> Mapping[str, bytes | None]:
        """By path; empty if the commit does not have the environment."""
        if self._found is None:
            self._found = _last_commit(self._opened, self._apps, self._env)
        return self._found

    def part(self, app: str) -> _LastCommit:
        """The same for one of the apps."""
        some = _LastCommit(self._opened, [app], self._env)
        if self._found is not None:
            files = own_files(self._opened, app) if self._found else []
            some._found = {file: self._found[file] for file in files if file in self._found}
        return some


@dataclass(frozen=True, slots=True)
class _InLastCommit:
    """The live canary of an app by the last commit."""

    opened: Opened
    app: str
    env: str | None
    commit: _LastCommit

    def __call__(self, spec: Spec) -> Spec:
        canary: Spec = spec["canary"]
        found = self.commit.files()
        if not found:
            return canary
        if found[self.opened.layout.app(self.app)] is None:
            return {}
        is_alone = len(environment_for(self.opened, self.env).chain) == 1  # else the verb may have edited its base
        try:
            there = (
                spec
                if is_alone and _is_committed(self.opened, self.app, found)
                else evaluated_of(self.opened, self.app, self.env, "the last commit", found).app.spec
            )
        except Failure as failure:
            _say(str(failure))
            return canary
        is_stable = _have_equal_pods(stable_of(there), version_of(spec, canary))
        return canary if is_stable else _canary_in(there, spec)  # stable there: a promotion is being reverted

    def __reduce__(self) -> tuple[type[_InLastCommit], tuple[object, ...]]:
        """Without the files of other apps."""
        return _InLastCommit, (self.opened, self.app, self.env, self.commit.part(self.app))


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
