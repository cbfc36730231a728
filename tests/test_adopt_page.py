"""docs/adopt.md says what is: its import writes the spec that it shows, which renders what runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from renderer.usecases.fmt import field_order
from tests.support.cases import ROOT, Outcome, run
from tests.support.pages import blocks, named_files, without_header
from tests.support.repository import IDENTITY, init, save

PAGE = (ROOT / "docs/adopt.md").read_text()
FILES = named_files(PAGE)
COMMANDS = [line.removeprefix("$ rollspec ") for block in blocks(PAGE, "console") for line in block.splitlines()]


def imported(folder: Path) -> tuple[Path, Outcome]:
    root = init(folder / "project")
    for path, text in FILES.items():
        if path.startswith("running/"):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text.partition("\n")[2])
    return root, run(root, *shlex.split(COMMANDS[0]))


def data(text: str) -> Any:
    found = yaml.safe_load(text)
    found["metadata"].pop("annotations", None)
    return found


def rendered(root: Path, file: str) -> Any:
    return data(without_header((root / "rendered/production/web" / file).read_text()))


def test_the_import_writes_what_is_shown(tmp_path: Path) -> None:
    root, outcome = imported(tmp_path)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == blocks(PAGE, "text")[0]
    assert (root / "apps/web.yaml").read_text() == FILES["apps/web.yaml"].partition("\n")[2]


def test_the_commands_run_and_what_is_rendered_is_what_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    root, _ = imported(tmp_path)
    assert run(root, "render").err == ""
    service = rendered(root, "service.yaml")
    assert service == data(FILES["running/service.yaml"])
    deployment, running = rendered(root, "deployment.yaml"), data(FILES["running/deployment.yaml"])
    assert deployment["spec"]["template"] == running["spec"]["template"]
    save(root)
    looked, switched = [run(root, *shlex.split(command.partition(" | ")[0])) for command in COMMANDS[1:]]
    assert [each["kind"] for each in yaml.safe_load_all(looked.out)] == ["Deployment", "Service"]
    assert (switched.code, switched.err) == (0, "")
    assert rendered(root, "rollout.yaml")["spec"]["template"] == running["spec"]["template"]


def test_the_fields_are_fields_of_an_app() -> None:
    named = re.findall(r"^\| `([A-Za-z]+)` \|", PAGE, re.MULTILINE)
    fields = [name for name in named if name not in ("identical", "rolls", "lost", "withheld")]
    assert len(fields) >= 9
    assert set(fields) <= set(field_order("App")["/spec"])
