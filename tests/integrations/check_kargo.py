"""docs/bots.md on Kargo: what its promotion steps do to specs, by the functions that the steps call."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integrations.check_renovate import SAMPLE
from tests.support.cases import run
from tests.support.repository import git, init
from tests.tools import go

KARGO = "v1.11.2"
PARTIAL = "overlays/production/apps/checkout.yaml"


@pytest.fixture(scope="session")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program `yaml-merge FILE PATCH` and `yaml-update FILE KEY VALUE`."""
    folder = tmp_path_factory.mktemp("kargo")
    shutil.copy(Path(__file__).with_name("kargo") / "main.go", folder)
    (folder / "go.mod").write_text(f"module kargo\n\ngo 1.26.0\n\nrequire github.com/akuity/kargo {KARGO}\n")
    command = [str(go.go((1, 26, 0))), "build", "-o", "kargo", "."]
    subprocess.run(command, cwd=folder, env=go.environment(GOFLAGS="-mod=mod"), check=True, capture_output=True)
    return folder / "kargo"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = init(tmp_path / "project")
    shutil.copytree(SAMPLE, folder, dirs_exist_ok=True)
    (folder / PARTIAL).write_text("".join((SAMPLE / PARTIAL).read_text().partition("  canary:")[:1]))
    assert run(folder, "render").code == 0
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "begin")
    return folder


def test_a_merge_of_a_canary_starts_a_release(steps: Path, project: Path) -> None:
    patch = project.parent / "canary.yaml"
    patch.write_text("spec:\n  canary:\n    tag: 1.4.2\n    weight: 20\n")
    subprocess.run([steps, "yaml-merge", project / PARTIAL, patch], check=True)
    assert git(project, "diff", "--unified=0", "--", PARTIAL).splitlines()[-3:] == [
        "+  canary:",
        "+    tag: 1.4.2",
        "+    weight: 20",
    ]
    git(project, "commit", "--quiet", "--all", "--message", "promote checkout")
    assert run(project, "validate", "--base", "HEAD~1").code == 0
    plan = run(project, "plan", "--base", "HEAD~1")
    assert "canary-start" in plan.out


def test_an_update_of_a_tag_keeps_the_rest_of_a_block(steps: Path, project: Path) -> None:
    before = (project / PARTIAL).read_text()
    subprocess.run([steps, "yaml-update", project / PARTIAL, "spec.tag", "1.50"], check=True)
    after = (project / PARTIAL).read_text()
    assert after.rstrip("\n") == before.replace("1.4.1", '"1.50"').rstrip("\n")


def test_an_update_cuts_a_flow_mapping_and_a_comment(steps: Path, tmp_path: Path) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text("spec:\n  tag: 1.4.2 # stable\n  canary: {tag: 1.5.0, weight: 20}\n")
    subprocess.run([steps, "yaml-update", file, "spec.tag", "1.4.3"], check=True)
    subprocess.run([steps, "yaml-update", file, "spec.canary.tag", "1.6.0"], check=True)
    assert file.read_text().splitlines() == ["spec:", "  tag: 1.4.3", "  canary: {tag: 1.6.0"]


def test_an_update_adds_no_key(steps: Path, project: Path) -> None:
    done = subprocess.run([steps, "yaml-update", project / PARTIAL, "spec.canary.tag", "1.6.0"], capture_output=True)
    assert done.returncode != 0
    assert b"key path not found" in done.stderr
