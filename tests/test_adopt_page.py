"""docs/adopt.md says what is: what its spec changes of what runs is what it shows, and its patches leave nothing."""

from __future__ import annotations

import difflib
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from renderer.usecases.fmt import field_order
from tests.support.cases import ROOT, lay_out, run
from tests.support.pages import blocks, named_files, without_header
from tests.support.repository import IDENTITY, init, save

PAGE = (ROOT / "docs/adopt.md").read_text()
FILES = named_files(PAGE)
PATCHED = "overlays/production/apps/web.yaml"


def project(folder: Path, *paths: str) -> Path:
    for path in paths:
        (folder / "case" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "case" / path).write_text(FILES[path])
    root = lay_out(folder / "case", init(folder / "project"))
    (root / "overlays/production").mkdir(parents=True, exist_ok=True)
    (root / "overlays/production/overlay.yaml").write_text(
        "apiVersion: rollspec/v1\nkind: Overlay\nmetadata: {name: production}\nspec: {namespace: shop}\n"
    )
    assert run(root, "render").err == ""
    return root


def data(text: str) -> Any:
    found = yaml.safe_load(text)
    found["metadata"].pop("labels", None)
    found["metadata"].pop("annotations", None)
    return found


def rendered(root: Path, file: str) -> str:
    return without_header((root / "rendered/production/web" / file).read_text())


def test_what_changes_is_what_is_shown(tmp_path: Path) -> None:
    before = "".join(f"{line}\n" for line in FILES["running/deployment.yaml"].splitlines()[1:])
    after = rendered(project(tmp_path, "apps/web.yaml"), "deployment.yaml")
    changes = difflib.unified_diff(before.splitlines(), after.splitlines(), n=99, lineterm="")
    lines = [line for line in changes if not line.startswith(("---", "+++", "@@"))]
    (shown,) = blocks(PAGE, "diff")
    at = 0
    for part in shown.split("...\n"):
        wanted = part.splitlines()
        at = next(n for n in range(at, len(lines)) if lines[n : n + len(wanted)] == wanted) + len(wanted)
    changed = [line for line in lines if not line.startswith(" ")]
    assert changed == [line for line in shown.splitlines() if line.startswith(("+", "-"))]


def test_the_service_finds_its_port_by_name(tmp_path: Path) -> None:
    service = data(rendered(project(tmp_path, "apps/web.yaml"), "service.yaml"))
    service["spec"]["ports"][0]["targetPort"] = 8080
    assert service == data(FILES["running/service.yaml"])


def test_with_the_patches_what_is_rendered_is_what_runs(tmp_path: Path) -> None:
    root = project(tmp_path, "apps/web.yaml", PATCHED)
    for file in ("deployment.yaml", "service.yaml"):
        assert data(rendered(root, file)) == data(FILES[f"running/{file}"])


def test_the_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    root = project(tmp_path, "apps/web.yaml", PATCHED)
    save(root)
    commands = [line.removeprefix("$ rollspec ") for block in blocks(PAGE, "console") for line in block.splitlines()]
    looked, switched = [run(root, *shlex.split(command.partition(" | ")[0])) for command in commands]
    assert [each["kind"] for each in yaml.safe_load_all(looked.out)] == ["Deployment", "Service"]
    assert (switched.code, switched.err) == (0, "")
    deployment, rollout = (data(rendered(root, f"{file}.yaml")) for file in ("deployment", "rollout"))
    assert deployment["spec"]["template"] == rollout["spec"]["template"]


def test_the_fields_are_fields_of_an_app() -> None:
    named = re.findall(r"^\| `([A-Za-z]+)` \|", PAGE, re.MULTILINE)
    assert len(named) >= 9
    assert set(named) <= set(field_order("App")["/spec"])
