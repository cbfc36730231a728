"""The pages of docs/ say what the program does: made parts are as they would be made now, and links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from renderer import __version__
from renderer.cli import COMMANDS
from tests import docs
from tests.engines import board, imports, ports, reloads
from tests.support.cases import ROOT

_LINK = re.compile(r"\[[^\]]+\]\(([^)#]+)(#[^)]*)?\)")
TEXTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("path", [*docs.PAGES, *docs.WITH_PARTS])
def test_it_is_as_it_would_be_made_now(path: str) -> None:
    assert (ROOT / path).read_text() == docs.made(path), "run `make docs`"


def test_every_part_is_on_a_page() -> None:
    text = "".join((ROOT / path).read_text() for path in (*docs.WITH_PARTS, *docs.PAGES))
    assert sorted(re.findall(r"<!-- made: ([a-z ]+) -->", text)) == sorted(docs.PARTS)


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.name)
def test_links_lead_somewhere(file: Path) -> None:
    for target, _ in _LINK.findall(file.read_text()):
        assert target.startswith("https://") or (file.parent / target).exists(), target


def test_the_index_names_every_page() -> None:
    text = (ROOT / "docs/README.md").read_text()
    named = {target for target, _ in _LINK.findall(text)}
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - named == {"README.md"}


def test_it_is_installed_from_where_it_is() -> None:
    """In no package index: whoever took the name there would run in the reader's CI."""
    pages = [*TEXTS, *sorted(path for path in (ROOT / "docs/examples").rglob("*") if path.is_file())]
    installs = re.compile(r"pipx? (?:install|run) (?:--quiet )?([^\s`]+)")
    sources = {found for page in pages for found in installs.findall(page.read_text())}
    address = f"git+https://git.example.com/rollspec@v{__version__}"
    assert sources == {".", f'"{address}"', '"$ROLLSPEC_INSTALL"'}
    component = (ROOT / "docs/examples/gitlab-component/templates/rollspec.yml").read_text()
    assert f"      default: {address}\n" in component


def test_every_command_is_in_the_reference() -> None:
    text = (ROOT / "docs/cli.md").read_text()
    assert [name for name in COMMANDS if f"### rollspec {name}\n" not in text] == []


def test_the_scenarios_that_engines_names_exist() -> None:
    names = [path.stem for path in (ROOT / "fixtures/scenarios").glob("*.yaml")]
    names += [name for played in (board, imports, ports, reloads) for name in played.NAMES]
    wanted = re.findall(r"`(?:make e2e )?K=(?!name|stale)([a-z0-9-]+)`", (ROOT / "docs/engines.md").read_text())
    assert len(wanted) > 20
    assert [name for name in wanted if not any(name in scenario for scenario in names)] == []
