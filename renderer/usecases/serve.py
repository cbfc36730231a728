"""`rollspec board --serve`: the board as a web application on this machine, which follows Git and may commit."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic
from typing import Protocol

from renderer.board.actions import Action, Outcome, Preview
from renderer.board.model import AppPage, Board
from renderer.console import out, say
from renderer.failure import Failure
from renderer.git.branches import branch_name
from renderer.git.version import current_branch, remote_of, switch_to, version_of_files
from renderer.layout import PROJECT_FILE
from renderer.live.model import AppKey, Live
from renderer.usecases.board import BoardOptions, read_app_page, read_board
from renderer.usecases.board_actions import Previewed, commit_action, last_commit, preview_action
from renderer.usecases.child import answered, in_child
from renderer.usecases.extras import install
from renderer.usecases.project import Opened, open_comparable, open_project
from renderer.usecases.revision import asking_git
from renderer.usecases.status import environments_in_order
from renderer.web.source import News, Reading, Source, UnreadProject

_PAUSE = 0.5  # seconds between two looks at what else is new
_LOOK = 1.0  # seconds between two looks at the files, while somebody reads a page
_SOON = 1.5  # seconds after which a reading that is not done shows how far it is
_ALIVE = 15.0  # seconds after which a silent stream says that it is alive
_SHARE = 5  # a look takes at most this part of the time


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """The options of the command line. `port` 0 takes a free one."""

    board: BoardOptions
    port: int = 0
    allow_commits: bool = False
    branch: str | None = None
    push: bool = False

    def __post_init__(self) -> None:
        for option, is_given in (("--branch", self.branch is not None), ("--push", self.push)):
            if is_given and not self.allow_commits:
                raise Failure(f"{option} is about commits: it needs --allow-commits", 2)


def serve(options: ServeOptions) -> int:
    """Serve the board until Ctrl-C; the exit code."""
    try:
        from renderer.usecases.server import run_server
    except ImportError as error:
        raise Failure(
            f"the web application needs the extra `board` ({error.name} is missing): {install('board')}"
        ) from None
    opened = answered(open_comparable, options.board.directory)
    if opened.value is None:
        for line in opened.said:
            say(line)
        return opened.code
    _prepare_branch(opened.value.root, options)
    with _listening(options.port) as listener, _clusters(opened.value, options.board.envs) as clusters:
        port = listener.getsockname()[1]
        return run_server(Files(options, opened.value, clusters), listener, port, out)


def _prepare_branch(root: str, options: ServeOptions) -> None:
    """Check out the branch that the actions commit to, and find out early whether it can be pushed."""
    with asking_git():
        if options.branch is not None:
            is_new = switch_to(root, branch_name(root, options.branch))
            branch = f"{'the new branch' if is_new else 'branch'} {options.branch}"
            say(f"rollspec: {branch} is checked out: the board commits to it")
        if options.push:
            branch = current_branch(root)
            say(f"rollspec: each commit is pushed to {branch} of {remote_of(root, branch)}")


@contextmanager
def _clusters(opened: Opened, envs: Sequence[str]) -> Iterator[Clusters | None]:
    """What reads the clusters that the project file names; None if it names none."""
    known = opened.setup.project.clusters
    wanted = [env for env in environments_in_order(opened, envs) if env in known]
    if not wanted:
        say("rollspec: rollspec.yaml names no cluster in `spec.clusters`, so the board shows only what Git says")
        yield None
        return
    from renderer.usecases.live_reading import open_reader

    with open_reader(opened, wanted) as reader:
        yield reader


def _listening(port: int) -> socket.socket:
    """A socket that only this machine can reach."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()  # before the address is printed: from then on, a browser may ask
    except OSError as error:
        listener.close()
        raise Failure(f"port {port} of 127.0.0.1 cannot be used: {error.strerror}", 2) from error
    return listener


class Clusters(Protocol):
    """What runs in the clusters, as it was read last."""

    def current(self) -> Live:
        """The newest reading; it costs nothing."""

    def look_at(self, env: str, app: str) -> None:
        """Somebody has the page of this app open."""


class Files(Source):
    """The project's files as the source of the pages. Each reading and each action is a process of its own."""

    def __init__(self, options: ServeOptions, opened: Opened, clusters: Clusters | None = None) -> None:
        self.options = options
        self.root = opened.root
        self.layout = opened.layout
        self.clusters = clusters
        self.is_closing = False
        self.patience = _SOON
        self._known: tuple[str, Board | UnreadProject] | None = None
        self._task: asyncio.Task[tuple[str, Board | UnreadProject]] | None = None
        self._progress = Reading()
        self._version = ""
        self._looked = 0.0
        self._took = 0.0
        self._reading = asyncio.Lock()  # one process at a time works on the files
        self._looking = asyncio.Lock()

    @property
    def may_commit(self) -> bool:
        """Whether the board has actions."""
        return self.options.allow_commits

    async def version(self) -> str:
        """The version of the files now."""
        return await self._look(at_once=True)

    async def board(self) -> tuple[str, Board | UnreadProject | Reading]:
        """The board of the files as they are now, or how far its reading is, if that takes long."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._read())
        await asyncio.wait([self._task], timeout=self.patience)
        return await self._task if self._task.done() else (self._version, self._progress)

    async def _read(self) -> tuple[str, Board | UnreadProject]:
        """The board; all who ask meanwhile get the same."""
        async with self._reading:
            version = await self._look(at_once=True)
            if self._known is None or self._known[0] != version:
                self._progress = Reading()
                answer = await asyncio.to_thread(in_child, read_everything, self._now(), hear=self._hear)
                self._known = (version, answer.value or UnreadProject(answer.said))
            return self._known[0], _aged(self._known[1])

    def _hear(self, progress: Reading) -> None:
        self._progress = progress

    async def has(self, env: str, app: str) -> bool:
        """Whether the board shows it; a board that was read before is enough to say yes."""
        known = self._known[1] if self._known else None
        if isinstance(known, Board) and (app, env) in known.cells:
            return True
        _, known = await self._read()
        return isinstance(known, Board) and (app, env) in known.cells

    async def page(self, env: str, app: str) -> AppPage | UnreadProject:
        """The page of one app."""
        async with self._reading:
            wanted = replace(self._now(), envs=(env,), apps=(app,))
            answer = await asyncio.to_thread(in_child, read_one, wanted)
        return answer.value or UnreadProject(answer.said)

    async def preview(self, action: Action) -> Preview:
        """What an action would change."""
        async with self._reading:
            answer = await asyncio.to_thread(in_child, preview_action, self.options.board.directory, action)
        found = answer.value or Previewed(last_commit(self.root), answer.code)
        return Preview(action, found.head, found.code, answer.said, answer.printed, found.plans)

    async def commit(self, action: Action, head: str) -> Outcome:
        """Carry out an action; one that has begun is finished, even if the server is ending."""
        function = _commit_and_push if self.options.push else _commit
        async with self._reading:
            work = asyncio.to_thread(in_child, function, self.options.board.directory, action, head)
            answer = await asyncio.shield(asyncio.ensure_future(work))
        code = answer.code if answer.value is None else answer.value
        return Outcome(action, code, (*answer.said, *answer.printed.splitlines()))

    async def changes(self, version: str, own: AppKey | None = None) -> AsyncIterator[News]:
        """What is new after this version, and an empty change now and then while nothing is."""
        said, number = monotonic(), -1
        while not self.is_closing:
            if own and self.clusters:
                self.clusters.look_at(*own)
            found = await self._look()
            live = self._live(number)
            if found != version or live is not None or monotonic() - said > _ALIVE:
                yield News(found if found != version else "", live)
                version, number, said = found, live.number if live else number, monotonic()
            await asyncio.sleep(_PAUSE)

    def _live(self, number: int) -> Live | None:
        """What runs in the clusters, if it has changed since this number."""
        live = self.clusters.current() if self.clusters else None
        return live if live and live.number != number else None

    async def _look(self, *, at_once: bool = False) -> str:
        """The version of the files. All streams share one look, which a large project gives more time between."""
        async with self._looking:
            pause = max(_LOOK, _SHARE * self._took)
            if at_once or not self._version or monotonic() - self._looked > pause:
                start = monotonic()
                paths = [*self.layout.spec_folders, PROJECT_FILE]
                try:
                    self._version = await asyncio.to_thread(version_of_files, self.root, paths)
                except Failure as failure:
                    self._version = f"unknown: {failure}".replace("\n", " ")
                self._looked = monotonic()
                self._took = self._looked - start
            return self._version

    def _now(self) -> BoardOptions:
        return replace(self.options.board, now=datetime.now(UTC), everything=True)


def _aged(board: Board | UnreadProject) -> Board | UnreadProject:
    return replace(board, now=datetime.now(UTC)) if isinstance(board, Board) else board


def read_everything(options: BoardOptions, tell: Callable[[Reading], None]) -> Board:
    """The board, in a process of its own; `tell` hears how far it is."""

    @contextmanager
    def told(what: str, total: int) -> Iterator[Callable[[int], None]]:
        yield lambda done: tell(Reading(what, done, total))

    return read_board(open_project(options.directory), options, told)


def read_one(options: BoardOptions) -> AppPage:
    """The page of one app, in a process of its own."""
    return read_app_page(open_project(options.directory), options)


def _commit(directory: str, action: Action, head: str) -> int:
    return commit_action(directory, action, head, pushed=False)


def _commit_and_push(directory: str, action: Action, head: str) -> int:
    return commit_action(directory, action, head, pushed=True)
