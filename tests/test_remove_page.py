"""docs/remove.md says what is: a project loses an app, and an environment, as it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cases import ROOT, run
from tests.support.pages import blocks, named_files, shows
from tests.support.repository import IDENTITY, init, save

PAGE = (ROOT / "docs/remove.md").read_text()
APP = """\
apiVersion: rollspec/v1
kind: App
metadata:
  name: NAME
spec:
  image: example.com/NAME
  tag: 1.4.2
  ports: [{name: http, port: 80}]
  readinessProbe: {tcpSocket: {port: http}}
"""
OVERLAY = "apiVersion: rollspec/v1\nkind: Overlay\nmetadata: {{name: {name}}}\nspec: {{namespace: {namespace}}}\n"
PROJECT = """\
apiVersion: rollspec/v1
kind: Project
spec:
  renderLevel: 1
  versions: {kubernetes: "1.34", argoRollouts: "1.10", istio: "1.31"}
  repository: {url: https://git.example.com/shop.git, revision: main}
  argocd: {kind: ApplicationSet}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two apps in two environments, committed."""
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    root = init(tmp_path / "project")
    texts = {"rollspec.yaml": PROJECT}
    texts |= {f"apps/{name}.yaml": APP.replace("NAME", name) for name in ("api", "web")}
    for name, namespace in (("production", "shop"), ("staging", "shop-staging")):
        texts[f"overlays/{name}/overlay.yaml"] = OVERLAY.format(name=name, namespace=namespace)
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    assert run(root, "render").err == ""
    save(root)
    return root


def test_an_app_goes(project: Path) -> None:
    (project / "apps/web.yaml").unlink()
    assert run(project, "render").err == ""
    assert sorted(path.name for path in (project / "rendered/production").iterdir()) == ["api"]
    (shown,) = blocks(PAGE, "text")
    assert shows(shown.splitlines(), run(project, "plan", "--base", "HEAD").out)
    assert run(project, "plan", "--base", "HEAD", "--fail-on", "disruptive").code == 1


def test_an_app_goes_in_one_environment(project: Path) -> None:
    for path, text in named_files(PAGE).items():
        (project / path).write_text(text)
    assert run(project, "render").err == ""
    assert not (project / "rendered/staging/web").exists()
    assert (project / "rendered/production/web").exists()


def test_an_app_under_another_name_is_another_app(project: Path) -> None:
    (project / "apps/shop-web.yaml").write_text(APP.replace("NAME", "shop-web"))
    assert run(project, "render").err == ""
    plan = run(project, "plan", "--base", "HEAD").out
    assert "production   create  shop-web" in plan
    assert " web " not in plan


def test_an_environment_goes(project: Path) -> None:
    (project / "overlays/staging/overlay.yaml").unlink()
    (project / "overlays/staging").rmdir()
    assert run(project, "render").err == ""
    assert sorted(path.name for path in (project / "rendered").iterdir()) == ["_argocd", "production"]
    assert [path.name for path in (project / "rendered/_argocd").iterdir()] == ["production.yaml"]


def test_an_environment_that_extends_one_that_is_gone_is_told(project: Path) -> None:
    overlay = project / "overlays/staging/overlay.yaml"
    overlay.write_text(overlay.read_text().replace("namespace:", "extends: production, namespace:"))
    assert run(project, "validate").err == ""
    (project / "overlays/production/overlay.yaml").unlink()
    assert "there is no overlay `production`" in run(project, "validate").err
