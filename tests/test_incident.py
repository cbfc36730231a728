"""docs/incident.md: each command that it names runs in the state that its heading is about."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cases import ROOT, run
from tests.support.pages import blocks, shows
from tests.support.past import Repository
from tests.support.repository import git, init

PAGE = (ROOT / "docs/incident.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL))
CANARY = "  canary: {tag: 1.5.0, weight: 20}\n"
ELSEWHERE = ("kubectl", "argocd")  # they need a cluster: tests/engines runs one


def at_rest(repository: Repository) -> None:
    """Nothing in flight."""


def canary(repository: Repository) -> None:
    repository.verb("release", "web", "1.5.0", "--weight", "20")


def promoted(repository: Repository) -> None:
    canary(repository)
    repository.verb("promote", "web")


def edited(repository: Repository) -> None:
    path = repository.folder / "apps/web.yaml"
    path.write_text(path.read_text().replace("LOG: info", "LOG: broken"))
    assert repository.run("render").code == 0
    repository.commit("break it")


def paused(repository: Repository) -> None:
    repository.verb("pause", "web")


# Heading -> the state before each of its blocks.
STATES: dict[str, list[Callable[[Repository], None]]] = {
    "Look first": [canary],
    "A release is bad": [canary, canary, promoted],
    "A configuration is bad": [edited],
    "The controller has aborted": [canary, canary],
    "The cluster is behind Git": [canary, at_rest, at_rest, paused],
    "Git is behind the cluster": [canary],
    "Afterwards": [promoted],
}
CASES = [
    pytest.param(heading, number, id=f"{heading}-{number}")
    for heading, states in STATES.items()
    for number in range(len(states))
]


def test_every_heading_and_block_is_played() -> None:
    assert {heading: len(blocks(text, "console")) for heading, text in SECTIONS.items()} == {
        heading: len(states) for heading, states in STATES.items()
    }


@pytest.mark.parametrize(("heading", "number"), CASES)
def test_the_commands_of_a_heading_run(heading: str, number: int, tmp_path: Path) -> None:
    repository = shop(tmp_path)
    STATES[heading][number](repository)
    for step in re.split(r"^\$ ", blocks(SECTIONS[heading], "console")[number], flags=re.MULTILINE)[1:]:
        command, *shown = step.splitlines()
        program, *words = shlex.split(command)
        if program == "git":
            assert shows(shown, git(repository.folder, *words)) or not shown
        elif program == "rollspec":
            done = run(repository.folder, *words)
            assert done.code == 0, f"{command}: {done.err}"
            assert shows(shown, done.out), f"{command}\n{done.out}"
        else:
            assert program in ELSEWHERE
    assert repository.run("render", "--check").code == 0
    assert repository.git("status", "--porcelain") == ""


def shop(folder: Path) -> Repository:
    """The project of the page with a remote, rendered, committed and pushed."""
    made = Repository(folder / "repository")
    overlay = made.folder / "overlays/production/overlay.yaml"
    overlay.write_text(overlay.read_text().replace("namespace: production", "namespace: shop"))
    made.rendered()
    git(init(folder / "remote"), "config", "receive.denyCurrentBranch", "ignore")
    made.git("remote", "add", "origin", str(folder / "remote"))
    made.git("push", "--quiet", "--set-upstream", "origin", "main")
    return made
