"""The README and the pages that it links to: their commands run, and their YAML is that of fixtures/ok/readme."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from renderer import pipeline
from renderer.cli import COMMANDS
from tests.support.cases import FIXTURES, ROOT, run
from tests.support.pages import blocks, shows, without_header
from tests.support.repository import IDENTITY, environment

README = (ROOT / "README.md").read_text()
ARGO_CD, EDITORS, PRE_COMMIT = ((ROOT / f"docs/{name}.md").read_text() for name in ("argo-cd", "editors", "pre-commit"))
CASE = FIXTURES / "ok" / "readme"


class Step(NamedTuple):
    """A command, and the lines that it is shown to print (`...` stands for any)."""

    command: str
    shown: list[str]


def steps() -> Iterator[Step]:
    for block in [*blocks(README, "console"), *blocks(EDITORS, "console")]:
        for text in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = text.splitlines()
            yield Step(command.partition("  #")[0].strip(), shown)


def test_every_command_runs_and_says_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, in one repository: what a newcomer would do, reading from top to bottom."""
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    for step in steps():
        said = play(tmp_path, step.command)
        assert shows(step.shown, said), f"{step.command}\n{said}"


def play(folder: Path, command: str) -> str:
    """What one command of the README prints."""
    words, _, target = command.partition(" > ")
    program, *arguments = shlex.split(words)
    if program == "make":  # the targets themselves are run by people and by CI: they would run these tests
        return _plain(ROOT, [program, "--dry-run", "--always-make", *arguments]) and ""
    if words == "python3 -m pip install .":  # tests/test_wheel.py does it
        return ""
    if program == "git":
        return _plain(folder, [program, *arguments])
    assert program == "rollspec", f"who runs `{command}`?"
    outcome = run(folder, *arguments)
    assert outcome.code == 0, f"{command}: {outcome.err}"
    if target:
        (folder / target).write_text(outcome.out)
        return ""
    return outcome.out + outcome.err


def _plain(folder: Path, command: list[str]) -> str:
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def test_yaml_is_that_of_the_fixture() -> None:
    named = [text for page in (README, ARGO_CD) for text in blocks(page, "yaml")]
    assert len(named) >= 5
    for text in named:
        first, *shown = text.splitlines()
        path = first.removeprefix("# ").replace("rendered/", "expected/")
        assert shows(shown, without_header((CASE / path).read_text())), first


def test_the_picture_shows_the_steps_of_the_pipeline() -> None:
    (line,) = [line for block in blocks(README, "text") for line in block.splitlines() if "evaluate ->" in line]
    assert pipeline.building.__doc__
    assert line.strip().split(" -> ") == pipeline.building.__doc__.strip().rstrip(".").partition(": ")[2].split(", ")
    rows = re.findall(r"^\| ([a-z ]+) \|", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE)
    assert rows[rows.index("read") + 1 : rows.index("write")] == line.strip().split(" -> ")


def test_the_problem_shown_is_one_that_is_found() -> None:
    (shown,) = [line for block in blocks(README, "text") for line in block.splitlines() if ".yaml:" in line]
    assert shown in (FIXTURES / "err/canary-weight-120/problems.txt").read_text().splitlines()


def test_hooks_and_settings_name_what_there_is() -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text()
    shown = [
        line.rpartition(" ")[2]
        for block in blocks(PRE_COMMIT, "yaml")
        for line in block.splitlines()
        if "- id:" in line
    ]
    assert [name for name in shown if f"- id: {name}\n" in hooks] == ["rollspec-validate", "rollspec-render"]
    (settings,) = blocks(EDITORS, "json")
    made = {f"./{step.command.partition(' > ')[2]}" for step in steps() if " > " in step.command}
    assert set(json.loads(settings)["yaml.schemas"]) == made


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_words_in_backticks_that_look_like_commands_are_commands(page: Path) -> None:
    text = page.read_text()
    assert [name for name in re.findall(r"`rollspec ([a-z][a-z-]*)", text) if name not in COMMANDS] == []
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    wanted = {word for words in re.findall(r"`make ([^`]+)`", text) for word in words.split() if "=" not in word}
    assert wanted - set(targets) == set()


def test_the_first_screen_shows_the_commands_a_spec_and_what_it_becomes() -> None:
    first = README.splitlines()[:80]
    for line in (
        "$ make demo",
        "$ python3 -m pip install",
        "# apps/checkout.yaml",
        "# rendered/production/checkout/rollout.yaml",
    ):
        assert [shown for shown in first if shown.startswith(line)], line


def test_python_is_the_one_of_the_package() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert f"Python {wanted.removeprefix('>=')} or newer" in README
