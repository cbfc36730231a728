"""GitHub's files against actionlint: our workflows, the examples, and a workflow that uses our action."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integrations.programs import actionlint
from tests.support.cases import ROOT
from tests.support.pages import blocks

WORKFLOWS = [*(ROOT / ".github/workflows").glob("*.y*ml"), *(ROOT / "docs/examples").glob("github-*.yaml")]


def lint(path: Path, folder: Path) -> str:
    command = [str(actionlint()), "-shellcheck=", "-pyflakes=", str(path)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows(path: Path) -> None:
    assert lint(path, ROOT) == ""


def repository(folder: Path, workflow: str) -> Path:
    """A repository whose workflow uses our action as a local one, so that actionlint reads its inputs and outputs."""
    (folder / ".git").mkdir()
    (folder / ".github/workflows").mkdir(parents=True)
    shutil.copy(ROOT / "action.yml", folder)
    path = folder / ".github/workflows/plan.yaml"
    path.write_text(re.sub(r"uses: \S*rollspec@\S+", "uses: ./", workflow))
    return path


def test_the_action_and_the_workflow_that_the_docs_show(tmp_path: Path) -> None:
    page = (ROOT / "docs/pull-requests.md").read_text()
    (workflow,) = [text for text in blocks(page, "yaml") if "acme/rollspec@" in text]
    path = repository(tmp_path, workflow)
    assert "uses: ./" in path.read_text()
    assert lint(path, tmp_path) == ""


def test_an_input_that_the_action_lacks_is_found(tmp_path: Path) -> None:
    page = (ROOT / "docs/pull-requests.md").read_text()
    (workflow,) = [text for text in blocks(page, "yaml") if "acme/rollspec@" in text]
    path = repository(tmp_path, workflow.replace("fail-on:", "fail-at:"))
    assert 'input "fail-at" is not defined' in lint(path, tmp_path)
