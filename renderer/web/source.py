"""What the web application asks for: values that a use case reads, and actions that it carries out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from renderer.board.actions import Action, Outcome, Preview
from renderer.board.model import AppPage, Board
from renderer.live.model import AppKey, Live


@dataclass(frozen=True, slots=True)
class UnreadProject:
    """Why the project cannot be shown: the lines that the command line prints."""

    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """How far the reading of the project is: what is done now, and how many of how many items; 0 if nobody knows."""

    what: str = "reading the project"
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class News:
    """A new version of the files, or what runs in the clusters now; without both, nothing is new."""

    version: str = ""
    live: Live | None = None


class Source(Protocol):
    """Where the pages come from."""

    @property
    def may_commit(self) -> bool:
        """Whether the board has actions."""

    async def version(self) -> str:
        """The version of the files now."""

    async def board(self) -> tuple[str, Board | UnreadProject | Reading]:
        """The board, and the version of the files that it shows; how far its reading is if that takes long."""

    async def has(self, env: str, app: str) -> bool:
        """Whether there is this app in this environment."""

    async def page(self, env: str, app: str) -> AppPage | UnreadProject:
        """The page of an app that there is."""

    async def preview(self, action: Action) -> Preview:
        """What an action would change; it changes nothing."""

    async def commit(self, action: Action, head: str) -> Outcome:
        """Carry out an action, if the last commit is still the one that a person has looked at."""

    def changes(self, version: str, own: AppKey | None = None) -> AsyncIterator[News]:
        """What is new after this version of the files, as it comes; nothing new, now and then, as a sign of life.

        `own` is the one app that the page shows.
        """
