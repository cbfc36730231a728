"""`rollspec release --from-edits`: edits of stable versions since a revision, by bots or people, become releases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar, NamedTuple, Self

from renderer.console import say
from renderer.facts import release_state
from renderer.git import changed, log_files, merge_base, read_many, resolve
from renderer.pipeline import is_in
from renderer.pipeline.evaluation import Evaluated
from renderer.release.edits import Meant, following, from_edit, own_version
from renderer.release.outcome import Refusal
from renderer.spec import short_digests
from renderer.usecases.checkout import refuse_nested
from renderer.usecases.edited import Act, KnownAct
from renderer.usecases.effective import Spec
from renderer.usecases.elsewhere import evaluated_in, evaluated_of, own_files
from renderer.usecases.project import Opened
from renderer.usecases.revision import asking_git
from renderer.usecases.selection import touched
from renderer.workers import Tick, Work, processes, reports

Commit = tuple[str, frozenset[str]]  # its id, and the files that it changed
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
    branch_at = cache(lambda root: _branch(root, wanted.base))  # all environments are of one branch

    def acts(opened: Opened, env: str) -> dict[str, Act]:
        refuse_nested(opened.root, opened.layout, opened.submodules)
        made = {each.app: each for each in _edits_in(opened, env, wanted, branch_at(opened.root))}
        for each in made.values():
            for line in each.said:
                say(line)
        return {app: _act(each.meant, each.live) for app, each in made.items() if each.meant is not None}

    return acts


class _Branch(NamedTuple):
    """What was edited since `base`: the paths, and the commits that changed them, oldest first."""

    base: str
    paths: list[str]
    commits: list[Commit]


def base_of(root: str, since: str | None) -> str:
    """The commit since which edits count: the revision `since`, by default where the branch left the main branch."""
    return resolve(root, since) if since else merge_base(root)


def _branch(root: str, since: str | None) -> _Branch:
    with asking_git():
        base = base_of(root, since)
        paths = [path for _, path in changed(root, base)]
        commits = [
            (commit.sha, frozenset(touch.path for touch in touches))
            for commit, touches in log_files(root, paths, without=base)
        ]
        return _Branch(base, paths, commits[::-1])


class _Found(NamedTuple):
    """What the edit of an app means, and what to say about it."""

    app: str
    meant: Meant | Refusal | None
    said: tuple[str, ...]
    live: Spec  # before the edit


def _edits_in(opened: Opened, env: str, wanted: Edits, branch: _Branch) -> list[_Found]:
    """What the edit of each app in the environment means, by name; an app that is new on the branch is not edited."""
    environment = opened.setup.environments[env]
    touched_here = _touched(opened, env, branch.paths)
    names = [app for app in touched_here if wanted.has(app) and is_in(environment, app)]
    texts = _Texts(opened.root, [file for app in names for file in own_files(opened, app)])
    before = texts.at(branch.base)
    edited = [app for app in names if before[opened.layout.app(app)] is not None]
    work = _Judging(opened, env, wanted, branch.base, branch.commits, texts)
    made = {each.app: each for some in reports(edited, work, processes()) for each in some}
    return [made[app] for app in edited]


def _touched(opened: Opened, env: str, paths: Sequence[str]) -> list[str]:
    layout = opened.layout
    own = [path for path in paths if path.startswith((f"{layout.apps}/", f"{layout.overlays}/"))]
    selection, _ = touched(layout, opened.setup.environments, opened.apps, own)
    return sorted(selection.apps.get(env, ()))


class _Texts:
    """The contents of some files at commits. What is found is kept: a commit is read once, for all the files."""

    def __init__(self, root: str, files: Sequence[str]) -> None:
        self._root = root
        self._files = files
        self._found: dict[str, Mapping[str, bytes | None]] = {}

    def at(self, commit: str) -> Mapping[str, bytes | None]:
        """The contents by path; None for a file that the commit does not have."""
        if commit not in self._found:
            self._found[commit] = read_many(self._root, commit, self._files)
        return self._found[commit]

    def part(self, files: Sequence[str]) -> _Texts:
        """The same for some of the files."""
        some = _Texts(self._root, files)
        some._found = {commit: {file: found[file] for file in files} for commit, found in self._found.items()}
        return some


@dataclass(frozen=True, slots=True)
class _Judging(Work[str, list[_Found]]):
    """Says what the edits of apps in an environment mean, since `base`; `commits` are oldest first."""

    seconds: ClassVar[float] = 0.0006

    opened: Opened
    env: str
    wanted: Edits
    base: str
    commits: Sequence[Commit]
    texts: _Texts

    def __call__(self, items: Sequence[str], tick: Tick) -> list[_Found]:
        environment = self.opened.setup.environments[self.env]
        is_pinned = (environment.spec.get("policy") or {}).get("tags") == "pinned"
        found = []
        for app in items:
            found.append(self._found(app, is_pinned=is_pinned))
            tick()
        return found

    def _found(self, app: str, *, is_pinned: bool) -> _Found:
        old = evaluated_of(self.opened, app, self.env, self.base, self.texts.at(self.base))
        new = evaluated_in(self.opened, app, self.env)
        if _state(old) != _state(new):
            old = _after_the_last_verb(self.opened, app, old, self.commits, self.texts)
        followed = _Followed(new.app.spec) if is_pinned else _followed(self.wanted, app, self.env, old, new)
        meant = from_edit(old.app.spec, followed.spec, weight=self.wanted.weight, again=self.wanted.is_again(app))
        said = (followed.missed, _left_out(app, self.env, followed.spec, meant))
        return _Found(app, meant, tuple(filter(None, said)), old.app.spec)

    def part(self, items: Sequence[str]) -> Self:
        files = [file for app in items for file in own_files(self.opened, app)]
        own = frozenset(files)
        commits = [(commit, paths & own) for commit, paths in self.commits if not paths.isdisjoint(own)]
        return replace(self, commits=commits, texts=self.texts.part(files))


class _Followed(NamedTuple):
    """The effective spec with the edited version, and what to say of an edit that the environment does not follow."""

    spec: Spec
    missed: str = ""


def _after_the_last_verb(
    opened: Opened, app: str, old: Evaluated, commits: Sequence[Commit], texts: _Texts
) -> Evaluated:
    """The app after the last commit that changed its release state in the environment of `old`; `old` if none did.

    What a promotion or an undo made of the stable version is not an edit.
    """
    own = own_files(opened, app)
    for commit, paths in commits:
        if not paths.isdisjoint(own):
            then = evaluated_of(opened, app, old.app.env, commit, texts.at(commit))
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


def _act(meant: Meant | Refusal, live: Spec) -> Act:
    return KnownAct(meant if isinstance(meant, Refusal) else meant.wanted, live)


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
