"""Charts that Helm renders, imported: nothing is lost, and no pod restarts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integrations.programs import helm
from tests.support.cases import Outcome, run

# What `helm create` does, and what `helm template` prints.
CREATE = "import sys, helm_python; helm_python.Chart.create('shop', sys.argv[1]).close()"
TEMPLATE = """
import json, sys, helm_python
with helm_python.Chart.load(sys.argv[1]) as chart:
    for name, text in chart.render(json.loads(sys.argv[2]), name='shop', namespace='shop').items():
        if name.endswith('.yaml') and text.strip():
            print(f'---\\n# Source: {name}\\n{text.strip()}')
"""
# Added to the chart that `helm create` writes: what many charts have besides.
MORE = {
    "templates/config.yaml": """\
{{/* the checksum below restarts the pods with the configuration */}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "shop.fullname" . }}-config
  labels: {{- include "shop.labels" . | nindent 4 }}
data:
  currency: {{ .Values.currency | default "EUR" }}
""",
    "templates/migrate.yaml": """\
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "shop.fullname" . }}-migrate
  annotations:
    helm.sh/hook: pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: migrate
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          args: [migrate]
""",
    "templates/worker.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "shop.fullname" . }}-worker
  labels: {{- include "shop.labels" . | nindent 4 }}
spec:
  selector:
    matchLabels: &labels
      app: {{ include "shop.fullname" . }}-worker
  template:
    metadata:
      labels: *labels
      annotations:
        checksum/config: {{ include (print $.Template.BasePath "/config.yaml") . | sha256sum }}
    spec:
      containers:
        - name: worker
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          args: [work]
          envFrom: [{configMapRef: {name: {{ include "shop.fullname" . }}-config}}]
""",
}
VALUES = {
    "as it comes": {},
    "with all that it has": {
        "autoscaling": {"enabled": True, "targetMemoryUtilizationPercentage": 80},
        "ingress": {"enabled": True},
        "service": {"type": "NodePort", "port": 80},
        "podAnnotations": {"a": "b"},
        "podLabels": {"team": "shop"},
        "nodeSelector": {"disk": "ssd"},
        "resources": {"limits": {"memory": "128Mi"}, "requests": {"memory": "128Mi", "cpu": "100m"}},
        "securityContext": {"runAsNonRoot": True},
        "volumes": [{"name": "tmp", "emptyDir": {}}],
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
        "image": {"tag": "1.4.2", "pullPolicy": "Always"},
    },
    "without a service account": {"serviceAccount": {"create": False}, "replicaCount": 3, "service": {"port": 8080}},
}


@pytest.fixture(scope="session")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("helm")
    helm_runs(CREATE, folder)
    for name, text in MORE.items():
        (folder / "shop" / name).write_text(text)
    return folder / "shop"


def helm_runs(script: str, *arguments: object) -> bytes:
    """What a script that uses Helm prints."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, env={"PYTHONPATH": str(helm())}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def rendered(chart: Path, **values: object) -> bytes:
    """The chart's manifests with these values."""
    return helm_runs(TEMPLATE, chart, json.dumps(values))


def imported(folder: Path, *arguments: str) -> Outcome:
    done = run(folder, "import", *arguments)
    assert done.code == 0, done.err
    assert "No pod restarts." in done.out
    assert "lost" not in done.out
    assert run(folder, "render").code == 0
    assert run(folder, "validate").code == 0
    return done


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_a_chart_becomes_apps(chart: Path, tmp_path: Path, values: dict[str, object]) -> None:
    (tmp_path / "shop.yaml").write_bytes(rendered(chart, **values))
    imported(tmp_path, "shop.yaml")
    specs = {path.stem: path.read_text() for path in (tmp_path / "apps").iterdir()}
    assert sorted(specs) == ["shop", "shop-worker"]
    assert not any("patches" in text or "# Source" in text for text in specs.values())


def test_values_of_two_environments_become_overlays(chart: Path, tmp_path: Path) -> None:
    (tmp_path / "dev.yaml").write_bytes(rendered(chart))
    (tmp_path / "production.yaml").write_bytes(rendered(chart, replicaCount=5, image={"tag": "1.4.2"}))
    imported(tmp_path, "--env=dev=dev.yaml", "--env=production=production.yaml")
    assert "replicas: 5" in (tmp_path / "overlays/production/apps/shop.yaml").read_text()


def test_the_second_import_merges_what_the_next_chart_changes(chart: Path, tmp_path: Path) -> None:
    source, spec = tmp_path / "shop.yaml", tmp_path / "apps/shop.yaml"
    source.write_bytes(rendered(chart, image={"tag": "1.4.2"}))
    imported(tmp_path, "shop.yaml", "--report", "report.json")
    spec.write_text(spec.read_text().replace("kind: App", "kind: App # ours"))
    source.write_bytes(rendered(chart, image={"tag": "1.4.3"}))
    done = run(tmp_path, "import", "shop.yaml", "--again", "report.json")
    assert done.code == 0, done.err
    assert "tag: 1.4.3" in spec.read_text()
    assert "# ours" in spec.read_text()
