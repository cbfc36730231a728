"""What runs, read from recordings of real objects: what the API server and the controllers of the lab wrote."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from renderer.live.behind import behind
from renderer.live.model import (
    ApplicationState,
    Live,
    LiveApp,
    LiveEnvironment,
    Role,
    Source,
    SourceState,
    VersionStatistics,
)
from renderer.live.objects import trimmed
from renderer.live.reading import read_app, read_application
from renderer.live.statistics import with_series
from renderer.live.store import Store
from renderer.report.live import live_text
from tests.support.cases import ROOT

FOLDER = ROOT / "fixtures" / "live"
APPLICATION = FOLDER / "argocd-application.json"
CASES = sorted(path.stem for path in FOLDER.glob("*.json") if path != APPLICATION)
TRACED = [case for case in CASES if (ROOT / "fixtures/traces/1.10.2" / f"{case.rsplit('-', 3)[0]}.json").exists()]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def store_of(case: str) -> Store:
    store = Store()
    for data in json.loads((FOLDER / f"{case}.json").read_text()):
        store.put(data["kind"], data)
    return store


def read(case: str) -> LiveApp:
    return read_app("lab", "web", "lab", store_of(case).objects("web"))


def text(case: str) -> str:
    current = Source(SourceState.READ, good=NOW)
    missing = Source(SourceState.MISSING, "see docs/live.md")
    return live_text(Live(NOW, {"lab": LiveEnvironment("lab", current, missing, {"web": read(case)})}), "text")


def said(case: str, edit: int) -> dict[str, Any]:
    """The workloads that Git said after that edit of the scenario."""
    edits = json.loads((ROOT / "fixtures/traces/1.10.2" / f"{case.rsplit('-', 3)[0]}.json").read_text())["edits"]
    manifests = [made for each in edits[: edit + 1] for made in each.get("manifests", ())]
    return {made["kind"]: made for made in manifests if made["kind"] in ("Rollout", "Deployment")}


@pytest.mark.parametrize("case", CASES)
def test_a_recording_is_read_as_its_file_says(case: str) -> None:
    assert text(case) == (FOLDER / f"{case}.txt").read_text()


@pytest.mark.parametrize("case", TRACED)
def test_a_cluster_that_has_what_git_says_is_not_behind(case: str) -> None:
    number = int(case.rsplit("-", 3)[1])
    assert behind("web", said(case, number), store_of(case).objects("web")) == ()


@pytest.mark.parametrize("case", TRACED)
def test_a_cluster_that_has_not_got_the_commit_is_behind(case: str) -> None:
    number = int(case.rsplit("-", 3)[1])
    other = said(case, 0 if number else 1)
    if other == said(case, number):
        pytest.fail("the two edits say the same")
    assert behind("web", other, store_of(case).objects("web"))


def test_an_abort_by_the_controller_is_seen() -> None:
    assert [case for case in CASES if read(case).is_aborted] == [
        "analysis-some-errors-1-at-rest",
        "canary-istio-controller-abort-2-at-rest",
    ]


def test_shares_add_up_to_100_percent() -> None:
    for case in CASES:
        shares = [each.share for each in read(case).versions if each.share is not None]
        assert sum(shares) == pytest.approx(100, abs=0.2), case


def test_roles() -> None:
    found = {case: [each.role for each in read(case).versions] for case in CASES}
    assert found["bluegreen-1-at-rest"] == [Role.STABLE, Role.PREVIEW]
    assert found["canary-istio-ladder-1-under-way"] == [Role.STABLE, Role.CANARY]
    assert found["canary-istio-controller-abort-0-at-rest"] == [Role.STABLE]
    assert found["release-rolling-1-under-way"] == [Role.STABLE, Role.OLD]


def test_an_application_is_read() -> None:
    data = json.loads(APPLICATION.read_text())
    kept = trimmed("Application", data)
    state = read_application(kept)
    assert (state.name, state.sync, state.health, state.message) == ("board", "Synced", "Healthy", "")
    assert state.revision == data["status"]["sync"]["revision"]
    assert kept["status"]["resources"] == [{"kind": "Rollout", "namespace": "board", "name": "web"}]
    assert kept["spec"]["namespace"] == "board"


def test_without_objects_an_app_is_not_in_the_cluster() -> None:
    assert read_app("lab", "web", "lab", {}).versions == ()
    assert behind("web", {"Rollout": {"spec": {}}}, {}) == ("Git has the Rollout web, the cluster does not",)


def workload(kind: str, more: dict[str, Any], status: dict[str, Any] | None = None) -> dict[str, Any]:
    template = {
        "metadata": {"labels": {"version": "v1"}},
        "spec": {"containers": [{"name": "web", "image": "web:1", "resources": {"limits": {"cpu": "0.5"}}}]},
    }
    metadata = {"name": "web", "namespace": "lab", "uid": "1", "generation": 2}
    return {"kind": kind, "metadata": metadata, "spec": {"template": template, **more}, "status": status or {}}


@pytest.mark.parametrize(
    ("wanted", "live", "said"),
    [
        ({}, {}, ()),
        ({"paused": True}, {}, ("the Rollout is paused in Git, and not paused in the cluster",)),
        (
            {"strategy": {"canary": {"steps": [{"setWeight": 10}, {"pause": {}}, {"setWeight": 50}]}}},
            {"strategy": {"canary": {"steps": [{"setWeight": 10}]}}},
            ("Git says weight 10, 50, the cluster's Rollout has 10",),
        ),
        (
            {"minReadySeconds": 5, "a": [1], "b": "x", "c/d": 1, "e": "500m"},
            {"a": [1, 2], "b": "y", "e": 0.5, "more": 1},
            ("the cluster's Rollout differs from Git in spec/minReadySeconds, spec/a, spec/b and 1 more",),
        ),
    ],
)
def test_each_difference_from_git_is_a_sentence(
    wanted: dict[str, Any], live: dict[str, Any], said: tuple[str, ...]
) -> None:
    objects = {"Rollout": {"web": workload("Rollout", live)}}
    assert behind("web", {"Rollout": workload("Rollout", wanted)}, objects) == said
    assert behind("web", {}, objects) == ("the cluster still has the Rollout web, Git does not",)


@pytest.mark.parametrize(
    ("kind", "spec", "status", "phase"),
    [
        ("Rollout", {}, {"observedGeneration": "1", "phase": "Healthy"}, "Progressing"),
        ("Rollout", {}, {"observedGeneration": "2", "phase": "Healthy"}, "Healthy"),
        ("Deployment", {}, {"observedGeneration": 1}, "Progressing"),
        ("Deployment", {"paused": True}, {"observedGeneration": 2}, "Paused"),
        ("Deployment", {}, {"conditions": [{"reason": "ProgressDeadlineExceeded"}]}, "Degraded"),
    ],
)
def test_the_phase_is_that_of_the_newest_spec(
    kind: str, spec: dict[str, Any], status: dict[str, Any], phase: str
) -> None:
    assert read_app("lab", "web", "lab", {kind: {"web": workload(kind, spec, status)}}).phase == phase


def test_the_text_has_the_numbers_and_what_argo_cd_says() -> None:
    app = read("canary-replica-2-at-rest")
    named = [each.version for each in app.versions]
    numbers = [VersionStatistics(named[0], 12.34, 99.5, {"p95": 48.6}), VersionStatistics(named[1], 1.0)]
    failed = ApplicationState("web", "OutOfSync", "Degraded", "0123456789abcdef", "a hook failed")
    apps = {"web": replace(app, application=failed), "api": LiveApp("lab", "api", "lab")}
    starting = Source(SourceState.STARTING)
    environment = LiveEnvironment("lab", starting, starting, apps, {"web": tuple(numbers)})
    lines = live_text(Live(NOW, {"lab": environment}), "text").splitlines()
    assert lines[1:3] == ["  cluster: not read yet", "  Prometheus: not read yet"]
    assert any(line.split()[0] == "api" and line.endswith("not in the cluster") for line in lines[4:])
    assert any("12.3/s" in line and "99.5 %" in line and "49 ms" in line for line in lines)
    assert "  web: Argo CD: OutOfSync, Degraded at 01234567: a hook failed" in lines


def test_a_version_without_answers_has_no_series() -> None:
    made = with_series({("shop", "web"): (VersionStatistics("v1"),)}, {}, NOW)
    assert made[("shop", "web")][0].series == {}


def write(folder: Path = FOLDER) -> None:
    """Write the expected texts (`make golden`)."""
    for case in CASES:
        (folder / f"{case}.txt").write_text(text(case))


def test_json_on_one_line_is_escaped_as_all_json_is() -> None:
    lost = Source(SourceState.LOST, "##[error]\u202e\n::error::")
    text = live_text(Live(NOW, {"lab": LiveEnvironment("lab", lost, lost, {})}), "json", on_one_line=True)
    assert text.count("\n") == 1
    assert "##[" not in text
    assert text.isascii()
    assert json.loads(text)["environments"][0]["cluster"]["reason"] == lost.reason
