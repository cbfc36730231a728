"""docs/import.md says what is: its commands, in their order, print what it shows, from a folder of YAML to a canary."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.support.cases import ROOT, run
from tests.support.pages import blocks, named_files, shows
from tests.support.repository import IDENTITY, git, init

PAGE = (ROOT / "docs/import.md").read_text()


def _commands() -> list[tuple[str, list[str]]]:
    """Each command of the page, and the lines that it prints."""
    found: list[tuple[str, list[str]]] = []
    for line in "\n".join(blocks(PAGE, "console")).splitlines():
        if line.startswith("$ "):
            found.append((line.removeprefix("$ "), []))
        elif line or found[-1][1]:
            found[-1][1].append(line)
    return [(command, lines if any(lines) else []) for command, lines in found]


def test_the_commands_lead_from_yaml_to_a_canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    folder = init(tmp_path / "project")
    for path, text in named_files(PAGE).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text.partition("\n")[2])
    for command, lines in _commands():
        program, *words = shlex.split(command)
        if program == "git":
            git(folder, *words)
            continue
        outcome = run(folder, *words)
        assert outcome.code == 0, (command, outcome.err)
        while lines and not lines[-1]:
            lines.pop()
        assert shows(lines, outcome.out), (command, outcome.out)
    deployment = folder / "rendered/production/shop/deployment.yaml"
    assert not deployment.exists()
    assert "version: 1.4.2" not in (folder / "apps/shop.yaml").read_text()
