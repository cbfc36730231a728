"""`rollspec status --live` without a cluster, its queries, its statistics and the rights that it needs."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from renderer.cluster import UnreachableError, _connected
from renderer.live.model import Live
from renderer.live.objects import APPLICATION, KINDS
from renderer.live.queries import LABELS, QUERIES, Query, queries
from renderer.live.statistics import STEP, now, with_series
from renderer.usecases.live_reading import LiveReader
from renderer.usecases.status import StatusOptions
from renderer.usecases.status_live import show_live
from tests.support.cases import ROOT, run
from tests.support.past import Repository

TOKEN = "s3cr3t-t0k3n"  # noqa: S105
Labels = tuple[tuple[str, str], ...]


def of(app: str, version: str) -> Labels:
    return tuple(sorted(zip(LABELS, ("shop", app, version), strict=True)))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A project whose kubeconfig names an API server that nobody serves."""
    kubeconfig = tmp_path / "kubeconfig"
    named: dict[str, Any] = {"clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}]}
    named |= {"users": [{"name": "u", "user": {"token": TOKEN}}], "current-context": "x"}
    contexts = [{"name": "x", "context": {"cluster": "c", "user": "u"}}]
    kubeconfig.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", "contexts": contexts, **named}))
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    made = Repository(tmp_path / "repository")
    run(made.folder, "render")
    made.commit("begin")
    return made


def test_a_cluster_that_does_not_answer_is_lost_and_its_token_is_not_printed(repository: Repository) -> None:
    found = run(repository.folder, "status", "--live")
    assert found.code == 1
    assert "cluster: LOST: the API server cannot be reached; never read" in found.out
    assert TOKEN not in found.out + found.err
    data = json.loads(run(repository.folder, "status", "--live", "--format", "json").out)
    assert {each["cluster"]["state"] for each in data["environments"]} == {"lost"}
    assert {each["prometheus"]["state"] for each in data["environments"]} == {"not configured"}


def test_a_plugin_for_credentials_that_fails_prints_nothing(repository: Repository, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    data = json.loads(kubeconfig.read_text())
    command = ["sh", "-c", f"echo {TOKEN} >&2; exit 1"]
    api = "client.authentication.k8s.io/v1"
    data["users"][0]["user"] = {"exec": {"apiVersion": api, "command": command[0], "args": command[1:]}}
    kubeconfig.write_text(json.dumps(data))
    found = run(repository.folder, "status", "--live")
    assert "LOST: kubeconfig has no usable credentials for the current context" in found.out
    assert TOKEN not in found.out + found.err


def test_keys_that_a_kubeconfig_names_stay_and_copies_of_keys_go(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "tmp"
    own.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(own))
    named = {name: own / f"{name}.pem" for name in ("client-key", "client-certificate")}
    for path in named.values():
        path.write_text(TOKEN)
    kubeconfig = tmp_path / "kubeconfig"
    data = json.loads(kubeconfig.read_text())
    data["users"][0]["user"] = {name: str(path) for name, path in named.items()}
    data["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(TOKEN.encode()).decode()
    kubeconfig.write_text(json.dumps(data))
    assert "cluster: LOST" in run(repository.folder, "status", "--live").out
    assert sorted(own.iterdir()) == sorted(named.values())


def test_keys_of_earlier_attempts_are_removed_and_those_of_this_moment_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for path in (old, new):
        path.write_text(TOKEN)
    os.utime(old, (0, 0))
    asked: list[str] = []

    async def api(**arguments: str) -> None:
        asked.append(arguments["namespace"])
        raise OSError

    monkeypatch.setattr("kr8s.asyncio.api", api)

    async def connect() -> None:
        with pytest.raises(UnreachableError):
            async with _connected("x", "shop", str(tmp_path)):
                pass

    asyncio.run(connect())
    assert (asked, old.exists(), new.exists()) == (["shop"], False, True)


@pytest.mark.parametrize("options", ["--watch", "--live --behind", "--live --commands", "--live --format markdown"])
def test_options_that_do_not_go_together_are_refused(repository: Repository, options: str) -> None:
    assert run(repository.folder, "status", *options.split()).code == 2


def with_prometheus(repository: Repository) -> None:
    file = repository.folder / "rollspec.yaml"
    data = yaml.safe_load(file.read_text())
    data["spec"]["clusters"] = {"production": {"prometheus": "http://127.0.0.1:1"}}
    file.write_text(yaml.safe_dump(data))


def test_a_prometheus_that_does_not_answer_is_lost_too(repository: Repository) -> None:
    with_prometheus(repository)
    found = json.loads(run(repository.folder, "status", "--live", "--format", "json").out)
    (environment,) = found["environments"]
    assert (environment["cluster"]["state"], environment["prometheus"]["state"]) == ("lost", "lost")


def test_a_project_that_cannot_be_read_has_nothing_live(repository: Repository) -> None:
    repository.write("rollspec.yaml", "kind: Project\n")
    found = run(repository.folder, "status", "--live")
    assert (found.code, "rollspec.yaml:" in found.err) == (1, True)


def test_a_watch_on_a_terminal_shows_each_state_in_the_same_lines_until_ctrl_c(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderer.usecases.live_reading._GIT", 0.01)
    waits: list[float] = []
    wait = LiveReader.wait

    def interrupted(reader: LiveReader, number: int, timeout: float) -> Live:
        waits.append(timeout)
        if waits.count(5.0) == 3:
            raise KeyboardInterrupt
        return wait(reader, number, 0.2)

    monkeypatch.setattr(LiveReader, "wait", interrupted)
    written: list[str] = []
    for stream in ("stdout", "stderr"):
        monkeypatch.setattr(f"sys.{stream}", Terminal(written))
    options = StatusOptions(str(repository.folder), datetime.now(UTC))
    assert show_live(options, watch=True) == 1
    text = "".join(written)
    assert text.startswith("\rreading the clusters ...")
    assert text.count("\033[H\033[J") == 3
    assert text.count("cluster: LOST") == 3


class Terminal(io.StringIO):
    """What a terminal shows of both streams."""

    def __init__(self, written: list[str]) -> None:
        super().__init__()
        self.written = written

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        length = super().write(text)  # of bytes, a TypeError: click then writes text
        self.written.append(text)
        return length


def test_without_the_extra_it_says_what_to_type(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kr8s", None)
    found = run(repository.folder, "status", "--live")
    assert (found.code, "python3 -m pip install 'kr8s<1,>=0.20.15' " in found.err) == (2, True)


def test_an_address_with_a_password_is_refused(repository: Repository) -> None:
    file = repository.folder / "rollspec.yaml"
    data = yaml.safe_load(file.read_text())
    data["spec"]["clusters"] = {"production": {"prometheus": "http://user:hunter2@prometheus:9090"}}
    file.write_text(yaml.safe_dump(data))
    found = run(repository.folder, "validate")
    assert found.code == 1
    assert "/spec/clusters/production/prometheus" in found.out + found.err
    assert "hunter2" not in found.out + found.err


BAD = [
    "http://prometheus/-/quit?x=",
    "http://prometheus/-/quit#",
    "http://[",
    "http://[::1",
    "http://",
    "http:///x",
    "http://x:y",
]
GOOD = ["http://[::1]:9090", "https://prometheus.example.com/eu/prom/", "http://prometheus:9090", "http://10.0.0.1"]


@pytest.mark.parametrize("address", [*BAD, *GOOD])
def test_an_address_leads_to_a_prometheus_and_to_no_other_question(repository: Repository, address: str) -> None:
    file = repository.folder / "rollspec.yaml"
    data = yaml.safe_load(file.read_text())
    data["spec"]["clusters"] = {"production": {"prometheus": address}}
    file.write_text(yaml.safe_dump(data))
    found = run(repository.folder, "validate")
    assert (found.code, "/spec/clusters/production/prometheus" in found.out + found.err) == (
        (1, True) if address in BAD else (0, False)
    ), found


def test_the_example_grants_what_is_read_and_no_more() -> None:
    own, argocd = yaml.safe_load_all((ROOT / "docs/examples/live-reader.yaml").read_text())
    for role, kinds in ((own, KINDS), (argocd, [APPLICATION])):
        granted = {(group, name) for rule in role["rules"] for group in rule["apiGroups"] for name in rule["resources"]}
        assert granted == {(kind.api.rpartition("/")[0], kind.plural) for kind in kinds}
        assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}


def test_the_reader_only_gets() -> None:
    text = (ROOT / "renderer/cluster.py").read_text()
    assert text.count(".call_api(") == text.count('"GET",') == 2


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_query_is_promql(query: Query) -> None:
    text = query.of(["shop", "a.b"])
    assert 'destination_workload_namespace=~"a\\\\.b|shop"' in text
    assert "$" not in text
    promql_parser.parse(text)


def test_a_project_replaces_a_query() -> None:
    found = queries({"requests": 'sum by (x) (mine{namespace=~"$namespaces"}[$window])'})
    assert [each.name for each in found] == [each.name for each in QUERIES]
    assert found[0].of(["a"], "5m") == 'sum by (x) (mine{namespace=~"a"}[5m])'
    assert found[1:] == QUERIES[1:]


def test_a_version_without_requests_has_no_success_rate() -> None:
    answers = {
        "requests": {of("web", "v1"): 12.5, of("web", "v2"): 0.0},
        "success": {of("web", "v1"): 99.0, of("web", "v2"): 100.0},
        "p95": {of("web", "v1"): 40.0},
    }
    busy, idle = now(answers)["shop", "web"]
    assert (busy.requests, busy.success, busy.latency) == (12.5, 99.0, {"p95": 40.0})
    assert (idle.requests, idle.success, idle.latency) == (None, None, {})


def test_series_have_gaps_where_nobody_asked() -> None:
    end = datetime(2026, 1, 1, tzinfo=UTC)
    past = {
        "requests": {of("web", "v1"): {0: 5.0, 2: 0.0, 60: 7.0}},
        "success": {of("web", "v1"): {0: 99.0, 2: 100.0, 60: 98.0}},
    }
    (found,) = with_series(now({"requests": {of("web", "v1"): 1.0}}), past, end)["shop", "web"]
    success = found.series["success"]
    assert (success.step, success.end, len(success.values)) == (STEP, end, 61)
    assert [number for number, value in enumerate(success.values) if value is not None] == [0, 60]
