"""Folders with a kustomization as sources: `kubectl kustomize` builds them, and what it builds is what is rendered."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cases import run
from tests.tools import kubectl

FILES = {
    "k8s/base/kustomization.yaml": """\
resources: [web.yaml]
configMapGenerator:
  - name: web
    literals: [currency=EUR]
""",
    "k8s/base/web.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry.example.com/web
          ports: [{name: http, containerPort: 8080}]
          envFrom: [{configMapRef: {name: web}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: http}]
""",
    "k8s/dev/kustomization.yaml": """\
namespace: shop-dev
resources: [../base]
images: [{name: registry.example.com/web, newTag: 1.5.0-rc.1}]
""",
    "k8s/production/kustomization.yaml": """\
namespace: shop
resources: [../base]
labels: [{pairs: {stage: production}}]
images: [{name: registry.example.com/web, newTag: 1.4.2}]
replicas: [{name: web, count: 3}]
configMapGenerator: [{name: web, behavior: merge, literals: [currency=CHF]}]
""",
}


def test_overlays_are_built_and_rendered_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(kubectl().parent), prepend=":")
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    words = [f"--env={env}=k8s/{env}" for env in ("dev", "production")]
    outcome = run(tmp_path, "import", *words)
    assert outcome.code == 0, outcome.err
    assert outcome.out.splitlines()[1:3] == [
        "dev          web  3 identical  none",
        "production   web  3 identical  none",
    ]
    shared, dev, production = (
        (tmp_path / path).read_text()
        for path in ("apps/web.yaml", "overlays/dev/apps/web.yaml", "overlays/production/apps/web.yaml")
    )
    assert "image: registry.example.com/web\n" in shared
    assert "tag: 1.5.0-rc.1" in dev
    assert ("tag: 1.4.2" in production, "replicas: 3" in production) == (True, True)
    assert run(tmp_path, "render").code == 0


def test_a_kustomization_that_does_not_build_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(kubectl().parent), prepend=":")
    (tmp_path / "k8s").mkdir()
    (tmp_path / "k8s/kustomization.yaml").write_text("resources: [missing.yaml]\n")
    outcome = run(tmp_path, "import", "k8s")
    assert (outcome.code, "cannot build k8s" in outcome.err, "k8s/missing.yaml" in outcome.err) == (1, True, True)
    assert str(tmp_path) not in outcome.err
    assert "command failed" not in outcome.err
    assert not (tmp_path / "rollspec.yaml").exists()
