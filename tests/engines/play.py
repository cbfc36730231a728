"""Plays one scenario on the lab: makes its edits, waits until each rests, and records what happened."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from renderer.simulate.spec import seconds

from . import api, argocd, objects, prometheus
from .api import Event, Object, Watches
from .events import EVENTS
from .lab import PROXY, URGENT, Lab, argo_rollouts, create_namespace, kubectl, kubectl_diff
from .lock import program
from .project import Project
from .scenario import Edit, Scenario
from .timeline import Point, between, ending, is_ready, timeline

QUIET = 2.5  # seconds without a change of any object, after which a settled application rests
SLOW = 8.0  # the same while a pod is not Ready: some take 5 s, and a paused Rollout's phase does not wait for them
WAVE = 2.0  # seconds between two waves, as in Argo CD
WORKLOADS = ("Deployment", "Rollout")
PATIENCE = 90.0  # seconds until we stop waiting for that
OWNED = re.compile(  # what Rollouts and Argo CD write into objects of ours
    r"rollouts-pod-template-hash:|generation:|managed-by-rollouts:|tracking-id:| annotations:$|resources: \{\}$"
)
WEIGHT = re.compile(r"[+-] +weight: \d+$")  # of a VirtualService's destination
RESTING = {"Healthy", "Paused", "Degraded"}
HOLD = 14.0  # seconds for which a share of two versions stays: over 2,200 answers, so that 5 points are seen


@dataclass(frozen=True)
class Played:
    """One edit as it was played."""

    edit: Edit
    start: float  # Unix seconds when it first reached the cluster
    end: float
    applied: list[Object]
    deleted: list[str]
    settled: bool  # it came to rest, if it was waited for
    commits: tuple[str, str] | None = None  # what Git said before and after, where it says it
    rests: bool = True  # whether the workloads rested at the end
    found: dict[str, Any] = field(default_factory=dict)  # what an event found out, by the name that `expect` uses


@dataclass(frozen=True)
class Request:
    """One request through Envoy."""

    time: float
    status: int  # 0: no answer
    version: str
    pod: str
    milliseconds: int
    detail: str


@dataclass
class Recording:
    """All of one scenario's run."""

    scenario: Scenario
    rollouts: str
    played: list[Played] = field(default_factory=list)
    points: list[tuple[float, Point]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    pinned: list[Request] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)  # lines of `kubectl diff` that no controller owns, at the end
    unsynced: list[str] = field(default_factory=list)  # status of the Application where a sync did not end
    plans: dict[int, Object] = field(default_factory=dict)  # what `rollspec plan` says, by number of the edit

    def until(self, number: int) -> float:
        """When the next edit starts; of the last one, when the looking ends."""
        following = self.played[number + 1 :]
        return following[0].start if following else self.played[number].end

    def during(self, number: int) -> list[tuple[float, Point]]:
        """The state at an edit's start, and every change until the next edit's."""
        return between(self.points, self.played[number].start, self.until(number))


class Player:
    """Plays a scenario in a namespace of its own."""

    quiet = QUIET

    def __init__(self, lab: Lab, watches: Watches, scenario: Scenario, folder: Path) -> None:
        """`folder`: for the requests' logs."""
        self.lab, self.watches, self.scenario, self.folder = lab, watches, scenario, folder
        self.namespace = scenario.name
        self.facts: dict[str, Any] = dict(scenario.facts)
        self.live: dict[str, Object] = {}
        self.project: Project | None = None
        self.applications: list[str] = []
        self.unsynced: list[str] = []  # status of the Application where a sync did not end
        self.loads: dict[str, subprocess.Popen[bytes]] = {}
        self.servers: list[subprocess.Popen[bytes]] = []  # the scenario's own Prometheus
        self.found: dict[str, Any] = {}  # by the event that is played
        self.connected = 0.0  # Unix seconds of the last look at what clients without a mesh were answered
        self.touched = 0.0  # Unix seconds when the edit first reached the cluster

    def play(self) -> Recording:
        """Make all edits; the namespace's pods end with it."""
        recording = Recording(self.scenario, self.lab.rollouts)
        create_namespace(self.namespace)
        try:
            for edit in self.scenario.edits:
                recording.played.append(self.make(edit))
                if self.scenario.load and not self.loads:
                    self.start_prometheus()
                    self.start_load("requests", *self.exported())
                    if self.scenario.header:
                        self.start_load("pinned", "-header", self.scenario.header, "-rate", "20")
            self.stop_load()
            recording.differences = self.differences()
            self.unsynced += self.out_of_sync()
        finally:
            for process in (*self.loads.values(), *self.servers):
                process.kill()
            self.forget()
            recording.events = self.watches.events(self.namespace)
            api.call("DELETE", f"/api/v1/namespaces/{self.namespace}")
            threading.Thread(target=self.clear, daemon=True).start()
        recording.unsynced = self.unsynced
        recording.plans = self.plans(recording.played)
        recording.points = timeline(recording.events)
        recording.requests = read_requests(self.folder / f"{self.namespace}.requests")
        recording.pinned = read_requests(self.folder / f"{self.namespace}.pinned")
        return recording

    def plans(self, played: list[Played]) -> dict[int, Object]:
        """What `rollspec plan` says of each edit that commits made, but for the first release."""
        pairs = [(number, each.commits) for number, each in enumerate(played) if number and each.commits]
        return {number: self.project.plan(*commits) for number, commits in pairs if self.project and commits}

    def differences(self) -> list[str]:
        """What differs at rest between the rendered files and the cluster, beside the fields that Rollouts owns."""
        if not self.project:
            return []
        files = [str(f) for name, f in self.project.files().items() if not self.pins(name)]
        return unowned(kubectl_diff(files))

    def out_of_sync(self) -> list[str]:
        """What Argo CD says at rest of the Applications that are not Synced."""
        found = {name: argocd.status(name).get("sync", {}).get("status") for name in self.applications}
        return [f"{name} is {status} at rest" for name, status in found.items() if status != "Synced"]

    def has_other(self) -> bool:
        """Whether the Deployment of the other app is there."""
        listed = api.call("GET", api.path("Deployment", self.namespace))["items"]
        return any(found["metadata"]["name"] == "api" for found in listed)

    def pins(self, name: str) -> bool:
        """Whether the controller has added a whole route to this manifest."""
        return bool(self.scenario.header) and name.startswith("VirtualService/") and bool(self.pinned())

    def pinned(self) -> str | None:
        """The version that requests with the header go to now."""
        found = timeline(self.watches.events(self.namespace))
        return found[-1][1].pinned if found else None

    def forget(self) -> None:
        """Take the Application away, so that Argo CD does not put back what ends with the namespace."""
        if self.project and self.applications:
            argocd.forget(self.project.application(), self.applications)
            if self.project.app_project():
                argocd.forget_project(self.namespace)

    def clear(self) -> None:
        """End the namespace's pods at once, since nobody looks at them any more."""
        for kind in ("Rollout", "Deployment", "ReplicaSet", "Pod"):
            try:
                api.call(
                    "DELETE",
                    api.path(kind, self.namespace),
                    {"gracePeriodSeconds": 0, "propagationPolicy": "Background"},
                )
            except (OSError, api.ApiError):
                continue

    def make(self, edit: Edit) -> Played:
        """Make one edit and wait."""
        revision, before, self.found = self.newest(), self.head(), {}
        self.touched = time.time()
        applied, deleted = self.event(edit.event) if edit.event else self.apply(edit)
        settled = True
        if edit.wait is not None:
            time.sleep(edit.wait)
        elif edit.settle:
            settled = self.settle()
            self.hold()
        changed = [event.time for event in self.watches.events(self.namespace) if event.revision > revision]
        after = self.head()
        commits = (before, after) if after != before else None
        rests = self.resting() and self.all_ready()
        start = min([*changed, self.touched]) - 0.001
        return Played(edit, start, time.time(), applied, deleted, settled, commits, rests, self.found)

    def head(self) -> str:
        """The newest commit; empty where no project is."""
        return self.project.head() if self.project else ""

    def newest(self) -> int:
        """The revision of the newest change."""
        return max((event.revision for event in self.watches.events(self.namespace)), default=0)

    def apply(self, edit: Edit) -> tuple[list[Object], list[str]]:
        """Apply the manifests that changed and delete those that are gone, as a sync does."""
        wanted = self.wanted(edit)
        self.touched = time.time()
        if self.scenario.argocd is not None:
            return self.sync(wanted)
        changed = [made for name, made in wanted.items() if edit.apply_all or self.live.get(name) != made]
        gone = [name for name in self.live if name not in wanted]
        if edit.prune_first:
            self.delete(gone)
        for wave in waves(changed):
            kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": wave}))
            time.sleep(WAVE if len(wave) < len(changed) else 0)
        if gone and not edit.prune_first:
            self.prune(gone)
        self.live = wanted
        return changed, gone

    def prune(self, gone: list[str]) -> None:
        """Delete what Git has no more as Argo CD does: the last waves first, and what says so after all is healthy."""
        last = [name for name in gone if "PruneLast=true" in annotation(self.live[name], "sync-options")]
        first = [name for name in gone if name not in last and name.partition("/")[0] not in WORKLOADS]
        self.delete(sorted(first, key=lambda name: -int(annotation(self.live[name], "sync-wave") or 0)))
        if rest := [name for name in gone if name not in first]:
            self.settle()
            self.delete(sorted(rest, key=lambda name: name.partition("/")[0] not in WORKLOADS))

    def wanted(self, edit: Edit) -> dict[str, Object]:
        """The manifests after an edit by `Kind/name`: rendered from a commit, or as the facts say."""
        if self.scenario.spec is None:
            self.facts |= at_once(edit.facts)
            return {key(made): made for made in objects.manifests(self.namespace, self.facts)}
        if self.project is None:
            settings = None
            if self.scenario.argocd is not None:
                settings = {"kind": self.scenario.argocd.get("kind", "Application")}
                settings |= {"plugin": argocd.PLUGIN} if self.scenario.argocd.get("plugin") else {}
                own = {"project": self.namespace, "syncWindows": True}
                settings |= own if self.scenario.argocd.get("syncWindows") else {}
            folder = self.folder / f"{self.namespace}.project"
            self.project = Project(folder, self.namespace, self.scenario, self.lab.rollouts, settings)
        if edit.verb:
            for line in edit.verb.split("; "):  # several commits that are synced as one
                self.project.verb(line)
        elif edit.app is not None:
            self.project.edit(edit.app)
        return self.project.manifests()

    def sync(self, wanted: dict[str, Object]) -> tuple[list[Object], list[str]]:
        """Let Argo CD sync the newest commit."""
        assert self.project
        control = {"options": [], "ignores": True, **(self.scenario.argocd or {})}
        before, self.applications = self.applications, []
        own = self.project.app_project()
        if own:
            argocd.apply_project(own)
        self.applications = argocd.applied(self.project.application(), control["options"], control["ignores"])
        commit = self.project.head()
        for name in self.applications:
            if name in before:
                argocd.refresh(name)
            if own and own["spec"].get("syncWindows") and wanted != self.live:
                if not argocd.held(name, commit):
                    self.unsynced.append(f"{name} synced in a sync window")
            elif not argocd.synced(name, commit):
                self.unsynced.append(json.dumps(argocd.status(name).get("operationState") or argocd.status(name)))
            if control.get("plugin") and argocd.status(name).get("sourceType") != "Plugin":
                self.unsynced.append(f"{name} was not rendered by the plugin")
        changed = [made for name, made in wanted.items() if self.live.get(name) != made]
        gone = [name for name in self.live if name not in wanted]
        self.live = wanted
        return changed, gone

    def delete(self, names: list[str]) -> None:
        """Delete objects by `Kind/name`."""
        for name in names:
            kubectl("-n", self.namespace, "delete", "--wait=false", "--ignore-not-found", name)

    def event(self, event: str) -> tuple[list[Object], list[str]]:
        """Let something happen in the cluster that no file says."""
        what, _, argument = event.partition(" ")
        match what:
            case "controller-abort":
                argo_rollouts("-n", self.namespace, "abort", "web")
            case "controller-retry":
                argo_rollouts("-n", self.namespace, "retry", "rollout", "web")
            case "controller-down":
                self.lab.kill("rollouts")
            case "controller-up":
                self.lab.start_rollouts()
            case "controller-restart":
                self.lab.restart_rollouts()
            case "api-server-restart":
                self.lab.kill("api-server")
                self.lab.start_api_server()
            case "app-added" | "app-removed" if self.project:
                self.project.other(what == "app-added")
                self.sync(self.live)
                api.wait(lambda: self.has_other() == (what == "app-added"), 60, event)
            case "freeze" | "thaw" if self.project:
                window = {"schedule": "* * * * *", "duration": "1h", "description": "the audit"}
                self.project.freeze([window] if what == "freeze" else [])
                self.sync(self.live)
            case "sync-by-hand" if self.project:
                for name in self.applications:
                    argocd.sync_by_hand(name)
                    if not argocd.synced(name, self.project.head()):
                        self.unsynced.append(f"{name} did not sync by hand in a sync window")
            case "scale":
                kubectl("-n", self.namespace, "scale", "rollout/web", f"--replicas={argument}")
            case "prometheus-down":
                self.servers.pop().kill()
            case "prometheus-up":
                self.start_prometheus()
            case "ask":
                self.found["answer"] = asked(argument.format(namespace=self.namespace))
            case "analysis-check" if self.project:
                self.found["verdicts"] = self.project.verdicts(argument)
            case "wait":
                time.sleep(float(argument))
            case _ if what in EVENTS:
                EVENTS[what](self, argument)
            case _:
                raise ValueError(f"{self.scenario.name}: no such event: {event}")
        return [], []

    def settle(self) -> bool:
        """Wait until the controllers have seen the newest spec, are done or paused, and nothing changes any more."""
        end = time.monotonic() + PATIENCE
        time.sleep(0.3)
        while time.monotonic() < end:
            still = time.time() - self.watches.last(self.namespace)
            if still > self.quiet and self.resting() and (still > SLOW or self.all_ready()):
                return True
            time.sleep(0.1)
        return False

    def hold(self) -> None:
        """Wait until a share that versions have together was there long enough to be measured by its answers."""
        points = timeline(self.watches.events(self.namespace)) if self.loads else []
        if points and len(share := points[-1][1].share) > 1:
            since = [after for (_, old), (after, _) in pairwise(points) if old.share != share]
            time.sleep(max(0.0, max(since, default=points[0][0]) + HOLD - time.time()))

    def resting(self) -> bool:
        """Whether every workload is in a state in which it stays."""
        newest: dict[tuple[str, str], Event] = {(e.kind, e.name): e for e in self.watches.events(self.namespace)}
        found = [e.object for (kind, _), e in newest.items() if kind in ("Rollout", "Deployment") and not e.gone]
        return bool(found) and all(rests(workload) for workload in found)

    def all_ready(self) -> bool:
        """Whether every pod that is not ending is Ready."""
        newest = {e.name: e for e in self.watches.events(self.namespace) if e.kind == "Pod"}
        return all(e.gone or ending(e.object) or is_ready(e.object) for e in newest.values())

    def start_load(self, name: str, *flags: str) -> None:
        """Send requests to the application from now on."""
        host = f"web.{self.namespace}.svc.cluster.local"
        command = [*URGENT, str(program("podlab", "podlab")), "load", "-proxy", PROXY, "-host", host, *flags]
        with (self.folder / f"{self.namespace}.{name}").open("wb") as out:
            self.loads[name] = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)

    def exported(self) -> list[str]:
        """The flags of a load generator that tells clients apart, or whose answers the scenario's Prometheus counts."""
        if self.scenario.clients:
            return ["-clients", str(self.scenario.clients)]
        if not self.scenario.prometheus:
            return []
        address = f"127.0.0.1:{prometheus.metrics_port(self.scenario.prometheus['port'])}"
        return ["-metrics", address, "-namespace", self.namespace]

    def start_prometheus(self) -> None:
        """Start the scenario's own Prometheus, where it asks for one."""
        if self.scenario.prometheus:
            command = prometheus.command(self.folder / f"{self.namespace}.prometheus", **self.scenario.prometheus)
            with (self.lab.logs / f"{self.namespace}.prometheus.log").open("ab") as log:
                self.servers.append(subprocess.Popen(command, stdout=log, stderr=log))

    def stop_load(self) -> None:
        """Stop sending, and wait for the answers that are under way."""
        for process in self.loads.values():
            process.terminate()
            process.wait(30)
        self.loads = {}


def asked(host: str) -> str:
    """The version that answers a request for a host through Envoy, or the status of the answer."""
    name, _, way = host.partition("/")
    connection = http.client.HTTPConnection(PROXY, timeout=10)
    try:
        connection.request("GET", f"/{way}", headers={"Host": name})
        answer = connection.getresponse()
        return answer.headers.get("X-Version") or str(answer.status)
    finally:
        connection.close()


def at_once(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts of an edit, with `restartAt: now` as the time that it is."""
    spec = facts.get("spec") or {}
    if spec.get("restartAt") != "now":
        return facts
    return {**facts, "spec": {**spec, "restartAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}}


def annotation(made: Object, name: str) -> str:
    """One of Argo CD's annotations; empty where there is none."""
    return str((made["metadata"].get("annotations") or {}).get(f"argocd.argoproj.io/{name}", ""))


def waves(changed: list[Object]) -> list[list[Object]]:
    """Manifests in the order of their sync waves, which a user of `kubectl apply` has to keep too."""
    found: dict[int, list[Object]] = {}
    for made in changed:
        found.setdefault(int(annotation(made, "sync-wave") or 0), []).append(made)
    return [found[wave] for wave in sorted(found)]


def key(made: Object) -> str:
    """`Kind/name`."""
    return f"{made['kind']}/{made['metadata']['name']}"


def unowned(diff: str) -> list[str]:
    """The changed lines of a `kubectl diff` that are not Rollouts' own: weights of routes, hashes, its mark."""
    found, routes = [], False
    for line in diff.splitlines():
        if line.startswith("diff "):
            routes = ".VirtualService." in line
        elif line[:1] in ("+", "-") and line[:3] not in ("+++", "---") and not OWNED.search(line):
            found += [] if routes and WEIGHT.match(line) else [line]
    return found


def rests(workload: Object) -> bool:
    """Whether the controller has done what the spec says, or waits."""
    status, generation = workload.get("status", {}), workload["metadata"]["generation"]
    if str(status.get("observedGeneration")) != str(generation):
        return False
    if workload["kind"] == "Rollout":
        return status.get("phase") in RESTING and not goes_on(workload)
    wanted = workload["spec"]["replicas"]
    return bool(wanted == status.get("updatedReplicas") == status.get("availableReplicas") == status.get("replicas"))


def goes_on(rollout: Object) -> bool:
    """Whether the Rollout is in a pause that ends by itself, and while we wait."""
    status, steps = rollout["status"], rollout["spec"]["strategy"].get("canary", {}).get("steps", [])
    index = status.get("currentStepIndex")
    if status.get("phase") != "Paused" or index is None or index >= len(steps):
        return False
    duration = seconds((steps[index].get("pause") or {}).get("duration"))
    return duration is not None and duration < PATIENCE


def read_requests(path: Path) -> list[Request]:
    """The lines of a load generator."""
    if not path.exists():
        return []
    fields = [line.split(" ", 5) for line in path.read_text().splitlines()]
    return [
        Request(float(f[0]), int(f[1]), f[2], f[3], int(f[4]), f[5] if len(f) > 5 else "")
        for f in fields
        if len(f) >= 5
    ]
