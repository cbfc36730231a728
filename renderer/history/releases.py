"""The moves of an app's commits as a story: each release from its start to its end, and what happened besides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from renderer.history.moves import ENDS, STARTS, Kind, Move, moves
from renderer.history.state import Parsed, State, Unreadable, state_at
from renderer.layout import Layout

_INSIDE: frozenset[Kind] = frozenset(("weight", "retry", "restart", "pause", "resume", "configuration"))


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of the branch that is live; `merged` are those that it brought, when it is a merge, newest first.

    `verbs` are the verbs that its trailers name, by app and environment: they inform, and decide nothing.
    """

    sha: str
    time: datetime
    author: str
    subject: str
    verbs: Mapping[tuple[str, str], str] = field(default_factory=dict)
    parents: int = 1
    merged: tuple[Commit, ...] = ()


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit, and what the files that it touched are after it (None: not there)."""

    commit: Commit
    files: Mapping[str, Parsed | None]


@dataclass(frozen=True, slots=True)
class Step:
    """One move, and the commit that made it."""

    move: Move
    commit: Commit


@dataclass(frozen=True, slots=True)
class Entry:
    """A canary or preview from start to end (`end` None: in flight), or a single step of any other kind."""

    kind: str
    steps: tuple[Step, ...]
    end: Kind | None = None

    @property
    def first(self) -> Step:
        """How it began."""
        return self.steps[0]

    @property
    def last(self) -> Step:
        """What happened last."""
        return self.steps[-1]

    @property
    def seconds(self) -> int | None:
        """From start to end; None while it is in flight. Clocks of committers may differ: never below 0."""
        return None if self.end is None else _seconds(self.first.commit, self.last.commit)

    @property
    def weights(self) -> tuple[tuple[int, Commit, int | None], ...]:
        """Each weight that the canary had: percent, the commit that set it, seconds (None: it has it still)."""
        set_by = [step for step in self.steps if step.move.kind in (*STARTS, "weight")]
        ends = [*(step.commit for step in set_by[1:]), self.last.commit if self.end else None]
        return tuple(
            (weight, step.commit, _seconds(step.commit, end) if end else None)
            for step, end in zip(set_by, ends, strict=False)
            if (weight := step.move.weights[1]) is not None
        )


def history(revisions: Iterable[Revision], layout: Layout, app: str, envs: Sequence[str]) -> dict[str, list[Entry]]:
    """The app's entries by environment, newest first; `revisions` are all that touched its files, oldest first."""
    files: dict[str, Parsed] = {}
    stories = {env: _Story(env, app) for env in envs}
    for revision in revisions:
        files = {path: data for path, data in {**files, **revision.files}.items() if data is not None}
        for env, story in stories.items():
            story.go_on(revision.commit, state_at(files, layout, env, app))
    return {env: story.entries() for env, story in stories.items()}


def environments_of(revisions: Iterable[Revision], layout: Layout) -> list[str]:
    """The names of all overlays that there ever were in these revisions."""
    prefix, suffix = layout.overlay("\0").split("\0")
    paths = {path for revision in revisions for path in revision.files}
    names = {
        path.removeprefix(prefix).removesuffix(suffix)
        for path in paths
        if path.startswith(prefix) and path.endswith(suffix)
    }
    return sorted(name for name in names if "/" not in name)


class _Story:
    """Takes the states of one environment in turn; `open` is the release in flight."""

    def __init__(self, env: str, app: str) -> None:
        self.place = (env, app)
        self.state: State | None = None
        self.open: Entry | None = None
        self.told: list[Entry] = []

    def go_on(self, commit: Commit, state: State | Unreadable | None) -> None:
        """A commit after which the files cannot be read says nothing of the state; the next one is compared."""
        if isinstance(state, Unreadable):
            self.told.append(Entry("unreadable", (Step(Move("unreadable", detail=state.reason), commit),)))
            return
        for move in moves(self.state, state):
            self._take(Step(_informed(move, commit.verbs.get(self.place)), commit))
        self.state = state

    def entries(self) -> list[Entry]:
        """Newest first; a release stands where it started."""
        return list(reversed(self.told))

    def _take(self, step: Step) -> None:
        kind = step.move.kind
        if kind in STARTS:
            self.open = Entry(step.move.flight or "canary", (step,))
            self.told.append(self.open)
        elif self.open and (kind in ENDS or kind in _INSIDE):
            longer = replace(self.open, steps=(*self.open.steps, step), end=kind if kind in ENDS else None)
            self.told[self._place()] = longer
            self.open = None if kind in ENDS else longer
        else:
            self.told.append(Entry(kind, (step,)))

    def _place(self) -> int:
        return next(number for number in range(len(self.told) - 1, -1, -1) if self.told[number] is self.open)


def _informed(move: Move, verb: str | None) -> Move:
    """What the states alone leave open: a release of the version before is not an undo when its commit says so."""
    if verb != "release":
        return move
    return move._replace(kind="direct" if move.kind == "undo" else move.kind, detail="" if move.flight else move.detail)


def _seconds(start: Commit, end: Commit) -> int:
    return max(0, round((end.time - start.time).total_seconds()))


def files_of(layout: Layout, app: str) -> list[str]:
    """The paths that the app's states are made of; `*` stands for any environment."""
    return [layout.app(app), layout.partial("*", app), layout.overlay("*")]
