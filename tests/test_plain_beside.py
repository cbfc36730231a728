"""Plain manifests beside an app: what is said of the app's own objects is not said of theirs."""

from __future__ import annotations

from pathlib import Path

from tests.support.cases import run
from tests.support.past import Repository

HOOK = "argocd.argoproj.io/hook: PreSync"
SERVICE = f"""\
apiVersion: v1
kind: Service
metadata: {{name: probe, annotations: {{{HOOK}}}}}
spec: {{selector: {{app: web}}, ports: [{{name: http, port: 80}}]}}
"""


def said(tmp_path: Path, text: str) -> str:
    """What `validate` says of the app with these plain manifests."""
    repository = Repository(tmp_path / "project")
    repository.partial("  extraResources: [../plain.yaml]\n  strategy: {type: RollingUpdate, router: null}\n")
    repository.write("overlays/production/plain.yaml", text)
    return run(repository.folder, "validate").err


def test_a_service_that_is_a_hook_is_meant_to_go(tmp_path: Path) -> None:
    assert "sync-replace" not in said(tmp_path, SERVICE)


def test_the_service_of_the_app_is_not(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.partial(f"  service: {{annotations: {{{HOOK}}}}}\n")
    assert "sync-replace: as a hook (PreSync) Argo CD deletes it" in run(repository.folder, "validate").err
