"""A real browser for tests, and a window of it that remembers what the browser complains about."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Error, Page, Playwright, expect, sync_playwright

from tests.support.cases import ROOT
from tests.tools.browser import Program, axe, programs

PATIENCE = 120_000  # milliseconds: a machine may be busy with other tests
PICTURES = ROOT / "docs"
expect.set_options(timeout=PATIENCE)


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

    def check(self, picture: str = "") -> None:
        """What keeps people from using the page, in light and in dark; perhaps a picture of it for docs/."""
        script = axe()
        if script is None:
            pytest.skip("axe-core is not installed: run `make tools` where npm's registry can be reached")
        self.page.evaluate(script)
        for scheme in ("dark", "light"):
            self.page.emulate_media(color_scheme=scheme)
            found = self.page.evaluate("async () => (await axe.run()).violations")
            assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
        if picture and os.environ.get("ROLLSPEC_SCREENSHOTS"):
            self.page.screenshot(path=PICTURES / f"{picture}.png")


@contextmanager
def launched() -> Iterator[Browser | None]:
    """The first browser of this machine that starts; None if there is none."""
    with sync_playwright() as playwright:
        found = next(filter(None, (_started(playwright, each) for each in programs())), None)
        yield found
        if found:
            found.close()


def _started(playwright: Playwright, program: Program) -> Browser | None:
    libraries = {"LD_LIBRARY_PATH": str(program.libraries)} if program.libraries else {}
    try:
        return playwright.chromium.launch(
            executable_path=program.path, args=["--no-sandbox"], env={**os.environ, **libraries}, timeout=PATIENCE
        )
    except Error as error:
        print(f"{program.path} does not start: {error.message.splitlines()[0]}")
        return None


@contextmanager
def watched(browser: Browser, **options: Any) -> Iterator[Watched]:
    """A new window, which must end without a complaint."""
    with browser.new_context(**{"viewport": {"width": 1100, "height": 760}, **options}) as context:
        found = Watched(context.new_page())
        yield found
        assert not found.complaints, found.complaints


class Click(NamedTuple):
    """A button of the app's page, what is typed into its fields, and the same as words of the command line."""

    button: str
    words: str
    typed: Mapping[str, str] = MappingProxyType({})


def click(page: Page, wanted: Click, env: str = "production") -> None:
    """Fill in a form of the page of `web`, look at what it changes, and commit it."""
    form = page.get_by_role("form", name=wanted.button, exact=True)
    for label, text in wanted.typed.items():
        field = form.get_by_label(label)
        if field.evaluate("(field) => field.tagName") == "SELECT":
            field.select_option(text)
        else:
            field.fill(text)
    form.get_by_role("button", name=wanted.button, exact=True).click()
    verb = wanted.words.split()[0]
    page.get_by_role("button", name=f"Commit {verb} of web").click()
    expect(page.get_by_role("heading", name=f"Done: {verb} web in {env}", exact=True)).to_be_visible()
