"""What a board shows, as values: an app in an environment is a cell, and a cell in flight has a release to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from renderer.freeze import Window
from renderer.plan import AppPlan
from renderer.report.possible import PossibleVerb
from renderer.simulate import Timeline

STATES = ("canary", "preview", "switching", "paused", "aborted", "undone", "unreadable", "uncommitted")


@dataclass(frozen=True, slots=True)
class Change:
    """The commit that brought a cell to where it is."""

    sha: str
    time: datetime
    who: str
    subject: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One app in one environment.

    `states` are some of STATES. `weight` is the canary's share in percent; None for a preview or a ladder. `detail`
    says in words what is in flight, or why the spec cannot be read. `page` is the address of the cell's own page.
    """

    env: str
    app: str
    strategy: str
    stable: str
    states: tuple[str, ...] = ()
    flying: str = ""
    weight: int | None = None
    detail: str = ""
    change: Change | None = None
    page: str | None = None

    @property
    def is_active(self) -> bool:
        """Whether somebody should look at it: anything but a stable version that just serves."""
        return bool(self.states)


@dataclass(frozen=True, slots=True)
class Release:
    """A cell in flight in detail: the plan of its last commit, its timeline, the commands possible now."""

    cell: Cell
    commands: tuple[str, ...]
    plan: AppPlan | None = None
    lines: tuple[str, ...] = ()  # the plan's sentences
    timeline: Timeline | None = None
    not_shown: str = ""  # why there is no plan
    verbs: tuple[PossibleVerb, ...] = ()  # the verbs of `commands`
    windows: tuple[Window, ...] = ()  # freezes of the environment, which may hold some of them back


@dataclass(frozen=True, slots=True)
class Board:
    """All cells; environments are in the order of promotion. `head` is None without Git, `now` is the clock's time."""

    title: str
    environments: Sequence[str]
    apps: Sequence[str]
    cells: Mapping[tuple[str, str], Cell]  # by app and environment
    now: datetime
    head: str | None = None
    differs: Sequence[str] = ()
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # of apps
    releases: Sequence[Release] = ()
    complete: bool = True  # False where the clone is shallow: a change may be older

    @property
    def active(self) -> list[Cell]:
        """The cells that somebody should look at, in the board's order."""
        found = (self.cells.get((app, env)) for app in self.apps for env in self.environments)
        return [cell for cell in found if cell and cell.is_active]


@dataclass(frozen=True, slots=True)
class PastEntry:
    """One entry of an app's history: what happened, its steps, and a state that marks it; empty if it is over."""

    text: str
    steps: tuple[str, ...] = ()
    state: str = ""


@dataclass(frozen=True, slots=True)
class AppPage:
    """An app in an environment on a page of its own."""

    release: Release
    now: datetime
    head: str | None
    history: tuple[PastEntry, ...]  # newest first, in the words of `rollspec history`
    files: Mapping[str, str]  # rendered files, by path
    steps: tuple[str, ...] = ()  # the Rollout's step list
