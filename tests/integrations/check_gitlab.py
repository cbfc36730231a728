"""GitLab's files against GitLab's own schema of .gitlab-ci.yml, as check-jsonschema carries it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.integrations.programs import check_jsonschema
from tests.support.cases import ROOT

COMPONENT = ROOT / "docs/examples/gitlab-component/templates/rollspec.yml"


def check(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(path)]
    env = {**os.environ, "PYTHONPATH": str(check_jsonschema())}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("path", sorted((ROOT / "docs/examples").glob("gitlab-*.yaml")), ids=lambda path: path.name)
def test_examples(path: Path) -> None:
    done = check(path)
    assert done.returncode == 0, done.stdout


def test_the_component_as_gitlab_fills_it_in(tmp_path: Path) -> None:
    header, job = COMPONENT.read_text().split("\n---\n")
    inputs = yaml.safe_load(header)["spec"]["inputs"]
    filled = re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda found: f'"{inputs[found[1]]["default"]}"', job)
    (tmp_path / "rollspec.yml").write_text(filled)
    done = check(tmp_path / "rollspec.yml")
    assert done.returncode == 0, done.stdout


def test_a_wrong_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "rollspec.yml").write_text("rollspec: {script: 5}\n")
    assert check(tmp_path / "rollspec.yml").returncode == 1
