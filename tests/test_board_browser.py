"""The board in a real browser, read and used as a person does: by the names and roles of what is on the page.

Skipped, with the reason, on a machine that has no Chromium and reaches no registry: see tests/tools/browser.py. With
ROLLSPEC_SCREENSHOTS=1, the pictures of docs/ are taken too.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from renderer.board.live import live_parts
from renderer.board.page import index_page, live_texts
from renderer.live.model import Source
from renderer.web.stream import Follower
from tests.support.board import board, flying, server
from tests.support.browser import Click, click, launched, watched
from tests.support.cases import ROOT, run
from tests.support.past import Repository
from tests.support.repository import environment, git
from tests.test_board_live import LOST, OWN, READ, live

API = """\
  image: ghcr.io/acme/{name}
  tag: 2.7.0
  replicas: 3
  ports:
    - {{name: http, port: 80, targetPort: 8080}}
  strategy: {{type: RollingUpdate}}
  readinessProbe: {{tcpSocket: {{port: http}}}}
"""
# Two commits with the same files, message, author and dates have the same id.
DATES = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "2026-03-01T12:00:00Z")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        if found is None:
            pytest.skip("NOT TESTED: there is no Chromium that starts here. Install one, or run `make tools`")
        yield found


def team(folder: Path) -> Repository:
    """Some apps in two environments, one of them with a canary."""
    repository = Repository(folder)
    repository.overlay("staging")
    for name in ("accounts", "checkout", "mail"):
        repository.app(name, API.format(name=name))
    return flying(repository)


def test_a_person_looks_at_a_release_and_at_what_an_action_changes(browser: Browser, tmp_path: Path) -> None:
    repository = team(tmp_path / "shop")
    with server(repository.folder, "--allow-commits") as (_, address), watched(browser) as seen:
        page = seen.page
        page.goto(address)
        expect(page.get_by_role("heading", name="shop", exact=True)).to_be_visible()
        expect(page.get_by_role("img", name="20 % of the traffic goes to 1.5.0")).to_be_visible()
        seen.check("board")

        page.get_by_role("link", name="Details of web in production").click()
        expect(page.get_by_role("heading", name="Actions")).to_be_visible()
        seen.check("board-app")
        page.get_by_role("spinbutton", name="Share in %").fill("50")
        page.get_by_role("button", name="Change the share").click()
        expect(page.get_by_role("img", name="Simulated traffic and Ready pods of web in production")).to_be_visible()
        expect(page.get_by_role("region", name="Diff")).to_contain_text("+    weight: 50")
        expect(page.get_by_text("rollspec weight web 50 --env production --commit")).to_be_visible()
        seen.check("board-action")
        assert len(git(repository.folder, "log", "--format=%h").split()) == 2
        assert seen.asked == {address.partition("/login")[0]}


def test_a_page_from_the_disk_needs_no_mouse(browser: Browser, tmp_path: Path) -> None:
    repository = team(tmp_path / "shop")
    assert run(repository.folder, "board", "--output", "public").code == 0
    with watched(browser) as seen:
        page = seen.page
        page.goto((repository.folder / "public/index.html").as_uri())
        expect(page.locator("#count")).to_have_text("4 of 4 apps")
        page.keyboard.press("/")
        page.keyboard.type("1.5.0")
        expect(page.locator("#count")).to_have_text("1 of 4 apps")
        expect(page.get_by_role("row", name="mail")).to_have_count(0)
        page.get_by_role("searchbox", name="Filter").press("Control+a")
        page.keyboard.press("Delete")
        page.keyboard.press("Tab")
        page.keyboard.type("production")  # the list of environments
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        expect(page.get_by_role("button", name="canary")).to_have_attribute("aria-pressed", "true")
        expect(page.locator("#count")).to_have_text("1 of 4 apps")
        page.keyboard.press("Space")
        expect(page.locator("#count")).to_have_text("4 of 4 apps")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # what is in flight, closed
        expect(page.get_by_role("img", name="Simulated traffic")).to_be_hidden()
        assert seen.asked == {"file://"}
        seen.check()
        page.emulate_media(media="print")
        seen.check()  # on paper, whatever the screen has


def test_an_open_page_follows_the_commit_of_somebody_else(browser: Browser, tmp_path: Path) -> None:
    repository = team(tmp_path / "shop")
    with server(repository.folder) as (_, address), watched(browser) as seen:
        page = seen.page
        page.goto(address)
        page.get_by_role("searchbox", name="Filter").fill("web")
        page.get_by_role("button", name="canary").click()
        type_in(repository.folder, "weight web 50 --env production")
        expect(page.get_by_role("img", name="50 % of the traffic goes to 1.5.0")).to_be_visible()
        expect(page.get_by_role("searchbox", name="Filter")).to_have_value("web")
        expect(page.get_by_role("button", name="canary")).to_have_attribute("aria-pressed", "true")
        expect(page.locator("#count")).to_have_text("1 of 4 apps")


@pytest.mark.parametrize("source", [READ, LOST], ids=["read", "lost"])
def test_everybody_can_read_what_the_clusters_say(browser: Browser, source: Source) -> None:
    shown = live(cluster=source, prometheus=source)
    alarms = Follower().news(shown)["alarms"]["all"]
    (short, *_), (whole, *_) = (
        live_texts(live_parts(shown, own), whole=own is not None).values() for own in (None, OWN)
    )
    with watched(browser) as seen:
        seen.page.set_content(index_page(board()))
        put = "(html) => document.querySelector('main').insertAdjacentHTML('afterbegin', html)"
        seen.page.evaluate(put, alarms + short + whole)
        expect(seen.page.get_by_role("region", name="Versions in the cluster")).to_be_visible()
        expect(seen.page.get_by_role("img", name="Requests a second of 1.4.2 in the last 30 minutes")).to_be_visible()
        seen.check()


CANARY = (
    Click("Change the share", "weight web 50", {"Share in %": "50"}),
    Click("Pause", "pause web"),
    Click("Resume", "resume web"),
    Click("Abort", "abort web"),
    Click("Retry", "retry web"),
    Click("Promote", "promote web"),
    Click("Undo", "undo web"),
    Click("Bring back the undone version", "undo web --redo"),
    Click("Release", "release web 1.6.0 --weight 10", {"Tag": "1.6.0", "First share in %": "10"}),
    Click("Restart", "restart web"),
)
SWITCH = (
    Click("Promote", "promote web"),
    Click("Switch the strategy", "switch web --to BlueGreen", {"Strategy": "BlueGreen"}),
    Click("Take the switch back", "switch web --abort"),
    Click("Switch the strategy", "switch web --to RollingUpdate", {"Strategy": "RollingUpdate"}),
    Click("Continue the switch", "switch web --continue"),
)  # as often as there are stages


@pytest.mark.parametrize("clicks", [CANARY, SWITCH], ids=["canary", "switch"])
def test_a_click_makes_the_commit_that_the_verb_makes(
    browser: Browser, tmp_path: Path, clicks: tuple[Click, ...]
) -> None:
    clicked, typed = flying(Repository(tmp_path / "clicked")), flying(Repository(tmp_path / "typed"))
    assert commits(clicked) == commits(typed)
    with server(clicked.folder, "--allow-commits", **DATES) as (_, address), watched(browser) as seen:
        seen.page.goto(address)
        seen.page.get_by_role("link", name="Details of web in production").click()
        for number, each in enumerate(clicks):
            click(seen.page, each)
            type_in(typed.folder, each.words)
            assert len(commits(clicked)) == 3 + number
            if each.button == "Restart":  # the last one: its commit has the time of the restart
                assert last(clicked) == last(typed)
            else:
                assert commits(clicked) == commits(typed), each


def type_in(folder: Path, words: str) -> None:
    """The same on the command line."""
    command = [sys.executable, "-m", "renderer", "-C", str(folder), *words.split(), "--commit"]
    done = subprocess.run(command, cwd=ROOT, env=environment(**DATES), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def commits(repository: Repository) -> list[str]:
    """The ids of all commits."""
    return git(repository.folder, "log", "--format=%H").split()


def last(repository: Repository) -> str:
    """The last commit with all that it changes, without the times in it."""
    shown = git(repository.folder, "show", "--format=%an %ae%n%B")
    found, times = re.subn(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|index [0-9a-f.]+", "", shown)
    assert times
    return found
