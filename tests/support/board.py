"""A board as a value, a source of pages that has no files, and a client that has a session."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

from starlette.testclient import TestClient

from renderer.board.actions import Action, Outcome, Preview
from renderer.board.model import AppPage, Board, Cell, Change, PastEntry, Release
from renderer.live.model import AppKey, Live
from renderer.report.possible import PossibleVerb
from renderer.simulate import Point, Timeline
from renderer.web.app import application
from renderer.web.sessions import Sessions
from renderer.web.source import News, Reading, Source, UnreadProject
from tests.support.cases import ROOT, run
from tests.support.past import Repository
from tests.support.repository import environment

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PORT = 8765
ADDRESS = f"http://127.0.0.1:{PORT}"
EVIL = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202e\x1b[31m"


def point(t: float, share: float, ready: int) -> Point:
    return Point(t, {"v1": 100 - share, "v2": share}, {"v1": 4, "v2": ready}, {"v1": 4, "v2": 1}, "Paused", 1, False)


TIMELINE = Timeline((point(0, 0, 0), point(3, 0, 1), point(3.2, 20, 1)), ("v1", "v2"), "v1")


def board(text: str = "web", quiet: int = 0) -> Board:
    """A canary in flight, in which every text is `text`, and quiet apps."""
    change = Change("0" * 40, NOW - timedelta(days=2), text, text)
    flying = Cell(
        "production", "web", "Canary by istio", text, ("canary",), text, 20, text, change, "apps/production/web.html"
    )
    cells = {("web", "production"): flying}
    names = [f"app-{number:05}" for number in range(quiet)]
    cells |= {(name, env): Cell(env, name, "RollingUpdate", "1.0.0") for name in names for env in ("dev", "production")}
    verbs = (PossibleVerb("weight", share=50), PossibleVerb("promote"))
    return Board(
        title=text,
        environments=["dev", "production"],
        apps=["web", *names],
        cells=cells,
        now=NOW,
        head="1" * 40,
        labels={"web": {"team": text}},
        releases=[Release(flying, (text,), lines=(text,), timeline=TIMELINE, verbs=verbs)],
    )


class Values(Source):
    """Pages from one board; actions are recorded, and change nothing."""

    def __init__(self, shown: Board | UnreadProject | Reading, *, may_commit: bool = True) -> None:
        self.shown = shown
        self.allows = may_commit
        self.asked: list[Action] = []
        self.live: list[Live] = []

    @property
    def may_commit(self) -> bool:
        return self.allows

    async def version(self) -> str:
        return "1"

    async def has(self, env: str, app: str) -> bool:
        return isinstance(self.shown, Board) and (app, env) in self.shown.cells

    async def board(self) -> tuple[str, Board | UnreadProject | Reading]:
        return "1", self.shown

    async def page(self, env: str, app: str) -> AppPage | UnreadProject:
        assert isinstance(self.shown, Board)
        title = self.shown.title
        past = (PastEntry(title, (title,), "canary"), PastEntry(title))
        return AppPage(self.shown.releases[0], NOW, "1" * 40, past, {"rendered/x.yaml": title})

    async def preview(self, action: Action) -> Preview:
        assert isinstance(self.shown, Board)
        return Preview(action, "1" * 40, 0, (self.shown.title,), f"+{self.shown.title}\n")

    async def commit(self, action: Action, head: str) -> Outcome:
        self.asked.append(action)
        assert isinstance(self.shown, Board)
        return Outcome(action, 0, (self.shown.title,))

    async def changes(self, version: str, own: AppKey | None = None) -> AsyncIterator[News]:
        yield News("2")
        for live in self.live:
            yield News(live=live)


class Browser(TestClient):
    """A client that behaves as a browser does: it has a session, and says which page a form comes from."""

    def __init__(self, source: Source, sessions: Sessions | None = None) -> None:
        self.sessions = sessions or Sessions()
        super().__init__(application(source, self.sessions, PORT), base_url=ADDRESS, follow_redirects=False)

    def log_in(self) -> Browser:
        """Open the address that a server prints."""
        answer = self.get("/login", params={"token": self.sessions.token})
        assert answer.status_code == 200, answer.text
        return self

    def fields(self, address: str) -> dict[str, str]:
        """The hidden fields of a preview's form."""
        page = self.get(address)
        assert page.status_code == 200, page.text
        form = page.text.partition('<form class="commit"')[2].partition("</form>")[0]
        return dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form))

    def submit(self, address: str, fields: dict[str, str], **headers: str) -> tuple[int, str]:
        """Post a form from a page of this server."""
        answer = self.post(address, data=fields, headers={"Origin": ADDRESS, **headers})
        return answer.status_code, answer.text


@contextmanager
def server(folder: Path, *options: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The real command, and the address that it prints; it is ended in any case."""
    command = [sys.executable, "-m", "renderer", "-C", str(folder), "board", "--serve", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment(**variables))
    with process:
        try:
            assert process.stdout
            yield process, process.stdout.readline().split()[-1]
        finally:
            process.send_signal(signal.SIGTERM)


class Tags(HTMLParser):
    """The tags of a page, with the names of their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag."""
        self.tags.append((tag, dict(attrs)))

    @property
    def shape(self) -> list[tuple[str, list[str]]]:
        """The tags, without the values of their attributes."""
        return [(tag, sorted(attributes)) for tag, attributes in self.tags]


def flying(repository: Repository) -> Repository:
    """The repository, rendered and committed, with a canary of `web` at 20 %; it knows who commits."""
    run(repository.folder, "render")
    repository.commit("begin")
    repository.verb("release", "web", "1.5.0", "--weight", "20")
    repository.git("config", "user.name", "A Team")
    repository.git("config", "user.email", "team@example.com")
    return repository
