"""`make e2e K=board`: releases on the lab with Argo CD and Prometheus, as the live reading shows them.

Git, the cluster and the reading must agree; a bad canary is seen in time; a lost API server and Prometheus are shown as
lost, and read again. Then 2,000 Rollouts: memory of a reader, and how soon it shows an event.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from renderer.live.model import LiveApp, LiveEnvironment, Role, SourceState, VersionStatistics
from renderer.usecases.live_reading import LiveReader, open_reader
from renderer.usecases.project import open_project

from . import api, argocd, prometheus
from .lab import KUBECONFIG, PROXY, URGENT, Lab, create_namespace
from .lock import ROLLOUTS, program
from .project import Project
from .sandbox import RUN
from .scenario import ROOT, Scenario

NAMES = ("board", "board-fleet")
LAST = ROOT / ".tools" / "engines" / "board"  # logs of the last run
PORT = 9190  # of the Prometheus
SEEN = 15.0  # seconds in which a bad canary must be seen
FLEET = 2000  # Rollouts
MEMORY = 300  # MB
EVENT = 2.0  # seconds
PATIENCE = 240.0
REFRESH = 20.0  # seconds after which Argo CD is asked to look again
SPEC = {"strategy": {"type": "Canary", "router": "istio"}, "replicas": 3}


@dataclass
class Report:
    """What was measured, and what was not as it must be."""

    lines: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def check(self, holds: bool, sentence: str) -> None:
        """One sentence that must be true."""
        print(("ok   " if holds else "FAIL ") + sentence, flush=True)
        (self.lines if holds else self.wrong).append(sentence)


class Watched:
    """The reading of one environment, with waits."""

    def __init__(self, reader: LiveReader, env: str) -> None:
        self.reader, self.env = reader, env

    def until(self, condition: Callable[[LiveEnvironment], Any], timeout: float = PATIENCE) -> float | None:
        """Seconds until the reading is so; None if it never was."""
        began, live = time.monotonic(), self.reader.current()
        while not condition(live.environments[self.env]):
            if time.monotonic() - began > timeout:
                return None
            live = self.reader.wait(live.number, 0.5)
        return time.monotonic() - began

    @property
    def now(self) -> LiveEnvironment:
        """The reading now."""
        return self.reader.current().environments[self.env]


def play(name: str) -> int:
    """Play what has this name; the exit code."""
    os.environ["KUBECONFIG"] = str(KUBECONFIG)
    lab, report = Lab(ROLLOUTS[0], RUN / "logs-board"), Report()
    try:
        lab.start()
        if name != "board-fleet":
            argocd.start(lab)
            _release(lab, report)
        if name != "board":
            _fleet(lab, report)
    except RuntimeError as failed:
        print(f"stopped: {failed}")
    finally:
        lab.stop()
        shutil.rmtree(LAST, ignore_errors=True)
        shutil.copytree(lab.logs, LAST)
    print(f"{len(report.lines)} sentences hold, {len(report.wrong)} do not")
    return 1 if report.wrong else 0


def _release(lab: Lab, report: Report) -> None:
    create_namespace("board")
    project = _project(lab, "board")
    servers = [_prometheus(lab)]
    load = _load()
    try:
        with open_reader(open_project(str(project.folder)), ["board"]) as reader:
            watched = Watched(reader, "board")
            _drive(project, watched, report)
            _lost(lab, servers, watched, report)
    finally:
        for process in (load, *servers):
            process.kill()


def _project(lab: Lab, name: str) -> Project:
    scenario = Scenario(name, name, {}, [], spec=SPEC, level=2)
    project = Project(RUN / f"{name}.project", name, scenario, lab.rollouts, {"kind": "Application"})
    file = project.folder / "rollspec.yaml"
    data = yaml.safe_load(file.read_text())
    data["spec"]["clusters"] = {name: {"prometheus": f"http://127.0.0.1:{PORT}"}}
    file.write_text(yaml.safe_dump(data, sort_keys=False))
    project.commit("chore: name the cluster")
    return project


def _drive(project: Project, watched: Watched, report: Report) -> None:
    """A whole release, then one that answers errors, and its abort."""
    report.check(watched.until(lambda now: now.cluster.is_current) is not None, "the cluster is read")
    report.check(bool(watched.now.apps["web"].behind), "before Argo CD has it, the cluster is behind Git")
    argocd.applied(project.application(), [], True)
    _agree(project, watched, report, "first release", {Role.STABLE: ("v1", 100)})
    _commit(project, "release 2.0.0 --version v2 --weight 20")
    _agree(project, watched, report, "v2 at 20", {Role.STABLE: ("v1", 80), Role.CANARY: ("v2", 20)})
    found = watched.until(lambda now: (_of(now, "v2").success or 0) > 99)
    report.check(found is not None, "the statistics of a good canary show that it answers")
    _commit(project, "promote")
    _agree(project, watched, report, "promote", {Role.STABLE: ("v2", 100)})
    _commit(project, "release 3.0.0 --version v3 --weight 20 --set env.FAIL_PERCENT=10")
    routed = watched.until(lambda now: _share(now.apps["web"], "v3") > 0)
    seen = watched.until(lambda now: 0 < (_of(now, "v3").success or 0) < 95)
    rates = [_of(watched.now, version).success for version in ("v3", "v2")]
    in_time = routed is not None and seen is not None and seen <= SEEN
    report.check(
        in_time, f"a canary with 10 % errors is seen {seen and round(seen, 1)} s after it got traffic: {rates[0]} %"
    )
    report.check((rates[1] or 0) > 99, f"and the stable version answers: {rates[1]} %")
    _commit(project, "abort")
    _agree(project, watched, report, "abort", {Role.STABLE: ("v2", 100)})


def _commit(project: Project, line: str) -> None:
    project.verb(line)
    argocd.refresh(project.application()["metadata"]["name"])


def _agree(project: Project, watched: Watched, report: Report, title: str, roles: dict[Role, tuple[str, int]]) -> None:
    """Git, the cluster and the reading say the same."""

    def holds(now: LiveEnvironment) -> bool:
        app = now.apps["web"]
        found = {each.role: (each.version, each.share) for each in app.versions if each.role is not Role.OLD}
        state = app.application
        synced = state is not None and (state.sync, state.revision) == ("Synced", project.head())
        return found == roles and not app.behind and synced and app.phase in ("Healthy", "Paused")

    began, took = time.monotonic(), None
    while took is None and time.monotonic() - began < PATIENCE:
        took = watched.until(holds, REFRESH)
        if took is None:  # on a busy machine, Argo CD may have given up the first look at the cluster
            argocd.refresh(project.application()["metadata"]["name"])
        else:
            took = time.monotonic() - began
    now = watched.now.apps["web"]
    report.check(took is not None, f"{title}: Git, cluster and reading agree after {took and round(took, 1)} s")
    if took is None:
        print(f"     {now}\n     {argocd.status(project.application()['metadata']['name'])}", flush=True)
        raise RuntimeError(title)
    rollout = api.call("GET", api.path("Rollout", "board", "web"))
    report.check(now.phase == rollout["status"].get("phase"), f"{title}: the phase is the controller's: {now.phase}")


def _lost(lab: Lab, servers: list[subprocess.Popen[bytes]], watched: Watched, report: Report) -> None:
    """Kill the API server, then Prometheus: each is shown as lost with its age, and comes back."""
    lab.kill("api-server")
    took = watched.until(lambda now: now.cluster.state is SourceState.LOST, 30)
    report.check(took is not None, f"a killed API server is shown as lost after {took and round(took, 1)} s")
    good, apps = watched.now.cluster.good, watched.now.apps
    report.check(good is not None and bool(apps), "with the age and the numbers of the last reading")
    lab.start_api_server()
    took = watched.until(lambda now: now.cluster.is_current, 90)
    report.check(took is not None, f"and is read again {took and round(took, 1)} s after it is back")
    servers.pop().kill()
    took = watched.until(lambda now: now.prometheus.state is SourceState.LOST, 30)
    report.check(took is not None, f"a killed Prometheus is shown as lost after {took and round(took, 1)} s")
    servers.append(_prometheus(lab))
    took = watched.until(lambda now: now.prometheus.is_current, 90)
    report.check(took is not None, f"and is read again {took and round(took, 1)} s after it is back")


def _prometheus(lab: Lab) -> subprocess.Popen[bytes]:
    with (lab.logs / "board.prometheus.log").open("ab") as log:
        return subprocess.Popen(prometheus.command(RUN / "board.prometheus", PORT, "2s"), stdout=log, stderr=log)


def _load() -> subprocess.Popen[bytes]:
    address = f"127.0.0.1:{prometheus.metrics_port(PORT)}"
    host = ("-proxy", PROXY, "-host", "web.board.svc.cluster.local", "-rate", "100")
    command = [*URGENT, str(program("podlab", "podlab")), "load", *host, "-metrics", address, "-namespace", "board"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _share(app: LiveApp, version: str) -> float:
    return next((each.share or 0 for each in app.versions if each.version == version), 0.0)


def _of(now: LiveEnvironment, version: str) -> VersionStatistics:
    found = [each for each in now.statistics.get("web", ()) if each.version == version]
    return found[0] if found else VersionStatistics(version)


READER = """
import json, resource, sys, time
from renderer.usecases.live_reading import open_reader
from renderer.usecases.project import open_project
with open_reader(open_project(sys.argv[1]), ["fleet"]) as reader:
    live = reader.current()
    while not live.environments["fleet"].cluster.is_current:
        live = reader.wait(live.number, 0.2)
    count = sum(1 for app in live.environments["fleet"].apps.values() if app.workloads)
    print(json.dumps({"read": count}), flush=True)
    while True:
        live = reader.wait(live.number, 5)
        phase = live.environments["fleet"].apps["app-01234"].phase
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps({"phase": phase, "time": time.time(), "memory": memory}), flush=True)
"""


def _fleet(lab: Lab, report: Report) -> None:
    """2,000 Rollouts that nothing controls, in the API server; a reader in a process of its own."""
    lab.kill("rollouts")
    create_namespace("fleet")
    folder = _fleet_project()
    template = api.Object(yaml.safe_load((folder / "rendered/fleet/app-00000/rollout.yaml").read_text()))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: _create(template, number), range(FLEET)))
    began = time.monotonic()
    with subprocess.Popen([sys.executable, "-c", READER, str(folder)], stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout
        read = json.loads(reader.stdout.readline())["read"]
        report.check(read == FLEET, f"{read} Rollouts are read {time.monotonic() - began:.1f} s after the start")
        status = {"status": {"phase": "Degraded", "observedGeneration": "1"}}
        path = api.path("Rollout", "fleet", "app-01234") + "/status"
        sent = time.time()
        api.call("PATCH", path, status, "application/merge-patch+json")
        for line in reader.stdout:
            found = json.loads(line)
            if found["phase"] == "Degraded":
                break
            if time.time() - sent > 60:
                break
        took = found["time"] - sent
        report.check(took <= EVENT and found["phase"] == "Degraded", f"an event is shown after {took:.2f} s")
        report.check(found["memory"] < MEMORY, f"the reader takes {found['memory']} MB")
        reader.kill()


def _create(template: api.Object, number: int) -> None:
    data = json.loads(json.dumps(template).replace("app-00000", f"app-{number:05}"))
    api.call("POST", api.path("Rollout", "fleet"), data)


def _fleet_project() -> Path:
    """2,000 small apps; only the first one is rendered to files."""
    folder = RUN / "fleet.project"
    head = {"apiVersion": "rollspec/v1", "kind": "App"}
    spec = {"image": "example.com/web", "tag": "1.0.0", "replicas": 2, "ports": [{"name": "http", "port": 80}]}
    spec["strategy"] = {"type": "Canary"}
    (folder / "apps").mkdir(parents=True)
    (folder / "overlays/fleet").mkdir(parents=True)
    meta = {"apiVersion": "rollspec/v1", "metadata": {"name": "fleet"}}
    project = {"apiVersion": "rollspec/v1", "kind": "Project", "spec": {"renderLevel": 2}}
    (folder / "rollspec.yaml").write_text(yaml.safe_dump(project))
    overlay = {**meta, "kind": "Overlay", "spec": {"namespace": "fleet"}}
    (folder / "overlays/fleet/overlay.yaml").write_text(yaml.safe_dump(overlay))
    for number in range(FLEET):
        name = f"app-{number:05}"
        (folder / f"apps/{name}.yaml").write_text(yaml.safe_dump({**head, "metadata": {"name": name}, "spec": spec}))
    rollspec = str(Path(sys.executable).parent / "rollspec")
    subprocess.run([rollspec, "render", "--app", "app-00000"], cwd=folder, check=True, capture_output=True)
    return folder
