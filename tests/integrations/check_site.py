"""The site: every link leads somewhere, every page can be reached and found, and nothing is loaded from elsewhere."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from tests.site import build
from tests.support.cases import ROOT


class Page(HTMLParser):
    """The links and the anchors of one page, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.loads: set[str] = set()
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.add(given["href"])
        if tag in ("script", "img", "link") and given.get("rel") != "canonical":
            self.loads |= {given[name] for name in ("src", "href") if name in given}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    folder = tmp_path_factory.mktemp("site") / "site"
    build(folder)
    Site.folder = folder
    return {path.name: Page(path) for path in folder.glob("*.html") if path.name != "404.html"}


class Site:
    """Where the fixture has built it."""

    folder: Path


def test_every_page_is_there_and_can_be_reached(site: dict[str, Page]) -> None:
    pages = {f"{path.stem}.html" for path in (ROOT / "docs").glob("*.md")} - {"README.html"}
    assert set(site) == pages | {"index.html", "pages.html", "changelog.html", "zh-cn.html", "SECURITY.html"}
    reached, pending = set(), ["index.html"]
    while pending:
        name = pending.pop()
        if name in site and name not in reached:
            reached.add(name)
            pending += [urldefrag(link).url for link in site[name].links]
    assert reached == set(site)


def test_every_link_leads_somewhere(site: dict[str, Page]) -> None:
    wrong = []
    for name, page in site.items():
        for link in page.links | page.loads:
            url, anchor = urldefrag(unquote(link))
            if "://" in url or url.startswith(("data:", "mailto:")):
                continue
            target = url or name
            if not (Site.folder / target).exists() or (
                anchor and target in site and anchor not in site[target].anchors
            ):
                wrong.append(f"{name}: {link}")
    assert wrong == []


def test_nothing_is_loaded_from_elsewhere(site: dict[str, Page]) -> None:
    assert [load for page in site.values() for load in page.loads if "://" in load] == []


def test_every_page_can_be_searched(site: dict[str, Page]) -> None:
    items = json.loads((Site.folder / "search.json").read_text())["items"]
    assert {urldefrag(item["location"]).url or "index.html" for item in items} >= set(site)


def test_there_is_a_dark_mode(site: dict[str, Page]) -> None:
    assert 'data-md-color-scheme="slate"' in (Site.folder / "index.html").read_text()


def test_examples_are_tabs(site: dict[str, Page]) -> None:
    bad_and_good = (ROOT / "docs/rules.md").read_text().count("\nBad:\n")
    rules = (Site.folder / "rules.html").read_text()
    assert rules.count(">Bad</label>") == rules.count(">Good</label>") == bad_and_good > 100
    assert ">overlays/production/overlay.yaml</label>" in (Site.folder / "overlays.html").read_text()
