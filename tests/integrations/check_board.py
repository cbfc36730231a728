"""The board in a real browser, read and used as a person does: by names and roles of what is on the page.

Skipped where no Chromium is installed. With ROLLSPEC_SCREENSHOTS=1, the pictures of docs/ are taken too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.integrations.programs import npm
from tests.support.board import chromium, flying, server
from tests.support.cases import ROOT
from tests.support.past import Repository
from tests.support.repository import git

PATIENCE = 120_000  # milliseconds: a machine may be busy with other tests
PICTURES = ROOT / "docs"
API = """\
  image: ghcr.io/acme/{name}
  tag: 2.7.0
  replicas: 3
  ports:
    - {{name: http, port: 80, targetPort: 8080}}
  strategy: {{type: RollingUpdate}}
  readinessProbe: {{tcpSocket: {{port: http}}}}
"""
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = chromium()
    if program is None:
        pytest.skip("there is no Chromium here")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield found
        found.close()


class Watched:
    """A page, with what the browser complains about and which addresses it asks."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.asked: set[str] = set()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.add(re.sub(r"^(\w+://[^/]*).*", r"\1", request.url)))

    def check(self, name: str = "") -> None:
        """What keeps people from using the page, in light and in dark; perhaps a picture of it."""
        self.page.evaluate((npm("axe-core") / "axe-core/axe.min.js").read_text())
        for scheme in ("dark", "light"):
            self.page.emulate_media(color_scheme=scheme)
            found = self.page.evaluate("async () => (await axe.run()).violations")
            assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
        if name and os.environ.get("ROLLSPEC_SCREENSHOTS"):
            self.page.screenshot(path=PICTURES / f"{name}.png")


@contextmanager
def watched(browser: Browser, **options: Any) -> Iterator[Watched]:
    """A new window, which must end without a complaint."""
    with browser.new_context(viewport={"width": 1100, "height": 760}, **options) as context:
        found = Watched(context.new_page())
        yield found
        assert found.complaints == []


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
