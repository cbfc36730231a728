"""`rollspec release --from-edits`: edits of stable versions since a revision, by bots or people, become releases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from renderer.console import say
from renderer.facts import release_state
from renderer.git import changed, log_files, merge_base, read_many, resolve
from renderer.pipeline import Evaluated, is_in
from renderer.release.edits import Meant, following, from_edit, own_version
from renderer.release.verbs import Outcome, Refusal
from renderer.spec import short_digests
from renderer.usecases.checkout import refuse_nested
from renderer.usecases.edited import Act
from renderer.usecases.effective import Spec
from renderer.usecases.elsewhere import evaluated_in, evaluated_of, own_files
from renderer.usecases.project import Opened
from renderer.usecases.revision import asking_git
from renderer.usecases.selection import touched
from renderer.workers import Tick, processors, reports

Commit = tuple[str, frozenset[str]]  # its id, and the files that it changed
FilesAtCommit = Callable[[str], Mapping[str, bytes | None]]  # the files of apps at a commit
_EDITED = frozenset({"tag", "version", "restartedAt"})  # fields of the release state that people and bots edit too


@dataclass(frozen=True, slots=True)
class Edits:
    """Which edits to release: those since `base` (default: where it left the main branch), of `apps` (none: all).

    With `redo`, `apps` (none: all) are those whose version is released again although it was undone there; the edits of
    other apps count too.
    """

    apps: tuple[str, ...] = ()
    base: str | None = None
    weight: int | None = None
    redo: bool = False

    def has(self, app: str) -> bool:
        """Whether the edits of this app count."""
        return self.redo or not self.apps or app in self.apps

    def is_again(self, app: str) -> bool:
        """Whether a version of this app that was undone is released again."""
        return self.redo and (not self.apps or app in self.apps)


def edit_acts(wanted: Edits) -> Callable[[Opened, str], dict[str, Act]]:
    """The acts for an environment's apps whose stable version was edited."""

    @cache
    def edits(opened_root: str) -> tuple[str, list[str], list[Commit]]:
        with asking_git():
            base = resolve(opened_root, wanted.base) if wanted.base else merge_base(opened_root)
            paths = [path for _, path in changed(opened_root, base)]
            commits = [
                (commit.sha, frozenset(touch.path for touch in touches))
                for commit, touches in log_files(opened_root, paths, without=base)
            ]
            return base, paths, commits[::-1]

    def acts(opened: Opened, env: str) -> dict[str, Act]:
        refuse_nested(opened.root, opened.layout)
        base, paths, commits = edits(opened.root)
        layout = opened.layout
        own = [path for path in paths if path.startswith((f"{layout.apps}/", f"{layout.overlays}/"))]
        selection, _ = touched(layout, opened.setup.environments, opened.apps, own)
        environment = opened.setup.environments[env]
        names = [app for app in sorted(selection.apps.get(env, ())) if wanted.has(app) and is_in(environment, app)]
        specs = [file for app in names for file in own_files(opened, app)]
        texts = cache(lambda commit: read_many(opened.root, commit, specs))  # of all apps at once
        files = texts(base)
        is_pinned = (environment.spec.get("policy") or {}).get("tags") == "pinned"

        def work(share: Sequence[str], tick: Tick) -> list[_Found]:
            found = []
            for app in share:
                old, new = evaluated_of(opened, app, env, base, files), evaluated_in(opened, app, env)
                if _state(old) != _state(new):
                    old = _after_the_last_verb(opened, app, old, commits, texts)
                followed = _Followed(new.app.spec) if is_pinned else _followed(wanted, app, env, old, new)
                meant = from_edit(old.app.spec, followed.spec, weight=wanted.weight, again=wanted.is_again(app))
                said = (followed.missed, _left_out(app, env, followed.spec, meant))
                found.append(_Found(app, meant, tuple(filter(None, said))))
                tick()
            return found

        known = [app for app in names if files[layout.app(app)] is not None]
        made = {each.app: each for some in reports(known, work, processors()) for each in some}
        for app in known:
            for line in made[app].said:
                say(line)
        return {app: _act(meant) for app in known if (meant := made[app].meant) is not None}

    return acts


class _Found(NamedTuple):
    """What the edit of an app means, and what to say about it."""

    app: str
    meant: Meant | Refusal | None
    said: tuple[str, ...]


class _Followed(NamedTuple):
    """The effective spec with the edited version, and what to say of an edit that the environment does not follow."""

    spec: Spec
    missed: str = ""


def _after_the_last_verb(
    opened: Opened, app: str, old: Evaluated, commits: Sequence[Commit], texts: FilesAtCommit
) -> Evaluated:
    """The app after the last commit that changed its release state in the environment of `old`; `old` if none did.

    What a promotion or an undo made of the stable version is not an edit.
    """
    own = own_files(opened, app)
    for commit, paths in commits:
        if not paths.isdisjoint(own):
            then = evaluated_of(opened, app, old.app.env, commit, texts(commit))
            if _state(then) != _state(old):
                old = then
    return old


def _state(evaluated: Evaluated) -> list[object]:
    """What verbs record next to the stable version."""
    return [evaluated.app.spec.get(field) for field in release_state() if field not in _EDITED]


def _followed(wanted: Edits, app: str, env: str, old: Evaluated, new: Evaluated) -> _Followed:
    """The effective spec with the edited version of the app spec, if the environment follows it."""
    was, spec = old.app.spec, new.app.spec
    if not new.app.strategy.is_rollout:
        return _Followed(spec)
    sides = was, spec, old.documents[0].spec, new.documents[0].spec
    missed = own_version(*sides)
    if missed and wanted.is_again(app):
        return _Followed(missed)
    is_said = missed and from_edit(was, missed, weight=wanted.weight) is not None
    return _Followed(following(*sides), _missed(app, env, missed, was) if missed and is_said else "")


def _act(meant: Meant | Refusal) -> Act:
    outcome: Outcome = meant if isinstance(meant, Refusal) else meant.wanted
    return lambda spec: outcome


def _missed(app: str, env: str, missed: Mapping[str, object], was: Mapping[str, object]) -> str:
    new, own = (short_digests(str(spec.get("tag"))) for spec in (missed, was))
    return (
        f"rollspec: {app} in {env}: {new} is not released, because {env} has a version of its own, {own}; --redo {app} "
        "releases it, and `policy: {tags: pinned}` in the overlay says that this is meant"
    )


def _left_out(app: str, env: str, spec: Mapping[str, object], meant: Meant | Refusal | None) -> str:
    if not isinstance(meant, Meant) or not meant.left_out:
        return ""
    version = short_digests(str(spec["tag"]))
    then = f"--redo {app} releases it" if meant.left_out.startswith("it was") else "release it when that has ended"
    return f"rollspec: {app} in {env}: {version} is not released, {meant.left_out}; {then}"
