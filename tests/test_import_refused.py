"""What `rollspec import` refuses, and what it leaves as it is: each with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cases import FIXTURES, run

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: ghcr.io/acme/web:1.0.0
"""
ROLLOUT = DEPLOYMENT.replace("apps/v1", "argoproj.io/v1alpha1").replace("Deployment", "Rollout")
PREVIEW = (FIXTURES / "import/preview-in-flight/source/live.yaml").read_text()
IN_FLIGHT = (FIXTURES / "import/canary-in-flight/source/live.yaml").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "web.yaml").write_text(DEPLOYMENT)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name what to import"),
        (["web.yaml", "--env=a=web.yaml"], "name the source of every environment"),
        (["--env=a=web.yaml", "--env=b"], "name the source of every environment"),
        (["web.yaml", "--env=a", "--env=b"], "several environments need a source each"),
        (["web.yaml", "--env=Prod_1"], "`Prod_1` is not a valid name for the environment"),
        (["--env=../up=web.yaml"], "`../up` is not a valid name for the environment"),
        (["empty.yaml"], "the source has no Kubernetes object"),
        (["missing.yaml"], "missing.yaml: No such file or directory"),
        (["web.yaml", "--again=missing.json"], "missing.json: No such file or directory"),
        (["web.yaml", "other.yaml"], "Deployment web is also in web.yaml, and differs there"),
        (["kustomized"], "kustomized has a kustomization: install kubectl or kustomize"),
    ],
)
def test_a_source_that_cannot_be_read_is_refused_with_a_reason(
    words: list[str], message: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "other.yaml").write_text(DEPLOYMENT.replace("replicas: 2", "replicas: 3"))
    (folder / "empty.yaml").write_text("# nothing yet\n")
    (folder / "kustomized").mkdir()
    (folder / "kustomized/kustomization.yaml").write_text("resources: []\n")
    monkeypatch.setenv("PATH", str(folder))
    outcome = run(folder, "import", *words)
    assert (outcome.code > 0, message in outcome.err) == (True, True), outcome.err
    assert not (folder / "overlays").exists()


def test_a_project_with_problems_is_not_imported_into(folder: Path) -> None:
    (folder / "rollspec.yaml").write_text("apiVersion: rollspec/v1\nkind: Project\nspec: {app: services}\n")
    outcome = run(folder, "import", "web.yaml")
    assert (outcome.code, "rollspec.yaml:3:8: unknown-field" in outcome.err) == (1, True)
    assert not (folder / "overlays").exists()


def test_objects_come_from_stdin(folder: Path) -> None:
    outcome = run(folder, "import", "-", stdin=DEPLOYMENT)
    assert (outcome.code, "created apps/web.yaml" in outcome.out) == (0, True)


def test_a_release_of_an_image_without_a_tag_is_read(folder: Path) -> None:
    (folder / "web.yaml").write_text(IN_FLIGHT.replace("search:2.4.0", "search"))
    assert run(folder, "import", "web.yaml").code == 0
    spec = (folder / "apps/search.yaml").read_text()
    assert ("tag: 2.3.1\n" in spec, "tag: latest\n" in spec, "omitTag: true\n" in spec) == (True, True, True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            DEPLOYMENT.replace("ghcr.io/", "${REGISTRY}/"),
            "`${REGISTRY}/acme/web:1.0.0` is not an image with a tag or a digest",
        ),
        (
            DEPLOYMENT + "          env: [{name: LEVEL, value: debug}, {name: LEVEL, value: info}]\n",
            "the environment variable LEVEL is given twice",
        ),
        (
            ROLLOUT + "  strategy: {canary: {trafficRouting: {istio: {virtualServices: [{name: web}]}}}}\n",
            "its Rollout edits several VirtualServices",
        ),
        (ROLLOUT + "  strategy: {}\n", "its Rollout has neither `canary` nor `blueGreen`"),
        (
            DEPLOYMENT + "          args: [--password=Wq7xT9pLmZ2kR4vN]\n",
            "a value of it looks like a secret, and is not a variable of the environment: it may hold a secret, so",
        ),
        (
            IN_FLIGHT.replace("search:2.3.1", "search:2.3.1\n              args: [--password=Wq7xT9pLmZ2kR4vN]"),
            "a value of its stable version looks like a secret, and is not a variable of the environment",
        ),
        (
            IN_FLIGHT.replace("search:2.3.1", "search:2.4.0"),
            "a release of it is in flight, and both of its versions are `2.4.0`: import it later",
        ),
        (
            PREVIEW.replace("autoPromotionEnabled: false", "autoPromotionEnabled: true"),
            "a release of it is in flight that rollspec would drive in another way: import it later",
        ),
    ],
)
def test_a_workload_that_no_app_can_render_is_not_turned_into_one(folder: Path, text: str, reason: str) -> None:
    (folder / "web.yaml").write_text(text)
    outcome = run(folder, "import", "web.yaml")
    assert f"is not lifted: {reason}" in outcome.out
    assert not (folder / "apps").exists()
