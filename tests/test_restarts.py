"""Restarts: nothing happens until a time in the future, and the pods that are counted are those of the manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cases import run
from tests.support.past import Repository

NOW = "2026-01-02T00:00:00Z"


@pytest.mark.parametrize(
    ("mark", "is_late"),
    [("2026-01-01T23:00:00Z", False), ("2026-01-02T00:05:00Z", False), ("2027-01-01T00:00:00Z", True)],
)
def test_a_restart_in_the_future_is_a_warning(mark: str, is_late: bool, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    assert run(repository.folder, "render").code == 0
    repository.commit("start")
    repository.partial(f"  restartedAt: {mark}\n")
    assert run(repository.folder, "render").code == 0
    validated = run(repository.folder, "validate", "--strict", "--base", "HEAD", "--at", NOW)
    assert validated.code == int(is_late)
    message = f"restartedAt of web is in the future ({mark}): a Rollout restarts its pods only then"
    assert (message in validated.err) == is_late


def test_a_deployment_restarts_at_once_whatever_the_time_is(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    rolling = "  strategy: {type: RollingUpdate, router: null}\n"
    repository.partial(rolling)
    assert run(repository.folder, "render").code == 0
    repository.commit("start")
    repository.partial(f"{rolling}  restartedAt: 2099-01-01T00:00:00Z\n")
    assert run(repository.folder, "render").code == 0
    validated = run(repository.folder, "validate", "--strict", "--base", "HEAD", "--at", NOW)
    assert (validated.code, validated.err) == (0, "")
    planned = run(repository.folder, "plan", "--base", "HEAD")
    assert "web in production: restart, every pod is replaced" in planned.out


def test_a_worker_has_no_share_of_connections(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.partial("  ports: []\n  readinessProbe: null\n  strategy: {router: replica}\n")
    assert run(repository.folder, "render").code == 0
    repository.commit("start")
    done = run(repository.folder, "release", "web", "1.5.0", "--weight", "25", "--dry-run")
    assert (done.code, "connections" in done.err) == (0, False), done.err


def test_a_mark_that_is_no_time_is_left_to_the_schema(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.commit("start")
    repository.partial("  restartedAt: tomorrow\n")
    validated = run(repository.folder, "validate", "--base", "HEAD", "--at", NOW)
    assert validated.code == 1
    assert "in the future" not in validated.err


@pytest.mark.parametrize(("replicas", "is_one"), [(4, True), (9, False)])
def test_a_restart_counts_the_pods_of_the_patched_workload(replicas: int, is_one: bool, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    patch = f"  patches:\n    - target: {{kind: Rollout}}\n      patch: {{spec: {{replicas: {replicas}}}}}\n"
    repository.partial(f"{patch if replicas != 4 else ''}  canary: {{tag: 1.5.0, weight: 20}}\n")
    assert run(repository.folder, "render").code == 0
    repository.commit("start")
    assert ("a canary of one pod" in run(repository.folder, "restart", "web", "--dry-run").err) == is_one


def test_a_hash_of_one_port_is_said_of_the_share(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    settings = "{port: {number: 80}, loadBalancer: {consistentHash: {httpHeaderName: x-user}}}"
    repository.partial(f"  istio: {{trafficPolicy: {{portLevelSettings: [{settings}]}}}}\n")
    assert run(repository.folder, "render").code == 0
    repository.commit("start")
    done = run(repository.folder, "release", "web", "1.5.0", "--weight", "20", "--dry-run")
    assert "consistentHash holds within a version: a client may change versions" in done.err
