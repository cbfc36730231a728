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


def test_a_source_without_objects_says_what_it_has_instead(folder: Path) -> None:
    (folder / "values.yaml").write_text("replicas: 2\n")
    outcome = run(folder, "import", "values.yaml")
    assert outcome.code == 1
    assert outcome.err.splitlines() == [
        "rollspec: left out: a document of values.yaml: not a Kubernetes object: it has no `apiVersion` and `kind`",
        "rollspec: the source has no Kubernetes object",
    ]


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
            "a value of it looks like a secret, and is not a variable of the environment: "
            "/spec/template/spec/containers/0/args/0: it may hold a secret, so",
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


def test_an_error_in_plain_manifests_or_across_apps_is_said_by_the_import_too(folder: Path) -> None:
    """Or the import would end well, and `render` would refuse what it wrote."""
    (folder / "web.yaml").write_text(DEPLOYMENT.replace(":1.0.0", ":${TAG}"))
    outcome = run(folder, "import", "web.yaml")
    assert (outcome.code, "image-reference" in outcome.err) == (1, True), outcome.err
    assert "image-reference" in run(folder, "render").err


def test_selectors_that_find_pods_of_another_app_are_allowed_because_they_run_like_that(folder: Path) -> None:
    canary = DEPLOYMENT.replace("name: web}", "name: web-canary}").replace("{app: web}", "{app: web, role: canary}")
    data = canary.replace("web-canary", "data").replace("kind: Deployment", "kind: StatefulSet")
    data = data.replace("role: canary", "role: data").replace("  replicas", "  serviceName: data\n  replicas")
    (folder / "web.yaml").write_text(f"{DEPLOYMENT}---\n{canary}---\n{data}")
    outcome = run(folder, "import", "web.yaml")
    assert outcome.code == 0, outcome.err
    assert "a selector finds pods of web and of others: `overlappingSelectors` allows it" in outcome.out
    assert "overlappingSelectors:\n    - web\n" in (folder / "overlays/production/overlay.yaml").read_text()
    assert run(folder, "render").code == 0


def test_plain_manifests_alone_are_rendered_again_and_again(folder: Path) -> None:
    (folder / "web.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    assert run(folder, "import", "web.yaml").code == 0
    for _ in range(2):
        outcome = run(folder, "render")
        assert outcome.code == 0, outcome.err
    (folder / "rendered/production/web").mkdir()
    (folder / "rendered/production/web/service.yaml").write_text("")
    outcome = run(folder, "render")
    assert (outcome.code, "rendered/production/web/ would be deleted" in outcome.err) == (1, True), outcome.err


SERVICE = """\
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
"""
SIDECAR = """\
        - name: gate
          image: quay.io/oauth2-proxy/oauth2-proxy:7.6.0
          ports: [{name: http, containerPort: 4180}]
"""


@pytest.mark.parametrize(
    ("old", "new", "image"),
    [
        ("        - name: web\n", f"{SIDECAR}        - name: web\n", "ghcr.io/acme/web"),  # by its name
        ("        - name: web\n", f"{SIDECAR}        - name: main\n", "ghcr.io/acme/web"),  # by the image's name
        (
            "        - name: web\n          image: ghcr.io/acme/web:",
            f"{SIDECAR}        - name: main\n          image: ghcr.io/acme/monolith:",
            "quay.io/oauth2-proxy/oauth2-proxy",  # by the Service
        ),
        (
            "    metadata: {labels: {app: web}}\n    spec:\n      containers:\n        - name: web\n",
            "    metadata:\n      labels: {app: web}\n"
            "      annotations: {kubectl.kubernetes.io/default-container: manager}\n"
            f"    spec:\n      containers:\n{SIDECAR}        - name: manager\n",
            "ghcr.io/acme/web",
        ),
    ],
)
def test_of_several_containers_the_one_whose_image_a_release_changes_is_named(
    folder: Path, old: str, new: str, image: str
) -> None:
    (folder / "web.yaml").write_text(DEPLOYMENT.replace(old, new) + SERVICE)
    outcome = run(folder, "import", "web.yaml")
    assert outcome.code == 0, outcome.err
    spec = (folder / "apps/web.yaml").read_text()
    assert f"  image: {image}\n" in spec
    assert ("is the app's, whose image a release changes" in outcome.out) is ("containerName" in spec)
    assert run(folder, "render").code == 0


def test_a_source_without_namespaces_says_where_its_objects_go(folder: Path) -> None:
    words = "no object of the source names a namespace, so all of them go into `production`"
    assert words in run(folder, "import", "web.yaml", "--dry-run").out
    (folder / "web.yaml").write_text(DEPLOYMENT.replace("{name: web}", "{name: web, namespace: shop}"))
    assert words not in run(folder, "import", "web.yaml", "--dry-run").out


@pytest.mark.parametrize(
    ("scale_down", "replicas", "is_said"),
    [("onsuccess", 2, True), ("progressively", 2, True), ("never", 2, False), ("onsuccess", 0, False)],
)
def test_the_replicas_of_a_deployment_that_nothing_scales_down_any_more_are_named(
    folder: Path, scale_down: str, replicas: int, is_said: bool
) -> None:
    rollout = f"""\
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: web}}
spec:
  replicas: 2
  workloadRef: {{apiVersion: apps/v1, kind: Deployment, name: web, scaleDown: {scale_down}}}
  strategy: {{canary: {{}}}}
"""
    (folder / "web.yaml").write_text(DEPLOYMENT.replace("replicas: 2", f"replicas: {replicas}") + rollout)
    outcome = run(folder, "import", "web.yaml")
    assert outcome.code == 0, outcome.err
    assert ("write `replicas: 0` into its file before a sync" in outcome.out) is is_said


@pytest.mark.parametrize(
    "text",
    [
        DEPLOYMENT.replace("replicas: 2", "replicas: {{ .Values.replicas }}"),
        DEPLOYMENT.replace("  replicas: 2", "  {{- with .Values.replicas }}\n  replicas: 2\n  {{- end }}"),
        DEPLOYMENT.replace("  replicas: 2", "{% if replicas %}\n  replicas: 2\n{% endif %}"),
    ],
)
def test_a_template_that_nobody_has_rendered_is_called_one(folder: Path, text: str) -> None:
    (folder / "web.yaml").write_text(text)
    outcome = run(folder, "import", "web.yaml")
    assert (outcome.code, outcome.err.count("yaml-")) == (1, 1), outcome.err
    assert "yaml-template: a template begins here: import what it renders" in outcome.err


def test_braces_in_a_text_are_no_template(folder: Path) -> None:
    text = DEPLOYMENT + "          args: ['{{ .Value }}'] # {{\n          args: []\n"
    (folder / "web.yaml").write_text(text)
    assert "yaml-duplicate-key" in run(folder, "import", "web.yaml").err


def test_a_hook_that_the_server_names_and_a_release_of_another_tool_are_said(folder: Path) -> None:
    job = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: seed-}\nspec: {}\n"
    chart = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: podinfo}\nspec: {interval: 5m}\n"
    )
    (folder / "more.yaml").write_text(f"{job}---\n{chart}")
    outcome = run(folder, "import", "web.yaml", "more.yaml")
    assert "left out: Job seed-: it has `generateName` instead of a name" in outcome.err
    assert "HelmRelease podinfo: the workloads that another tool makes from it are not in the source" in outcome.out


def test_the_sync_options_of_a_workload_are_kept_once_and_what_argo_cd_wrote_is_not(folder: Path) -> None:
    notes = (
        "annotations: {argocd.argoproj.io/sync-options: Validate=false, "
        "argocd.argoproj.io/tracking-id: 'old:apps/Deployment:shop/web'}"
    )
    (folder / "web.yaml").write_text(DEPLOYMENT.replace("{name: web}", f"{{name: web, {notes}}}"))
    assert run(folder, "import", "web.yaml").code == 0
    outcome = run(folder, "render")
    assert (outcome.code, outcome.err) == (0, "")
    text = (folder / "rendered/production/web/deployment.yaml").read_text()
    assert 'sync-options: "PruneLast=true,Validate=false"\n' in text
    assert "tracking-id" not in text


def test_a_hidden_folder_is_not_read_unless_it_is_the_source(folder: Path) -> None:
    for path in (".github/workflows/ci.yml", ".git/x.yaml"):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text("on: push\n")
    (folder / ".k8s").mkdir()
    (folder / "web.yaml").rename(folder / ".k8s/web.yaml")
    (folder / "more.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    outcome = run(folder, "import", ".", "--dry-run")
    assert outcome.code == 0, outcome.err
    lines = [line for line in outcome.err.splitlines() if "begins with a dot" in line]
    assert [line.split(": ")[2] for line in lines] == [".github", ".k8s"]
    assert "would create apps/web.yaml" in run(folder, "import", ".k8s", "--dry-run").out


def test_the_init_container_of_a_job_follows_the_release_too(folder: Path) -> None:
    """It ran the image of the app, and stayed at the tag of the import."""
    containers = "containers: [{name: c, image: 'ghcr.io/acme/web:1.0.0'}]"
    first = containers.replace("containers: [{name: c", "initContainers: [{name: wait")
    job = f"""\
---
apiVersion: batch/v1
kind: CronJob
metadata: {{name: web-report}}
spec:
  schedule: "0 0 * * *"
  jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, {first}, {containers}}}}}}}}}
"""
    (folder / "web.yaml").write_text(DEPLOYMENT + job)
    outcome = run(folder, "import", "web.yaml")
    assert "2 identical" in outcome.out, outcome.out
    spec = folder / "apps/web.yaml"
    assert spec.read_text().count("ghcr.io/acme/web") == 1
    spec.write_text(spec.read_text().replace("1.0.0", "1.1.0"))
    assert run(folder, "render").code == 0
    assert (folder / "rendered/production/web/cron-job-report.yaml").read_text().count("web:1.1.0") == 2
