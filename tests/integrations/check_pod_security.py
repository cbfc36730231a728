"""The rule of the Pod Security Standards against the cases that Kubernetes publishes for its own admission plugin."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from renderer.manifest import Manifest
from renderer.rules import Scene
from renderer.rules.pod_security import pod_security
from tests.tools import go

MODULE = "k8s.io/pod-security-admission@v0.37.1"
VERSIONS = ((1, 34), (1, 35), (1, 36), (1, 37))


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `testdata` of the module, from Go's own cache."""
    folder = tmp_path_factory.mktemp("module")
    (folder / "go.mod").write_text("module cases\n")
    command = [str(go.go()), "mod", "download", "-json", MODULE]
    done = subprocess.run(
        command, cwd=folder, env=go.environment(GOFLAGS="-mod=mod"), check=True, capture_output=True, text=True
    )
    return Path(json.loads(done.stdout)["Dir"]) / "test/testdata"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("level", ["baseline", "restricted"])
@pytest.mark.parametrize("verdict", ["pass", "fail"])
def test_the_rule_says_what_the_admission_plugin_says(
    version: tuple[int, int], level: str, verdict: str, cases: Path
) -> None:
    files = sorted((cases / level / f"v{version[0]}.{version[1]}" / verdict).glob("*.yaml"))
    assert len(files) > 10
    wrong = [file.name for file in files if bool(_findings(file, level, version)) != (verdict == "fail")]
    assert wrong == []


def _findings(file: Path, level: str, version: tuple[int, int]) -> list[str]:
    pod = Manifest("pod.yaml", yaml.safe_load(file.read_text()))
    scene = Scene((pod,), policy={"podSecurity": level}, kubernetes=version)
    return [finding.message for finding in pod_security(scene)]
