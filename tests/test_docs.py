"""The pages of docs/ say what the program does: made parts are as they would be made now, and links lead somewhere."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from click import Context, Group

from renderer import __version__
from renderer.cli import COMMANDS, cli
from tests import docs
from tests.engines import board, imports, ports, reloads
from tests.support.cases import ROOT

_LINK = re.compile(r"\[[^\]]+\]\(([^)#]*)(?:#([^)]*))?\)")
TEXTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINKING = [*TEXTS, *(ROOT / f"{name}.md" for name in ("README.zh-CN", "CHANGELOG", "SECURITY"))]


@pytest.mark.parametrize("path", [*docs.PAGES, *docs.WITH_PARTS])
def test_it_is_as_it_would_be_made_now(path: str) -> None:
    assert (ROOT / path).read_text() == docs.made(path), "run `make docs`"


def test_every_part_is_on_a_page() -> None:
    text = "".join((ROOT / path).read_text() for path in (*docs.WITH_PARTS, *docs.PAGES))
    assert sorted(re.findall(r"<!-- made: ([a-z ]+) -->", text)) == sorted(docs.PARTS)


@pytest.mark.parametrize("file", LINKING, ids=lambda file: file.name)
def test_links_lead_somewhere(file: Path) -> None:
    for target, heading in _LINK.findall(file.read_text()):
        if target.startswith("https://"):
            continue
        page = file.parent / target if target else file
        assert page.exists(), target
        assert not heading or heading in anchors(page), f"{target}#{heading}"


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub names them in an address."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    names = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-") for name in names}


def test_links_to_headings_are_seen() -> None:
    assert sum(bool(heading) for file in LINKING for _, heading in _LINK.findall(file.read_text())) > 30


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


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.name)
def test_a_command_has_the_options_that_a_page_gives_it(page: Path) -> None:
    text = page.read_text().replace("\\\n", " ")
    commands = re.findall(r"rollspec (?:-C \S+ )?([a-z][a-z-]*)([^`\n|#&;]*)", text)
    unknown = [
        (name, option)
        for name, words in commands
        if name in COMMANDS
        for option in re.findall(r"(?<=\s)(--?[a-z][a-z-]*)", words)
        if option not in options(name)
    ]
    assert unknown == []


@cache
def options(name: str) -> set[str]:
    """The options of a command and of its subcommands."""
    command = cli.get_command(Context(cli), name)
    assert command
    every = [command, *(command.commands.values() if isinstance(command, Group) else ())]
    return {"--help", "-h"}.union(*(each.opts for one in every for each in one.params))


def test_every_command_is_in_the_reference() -> None:
    text = (ROOT / "docs/cli.md").read_text()
    assert [name for name in COMMANDS if f"### rollspec {name}\n" not in text] == []
    assert "#### rollspec analysis check\n" in text


def test_the_scenarios_that_engines_names_exist() -> None:
    names = [path.stem for path in (ROOT / "fixtures/scenarios").glob("*.yaml")]
    names += [name for played in (board, imports, ports, reloads) for name in played.NAMES]
    wanted = re.findall(r"`(?:make e2e )?K=(?!name|stale)([a-z0-9-]+)`", (ROOT / "docs/engines.md").read_text())
    assert len(wanted) > 20
    assert [name for name in wanted if not any(name in scenario for scenario in names)] == []
