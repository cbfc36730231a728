"""`rollspec import`: what comes out of every case, and that it renders what went in."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from renderer.importing.project import imported
from renderer.usecases import importing
from tests.support import import_cases
from tests.support.cases import FIXTURES, run, snapshot

ODD = ("what-no-app-holds", "patched")  # objects that were chosen because no field holds them

cases = pytest.mark.parametrize("name", import_cases.names())


@cases
def test_import_writes_a_project_as_expected(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    outcome = import_cases.imported(name, folder)
    case = FIXTURES / "import" / name
    assert import_cases.report(outcome) == (case / "report.txt").read_text()
    assert import_cases.made(folder) == snapshot(case / "expected")
    assert run(folder, "fmt", "--check").code == 0
    outcome = run(folder, "render")
    assert outcome.code == 0, outcome.err


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    outcome = import_cases.imported("plain", folder, "--dry-run")
    assert (outcome.code, import_cases.made(folder)) == (0, {})


def test_namespaces_with_the_same_workload_are_environments(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    labels = {"app": "web"}
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "example.com/web:1.4.2"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": pods}
    workload = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec}
    for env in ("dev", "live"):
        (folder / "k8s" / env).mkdir(parents=True)
        text = json.dumps({**workload, "metadata": {"name": "web", "namespace": env}})
        (folder / "k8s" / env / "web.json").write_text(text)
    outcome = run(folder, "import", "k8s")
    said = "web is in the namespaces dev, live: give each environment its own source, as `--env ENV=PATH"
    assert (outcome.code, said in outcome.err, (folder / "apps").exists()) == (2, True, False), outcome
    assert run(folder, "import", "--env", "dev=k8s/dev", "--env", "live=k8s/live").code == 0


def test_a_job_with_the_image_of_several_apps_names_all_of_them(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / "k8s").mkdir(parents=True)
    pod = {"containers": [{"name": "main", "image": "example.com/shop:1.4.2"}]}
    for app in ("api", "web"):
        labels = {"app": app}
        template = {"metadata": {"labels": labels}, "spec": pod}
        spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
        workload = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": app}, "spec": spec}
        (folder / "k8s" / f"{app}.json").write_text(json.dumps(workload))
    of_job = {"template": {"spec": {**pod, "restartPolicy": "Never"}}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "load"}, "spec": of_job}
    (folder / "k8s" / "load.json").write_text(json.dumps(job))
    outcome = run(folder, "import", "k8s")
    said = (
        "it has the image of api, web, and is copied unchanged: a release does not change its tag; write it as one of "
    )
    assert (outcome.code, f"{said}the `jobs` of its app when it should" in outcome.out) == (0, True), outcome


def test_a_label_of_every_app_that_differs_between_environments_stays_metadata(tmp_path: Path) -> None:
    """Kustomize's `labels` write it into every object; the defaults of an overlay hold fields of `spec` alone."""
    for env in ("dev", "live"):
        for app in ("api", "web"):
            labels = {"app": app, "env": env}
            pods = {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": app, "image": f"acme/{app}:1.4.2"}]},
            }
            workload = {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": app, "labels": labels},
                "spec": {"replicas": 2, "selector": {"matchLabels": {"app": app}}, "template": pods},
            }
            (tmp_path / env).mkdir(exist_ok=True)
            (tmp_path / env / f"{app}.json").write_text(json.dumps(workload))
    outcome = run(tmp_path, "import", "--env=dev=dev", "--env=live=live")
    assert (outcome.code, outcome.err, "No pod restarts." in outcome.out) == (0, "", True)
    assert "lost" not in outcome.out
    assert "    env: live\n" in (tmp_path / "overlays/live/apps/api.yaml").read_text()


def test_a_report_may_be_outside_of_the_project_and_its_folder_must_be_there(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    outcome = import_cases.imported("plain", folder, "--report", "../nowhere/import.json")
    assert (outcome.code, "there is no folder ../nowhere" in outcome.err, import_cases.made(folder)) == (2, True, {})
    shutil.rmtree(folder)
    assert import_cases.imported("plain", folder, "--report", "../import.json").code == 0
    assert "objects" in (tmp_path / "import.json").read_text()


def test_a_report_may_be_inside_of_a_project_that_the_import_makes(tmp_path: Path) -> None:
    source = FIXTURES / "import/plain/source"
    for words in (("--dry-run",), ()):
        outcome = run(tmp_path / "new", "import", str(source), "--report", "reports/import.json", *words)
        assert outcome.code == 0, outcome.err
        assert "objects" in (tmp_path / "new/reports/import.json").read_text()


def test_a_second_import_replaces_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    import_cases.imported("plain", folder)
    (folder / "rollspec.yaml").write_text((folder / "rollspec.yaml").read_text() + "# ours\n")
    before = import_cases.made(folder)
    outcome = run(folder, "import", "source")
    assert (outcome.code, "exists already" in outcome.err) == (2, True)
    assert import_cases.made(folder) == before


_OF_ONE_NAME = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "ghcr.io/acme/web:1.0.0", ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
"""
_MONITOR = """\
---
apiVersion: GROUP/v1
kind: ServiceMonitor
metadata: {name: web, namespace: shop}
spec: {selector: {matchLabels: {app: web}}, endpoints: [{port: http}]}
"""
_ROLE = """\
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "NAME"}
rules: []
"""


def test_objects_whose_files_would_have_one_name_are_all_kept(tmp_path: Path) -> None:
    """Of other groups, or with names that differ by what no file name has."""
    monitors = [_MONITOR.replace("GROUP", group) for group in ("monitoring.coreos.com", "azmonitoring.coreos.com")]
    roles = [_ROLE.replace("NAME", name) for name in ("shop:reader", "shop-reader", "shop::reader")]
    (tmp_path / "all.yaml").write_text("".join([_OF_ONE_NAME, *monitors, *roles]))
    outcome = run(tmp_path, "import", "all.yaml")
    assert (outcome.code, "lost" in outcome.out) == (0, False), outcome.out
    roles_in = tmp_path / "overlays/production/resources"
    assert sorted(path.name for path in roles_in.iterdir()) == [
        "2-clusterrole-shop-reader.yaml",
        "clusterrole-shop-reader.yaml",
        "rbac.authorization.k8s.io-clusterrole-shop-reader.yaml",
    ]
    assert len([*(tmp_path / "resources/web").iterdir()]) == len(monitors)


def test_an_environment_is_added_with_the_sources_of_all(tmp_path: Path) -> None:
    """Also where the first import kept no report: a dry run of the same source writes it."""
    case = FIXTURES / "import/two-environments"
    dev, live = (f"--env={env}={case / f'source-{env}'}" for env in ("dev", "production"))
    assert run(tmp_path, "import", live).code == 0
    outcome = run(tmp_path, "import", live, dev)
    assert (outcome.code, "give `--again REPORT`" in outcome.err) == (2, True), outcome.err
    assert run(tmp_path, "import", live, "--dry-run", "--report", "import.json").code == 0
    outcome = run(tmp_path, "import", live, dev, "--again", "import.json")
    assert outcome.code == 0, outcome.err
    (tmp_path / "import.json").unlink()
    whole = tmp_path / "whole"
    whole.mkdir()
    assert run(whole, "import", live, dev).code == 0
    expected = snapshot(whole)
    shutil.rmtree(whole)
    assert snapshot(tmp_path) == expected


def test_in_a_project_its_own_folders_and_file_are_used(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    text = "apiVersion: rollspec/v1\nkind: Project\nspec:\n  renderLevel: 2\n  apps: services\n"
    (folder / "rollspec.yaml").write_text(text)
    assert import_cases.imported("plain", folder).code == 0
    assert (folder / "services/web.yaml").is_file()
    assert (folder / "rollspec.yaml").read_text() == text


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("k8s/shop/Chart.yaml", "k8s/shop is a Helm chart: import what `helm template NAME k8s/shop` prints"),
        ("k8s/overlays/dev/kustomization.yaml", "kustomize must build k8s/overlays/dev"),
    ],
)
def test_a_folder_that_something_must_build_first_is_not_read(file: str, words: str, tmp_path: Path) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text("resources: []\n")
    (tmp_path / "k8s/a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    outcome = run(tmp_path, "import", "k8s")
    assert (outcome.code, words in outcome.err) == (2, True), outcome.err


def test_an_object_that_the_api_server_would_refuse_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: [a]}\nspec: {template: 3}\n"
    (folder / "bad.yaml").write_text(text)
    outcome = run(folder, "import", "bad.yaml")
    assert (outcome.code, "Deployment web" in outcome.err) == (1, True)
    assert [path.name for path in folder.iterdir()] == ["bad.yaml"]


def test_a_census_of_workloads_becomes_apps_without_patches() -> None:
    names = [name for name in import_cases.names() if name not in ODD]
    found = [workload for name in names for workload in import_cases.workloads(name)]
    assert len(found) >= 60
    assert not [each for each in found if each.verdict == "lost"]
    good = [
        each for each in found if each.is_app and not each.is_patched and each.verdict in ("identical", "same pods")
    ]
    assert len(good) >= 0.9 * len(found), [each for each in found if each not in good]


def test_what_is_lost_stops_the_import_unless_it_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No source is known of which an import loses something: here one object's comparison says so."""

    def losing(*given: Any) -> Any:
        made = imported(*given)
        first, *others = made.compared
        return replace(made, compared=(replace(first, verdict="lost"), *others))

    monkeypatch.setattr(importing, "imported", losing)
    folder = tmp_path / "project"
    outcome = import_cases.imported("plain", folder)
    assert (outcome.code, "--accept-lost" in outcome.err, import_cases.made(folder)) == (1, True, {})
    outcome = run(folder, "import", "source", "--accept-lost")
    assert (outcome.code, "apps/web.yaml" in import_cases.made(folder)) == (0, True)
