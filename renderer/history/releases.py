"""Groups what an app's commits did into entries: each release from start to end, and everything between releases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from renderer.history.moves import ENDS, STARTS, Move, MoveType, moves
from renderer.history.standing import State
from renderer.history.state import Parsed, Unreadable, state_at
from renderer.layout import Layout

_INSIDE: frozenset[MoveType] = frozenset(("weight", "retry", "restart", "pause", "resume", "configuration"))


@dataclass(frozen=True, slots=True)
class LiveCommit:
    """One commit of the live branch; if it is a merge, `merged` are its commits, newest first.

    `verbs` are the verbs that its trailers name, by environment and app. They add detail and decide nothing.
    """

    sha: str
    time: datetime
    author: str
    subject: str
    verbs: Mapping[tuple[str, str], str] = field(default_factory=dict)
    parents: int = 1
    merged: tuple[LiveCommit, ...] = ()
    break_glass: str | None = None  # why it passes a freeze


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit, and the files that it changed with their content after it (None: deleted)."""

    commit: LiveCommit
    files: Mapping[str, Parsed | None]


@dataclass(frozen=True, slots=True)
class Transition:
    """One move, and the commit that made it."""

    move: Move
    commit: LiveCommit


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A canary or preview from start to end (`end` None: in flight), or a single step of any other type."""

    type: str
    steps: tuple[Transition, ...]
    end: MoveType | None = None

    @property
    def first(self) -> Transition:
        """How it began."""
        return self.steps[0]

    @property
    def last(self) -> Transition:
        """What happened last."""
        return self.steps[-1]

    @property
    def seconds(self) -> int | None:
        """From start to end; None while it is in flight. Never below 0, even if the clocks of committers differ."""
        return None if self.end is None else _seconds(self.first.commit, self.last.commit)

    @property
    def weights(self) -> tuple[tuple[int, LiveCommit, int | None], ...]:
        """Each weight that the canary had: percent, the commit that set it, seconds (None: until now)."""
        set_by = [step for step in self.steps if step.move.type in (*STARTS, "weight")]
        ends = [*(step.commit for step in set_by[1:]), self.last.commit if self.end else None]
        return tuple(
            (weight, step.commit, _seconds(step.commit, end) if end else None)
            for step, end in zip(set_by, ends, strict=False)
            if (weight := step.move.weights[1]) is not None
        )


def history(
    revisions: Iterable[Revision], layout: Layout, app: str, envs: Sequence[str]
) -> dict[str, list[HistoryEntry]]:
    """The app's entries by environment, newest first; `revisions` are all that changed its files, oldest first."""
    files: dict[str, Parsed] = {}
    stories = {env: _Story(env, app) for env in envs}
    for revision in revisions:
        files = {path: data for path, data in {**files, **revision.files}.items() if data is not None}
        for env, story in stories.items():
            story.add(revision.commit, state_at(files, layout, env, app))
    return {env: story.entries() for env, story in stories.items()}


def environments_of(revisions: Iterable[Revision], layout: Layout) -> list[str]:
    """The names of all overlays in these revisions."""
    prefix, suffix = layout.overlay("\0").split("\0")
    paths = {path for revision in revisions for path in revision.files}
    names = {
        path.removeprefix(prefix).removesuffix(suffix)
        for path in paths
        if path.startswith(prefix) and path.endswith(suffix)
    }
    return sorted(name for name in names if "/" not in name)


class _Story:
    """Builds the entries of one environment from its states, oldest first; `open` is the release in flight."""

    def __init__(self, env: str, app: str) -> None:
        self.key = (env, app)
        self.state: State | None = None
        self.open: HistoryEntry | None = None
        self.done: list[HistoryEntry] = []

    def add(self, commit: LiveCommit, state: State | Unreadable | None) -> None:
        """Add one commit; one with unreadable files is left out of the comparisons."""
        if isinstance(state, Unreadable):
            self.done.append(HistoryEntry("unreadable", (Transition(Move("unreadable", detail=state.reason), commit),)))
            return
        for move in moves(self.state, state):
            self._take(Transition(_informed(move, commit.verbs.get(self.key)), commit))
        self.state = state

    def entries(self) -> list[HistoryEntry]:
        """Newest first, by their start."""
        return list(reversed(self.done))

    def _take(self, step: Transition) -> None:
        type_ = step.move.type
        if type_ in STARTS:
            self.open = HistoryEntry(step.move.flight or "canary", (step,))
            self.done.append(self.open)
        elif self.open and (type_ in ENDS or type_ in _INSIDE):
            longer = replace(self.open, steps=(*self.open.steps, step), end=type_ if type_ in ENDS else None)
            self.done[self._number()] = longer
            self.open = None if type_ in ENDS else longer
        else:
            self.done.append(HistoryEntry(type_, (step,)))

    def _number(self) -> int:
        return next(number for number in range(len(self.done) - 1, -1, -1) if self.done[number] is self.open)


def _informed(move: Move, verb: str | None) -> Move:
    """The move, decided by its commit's verb if the states cannot: a release of the previous version is not an undo."""
    if verb != "release":
        return move
    return move._replace(type="direct" if move.type == "undo" else move.type, detail="" if move.flight else move.detail)


def _seconds(start: LiveCommit, end: LiveCommit) -> int:
    return max(0, round((end.time - start.time).total_seconds()))


def files_of(layout: Layout, app: str) -> list[str]:
    """The paths of the files that decide the app's states; `*` means any environment."""
    return [layout.app(app), layout.partial("*", app), layout.overlay("*")]
