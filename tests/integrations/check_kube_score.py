"""The project that the README makes, judged by kube-score: nothing critical."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.integrations.programs import kube_score
from tests.support.cases import run

NEW = ["new", "checkout", "--image", "ghcr.io/acme/checkout", "--tag", "1.4.2", "--port", "http=80:8080"]


@pytest.mark.parametrize("strategy", [[], ["--strategy", "Canary", "--router", "istio"], ["--strategy", "BlueGreen"]])
def test_kube_score_finds_nothing_critical(strategy: list[str], tmp_path: Path) -> None:
    assert run(tmp_path, "init", "--app", "frontend", "--port", "8080").code == 0
    assert run(tmp_path, *NEW, *strategy).code == 0
    assert run(tmp_path, "render").code == 0
    command = [str(kube_score()), "score", "--output-format", "json", "-"]
    done = subprocess.run(command, input=_known(tmp_path / "rendered"), capture_output=True, text=True, check=False)
    objects = json.loads(done.stdout)
    assert len(objects) > 5
    assert [_critical(each) for each in objects if _critical(each)] == []


def _known(rendered: Path) -> str:
    """The manifests, with a Deployment for each Rollout: kube-score does not know that kind."""
    data = [yaml.safe_load(file.read_text()) for file in sorted(rendered.rglob("*.yaml"))]
    for each in data:
        if each["kind"] == "Rollout":
            each.update(apiVersion="apps/v1", kind="Deployment")
            each["spec"].pop("strategy")
    return yaml.safe_dump_all(data)


def _critical(scored: dict[str, object]) -> list[str]:
    checks = scored["checks"]
    assert isinstance(checks, list)
    failed = [each for each in checks if not each["skipped"] and each["grade"] == 1]
    return [f"{scored['object_name']}: {each['check']['name']}" for each in failed]
