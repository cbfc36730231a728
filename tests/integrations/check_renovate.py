"""docs/examples/renovate.json with the real Renovate: its dry run finds every image, and its edits become releases."""

from __future__ import annotations

import difflib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.programs import npm
from tests.support.cases import ROOT, run
from tests.support.repository import environment, git, init
from tests.tools.node import node

PRESET = ROOT / "docs/examples/renovate.json"
SAMPLE = Path(__file__).with_name("renovate")
WRITER = Path(__file__).with_name("renovate.mjs")
A, B = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
NEW_DIGEST = f"sha256:{'c' * 64}"
# By file: image, tag, digest. The canary of the overlay is left to releases.
EXPECTED = {
    ("apps/checkout.yaml", "ghcr.io/acme/checkout", "1.4.2", None),
    ("apps/checkout.yaml", "registry.example.com:5000/tools/exporter", "0.9.1", None),
    ("apps/orders.yaml", "ghcr.io/acme/orders", "2.10", None),
    ("apps/orders.yaml", "ghcr.io/acme/wait", "v7", B),
    ("apps/search.yaml", "ghcr.io/acme/search", "3.1.0", A),
    ("apps/worker.yaml", "ghcr.io/acme/worker", None, A),
    ("overlays/production/apps/checkout.yaml", "ghcr.io/acme/checkout", "1.4.1", None),
}


@pytest.fixture(scope="session")
def renovate() -> Path:
    return npm("renovate") / "renovate/dist"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The sample project with the preset, committed."""
    folder = init(tmp_path / "project")
    shutil.copytree(SAMPLE, folder, dirs_exist_ok=True)
    shutil.copy(PRESET, folder)
    assert run(folder, "render").code == 0
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "begin")
    return folder


def extracted(renovate: Path, project: Path) -> list[dict[str, Any]]:
    """What the dry run says of each dependency: as Renovate would hand it to its next step."""
    command = [str(node()), str(renovate / "renovate.js"), "--platform=local", "--dry-run=extract"]
    env = environment(LOG_FORMAT="json", LOG_LEVEL="debug", RENOVATE_CONFIG_FILE="", RENOVATE_X_IGNORE_RE2="true")
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=True, timeout=300)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [line["msg"] for line in lines if line["level"] >= 40] == []
    (files,) = [line["packageFiles"] for line in lines if "packageFiles" in line]
    found = []
    for manager, some in files.items():
        for file in some:
            shared = {key: value for key, value in file.items() if key != "deps"} | {"manager": manager}
            found += [{**shared, **dep, "depIndex": number} for number, dep in enumerate(file["deps"])]
    return found


def test_the_dry_run_finds_every_image_and_tag(renovate: Path, project: Path) -> None:
    found = extracted(renovate, project)
    assert all(each["datasource"] == "docker" for each in found)
    named = [(d["packageFile"], d["depName"], d.get("currentValue"), d.get("currentDigest")) for d in found]
    assert len(named) == len(set(named))
    assert set(named) == EXPECTED


def test_an_update_changes_the_version_and_nothing_else(renovate: Path, project: Path) -> None:
    for dependency in extracted(renovate, project):
        update = {"newValue": "9.0.1"} if dependency.get("currentValue") else {}
        update |= {"newDigest": NEW_DIGEST} if dependency.get("currentDigest") else {}
        file = project / dependency["packageFile"]
        before = file.read_text()
        upgrade = json.dumps({**dependency, **update})
        subprocess.run([node(), WRITER, renovate, upgrade], cwd=project, check=True, capture_output=True, timeout=60)
        after = file.read_text()
        expected = before.splitlines()
        (changed,) = [number for number, line in enumerate(after.splitlines()) if line != expected[number]]
        for old, new in (("currentValue", "newValue"), ("currentDigest", "newDigest")):
            if new in update:
                expected[changed] = expected[changed].replace(dependency[old], update[new])
        assert after.splitlines() == expected, "\n".join(difflib.unified_diff(expected, after.splitlines()))
        file.write_text(before)


def test_its_edits_become_releases(renovate: Path, project: Path) -> None:
    (orders,) = [each for each in extracted(renovate, project) if each["depName"] == "ghcr.io/acme/orders"]
    upgrade = json.dumps({**orders, "newValue": "2.11"})
    subprocess.run([node(), WRITER, renovate, upgrade], cwd=project, check=True, capture_output=True, timeout=60)
    git(project, "commit", "--quiet", "--all", "--message", "Update ghcr.io/acme/orders to 2.11")
    done = run(project, "release", "--from-edits", "--base", "HEAD~1", "--commit")
    assert done.code == 0, done.err
    partial = (project / "overlays/production/apps/orders.yaml").read_text()
    assert 'tag: "2.10"\n' in partial
    assert 'preview:\n    tag: "2.11"\n' in partial
