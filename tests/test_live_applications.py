"""Which Application of Argo CD an app's state comes from, also where Argo CD runs in another cluster than the apps."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from renderer.cluster import Target
from renderer.live.objects import APPLICATION, KINDS
from renderer.usecases.live_reading import LiveReader
from renderer.usecases.project import open_project
from tests.support.cases import ROOT
from tests.support.past import WEB, Repository

RECORDED = json.loads((ROOT / "fixtures/live/argocd-application.json").read_text())  # of the lab's Argo CD
APPLICATIONS = Target(APPLICATION, "argocd")


def application(name: str, *apps: str, namespace: str = "production", health: str = "Healthy") -> Any:
    """An Application that has the workloads of these apps; without apps, one that could not read Git yet."""
    made = copy.deepcopy(RECORDED)
    made["metadata"]["name"] = name
    made["spec"]["destination"]["namespace"] = namespace
    made["status"]["health"] = {"status": health}
    made["status"]["resources"] = [
        {"group": "argoproj.io", "kind": "Rollout", "namespace": namespace, "name": app} for app in apps
    ]
    return made


@pytest.fixture
def reader(tmp_path: Path) -> LiveReader:
    """A reader that has read two clusters, without objects: the apps', and that of Argo CD."""
    repository = Repository(tmp_path / "repository")
    repository.app("api", WEB)
    project = repository.folder / "rollspec.yaml"
    data = yaml.safe_load(project.read_text())
    data["spec"]["clusters"] = {"production": {"context": "apps", "argocdContext": "hub"}}
    repository.write("rollspec.yaml", yaml.safe_dump(data))
    repository.rendered()
    made = LiveReader(open_project(str(repository.folder)), ["production"])
    for job in made._jobs(""):  # it knows its clusters then; nothing is asked
        job.close()
    for context in ("apps", "hub"):
        made._clusters[context].is_current()
    for kind in KINDS:
        made._clusters["apps"].replaced(Target(kind, "production"), ())
    return made


def states(reader: LiveReader) -> dict[str, tuple[str, str] | None]:
    """Name and health of each app's Application."""
    apps = reader.current().environments["production"].apps
    found = {name: app.application for name, app in sorted(apps.items())}
    return {name: (state.name, state.health) if state else None for name, state in found.items()}


def test_an_application_is_that_of_the_workloads_that_it_has(reader: LiveReader) -> None:
    reader._clusters["hub"].replaced(APPLICATIONS, [application("shop-web", "web"), application("other")])
    assert states(reader) == {"api": ("other", "Healthy"), "web": ("shop-web", "Healthy")}


def test_an_application_without_resources_stands_for_all_apps_of_its_namespace(reader: LiveReader) -> None:
    reader._clusters["hub"].replaced(APPLICATIONS, [application("production", health="Unknown")])
    assert states(reader) == dict.fromkeys(("api", "web"), ("production", "Unknown"))
    reader._clusters["hub"].replaced(APPLICATIONS, [application("staging", namespace="staging")])
    assert states(reader) == {"api": None, "web": None}


def test_argo_cd_is_looked_for_in_its_own_cluster(reader: LiveReader) -> None:
    """A hub has the Applications of many clusters; what an Application in the apps' cluster says is not asked."""
    reader._clusters["apps"].replaced(APPLICATIONS, [application("here", "web")])
    assert states(reader) == {"api": None, "web": None}
    reader._clusters["hub"].changed(APPLICATIONS, application("there", "web"))
    assert states(reader) == {"api": None, "web": ("there", "Healthy")}
    reader._clusters["hub"].removed(APPLICATIONS, "there")
    assert states(reader) == {"api": None, "web": None}


def test_only_the_hub_is_asked_for_applications(reader: LiveReader, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, set[str]] = {}

    def follow(context: str, targets: list[Target], *_: object) -> None:
        asked[context] = {target.kind.kind for target in targets}

    monkeypatch.setattr("renderer.usecases.live_reading.follow", follow)
    for job in reader._jobs(""):
        if job is not None:
            job.close()
    assert asked == {"apps": {kind.kind for kind in KINDS}, "hub": {"Application"}}


def test_of_two_applications_the_one_that_names_the_environment_is_taken(reader: LiveReader) -> None:
    """Two clusters of one hub may have a namespace of the same name."""
    both = [application("production-web", "web"), application("a-staging-web", "web"), application("z-web", "web")]
    reader._clusters["hub"].replaced(APPLICATIONS, both)
    assert states(reader)["web"] == ("production-web", "Healthy")


def test_an_app_that_a_commit_removes_is_not_shown_any_more(reader: LiveReader, tmp_path: Path) -> None:
    assert set(states(reader)) == {"api", "web"}
    number = reader.current().number
    (tmp_path / "repository/apps/api.yaml").unlink()
    repository = Repository(tmp_path / "repository")
    repository.rendered("without api")
    reader.refresh()
    assert set(states(reader)) == {"web"}
    assert reader.current().number > number


def test_a_cluster_that_lets_one_kind_not_be_read_says_why(reader: LiveReader) -> None:
    reader._clusters["apps"].not_readable(Target(KINDS[0], "production"), "Rollouts may not be listed")
    reader._clusters["apps"].is_current()
    assert reader.current().environments["production"].cluster.reason == "Rollouts may not be listed"
