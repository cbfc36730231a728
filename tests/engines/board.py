"""`make e2e K=board`: releases on the lab with Argo CD and Prometheus, driven by clicks on the served board.

The board runs as people start it, with a token that has the Roles of docs/examples and no other right, and a real
browser has its page open. Git, the cluster and the page must agree; a bad canary is seen in time; a lost API server and
Prometheus are shown as lost, and read again. `K=board-fleet`: 2,000 Rollouts with their pods; memory of the server, and
how soon its page shows an event.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from playwright.sync_api import Browser, Error, Page, expect

from tests.support.board import server
from tests.support.browser import Click, click, launched, watched

from . import api, argocd, prometheus
from .lab import KUBECONFIG, PROXY, URGENT, Lab, create_namespace, kubectl
from .lock import ROLLOUTS, program
from .project import Project
from .sandbox import RUN
from .scenario import ROOT, Scenario
from .sentences import Report, played

NAMES = ("board", "board-fleet")
LAST = ROOT / ".tools" / "engines" / "board"  # logs and pictures of the last run
OWN_KUBECONFIG = RUN / "board.kubeconfig"
AUDIT = RUN / "audit.log"
PORT = 9190  # of the Prometheus
SEEN = 15.0  # seconds in which a bad canary must be seen
FLEET = 2000  # Rollouts
PODS = 2  # of each
THREADS = 8  # that create them
MEMORY = 300  # MB
EVENT = 2.0  # seconds
MINUTE = 60  # seconds
QUESTIONS = 75  # of a board at rest, in a minute
PATIENCE = 240.0
REFRESH = 20.0  # seconds after which Argo CD is asked to look again
SPEC = {"strategy": {"type": "Canary", "router": "istio"}, "replicas": 3}
Send = Callable[..., Any]  # method, path, body, content type -> the answer
READERS = ("reader", "hub")  # users: of the apps' namespaces, and of Argo CD's


class BoardLab(Lab):
    """The lab with the rights of a real cluster, and a log of what the board's users ask for."""

    def spawn(self, name: str, *command: str, env: dict[str, str] | None = None) -> None:
        """The API server checks rights; every other process is as in the lab."""
        if name == "api-server":
            (RUN / "tokens").write_text(f"{api.TOKEN},admin,1,system:masters\nreader,reader,2\nhub,hub,3\n")
            rules = [{"level": "Metadata", "users": READERS, "omitStages": ["RequestReceived"]}, {"level": "None"}]
            audit = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": rules}
            (RUN / "audit.json").write_text(json.dumps(audit))
            rights = [each.replace("AlwaysAllow", "RBAC") for each in command]
            command = (*rights, f"--audit-policy-file={RUN / 'audit.json'}", f"--audit-log-path={AUDIT}")
        super().spawn(name, *command, env=env)


def play(name: str) -> int:
    """Play what has this name; the exit code."""
    lab = BoardLab(ROLLOUTS[0], RUN / "logs-board")
    return played(lab, LAST, partial(_board, name, lab))


def _board(name: str, lab: Lab, report: Report) -> None:
    with launched() as browser:
        if browser is None:
            raise RuntimeError("there is no Chromium here: run `make tools`")
        try:
            if name == "board":
                argocd.start(lab)
                _release(lab, browser, report)
            else:
                _fleet(lab, browser, report)
        except Error as failed:
            raise RuntimeError(f"the browser: {failed}") from failed


@dataclass
class Shown:
    """The page of the app `web`, as a person reads it."""

    page: Page
    project: Project

    def versions(self) -> dict[str, dict[str, str]]:
        """The columns of each version by its role."""
        table = self.page.locator("[data-own] table")
        if not table.count():
            return {}
        cells = table.evaluate("(table) => [...table.rows].map((row) => [...row.cells].map((cell) => cell.innerText))")
        names, rows = cells[0], cells[1:]
        found = [dict(zip(names, (" ".join(text.split()) for text in row), strict=True)) for row in rows]
        return {row["Version"].split()[0]: row for row in found}

    def says(self, text: str) -> bool:
        """Whether the part about the cluster has this text."""
        return text in self.page.locator("[data-own]").inner_text()

    def until(self, condition: Callable[[], Any], timeout: float = PATIENCE) -> float | None:
        """Seconds until the page is so; None if it never was."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > timeout:
                return None
            self.page.wait_for_timeout(100)
        return time.monotonic() - began

    def picture(self, name: str) -> None:
        """Keep a picture of the page with the logs."""
        self.page.screenshot(path=LAST / f"{name}.png", full_page=True)


def _release(lab: Lab, browser: Browser, report: Report) -> None:
    create_namespace("board")
    project = _project(lab, "board")
    _grant("board")
    servers = [_prometheus(lab)]
    load = _load()
    try:
        with _served(project.folder, browser, "/apps/board/web.html") as (page, _):
            shown = Shown(page, project)
            _drive(shown, report)
            _bad_canary(shown, report)
            _lost(lab, servers, shown, report)
            _rights(report)
    finally:
        for process in (load, *servers):
            process.kill()


@contextmanager
def _served(folder: Path, browser: Browser, path: str) -> Iterator[tuple[Page, int]]:
    """A browser on a page of the board that people start, and the number of its process; no complaint is allowed."""
    options = {"KUBECONFIG": str(OWN_KUBECONFIG)}
    with server(folder, "--allow-commits", **options) as (process, address), watched(browser) as seen:
        seen.page.goto(address)
        expect(seen.page.get_by_role("heading", name="All apps")).to_be_visible()
        seen.page.goto(address.partition("/login")[0] + path)
        yield seen.page, process.pid


def _grant(namespace: str) -> None:
    """The Roles of docs/examples, each for one user; the board's kubeconfig has one context for each."""
    roles = list(yaml.safe_load_all((ROOT / "docs/examples/live-reader.yaml").read_text()))
    for role, user in zip(roles, READERS, strict=True):
        if user == "reader":
            role["metadata"]["namespace"] = namespace
        about = {"kind": "Role", "name": role["metadata"]["name"], "apiGroup": "rbac.authorization.k8s.io"}
        subject = {"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}
        binding = {"apiVersion": role["apiVersion"], "kind": "RoleBinding", "metadata": role["metadata"]}
        for each in (role, {**binding, "roleRef": about, "subjects": [subject]}):
            kubectl("apply", "-f", "-", stdin=json.dumps(each))
    config = json.loads(KUBECONFIG.read_text())
    cluster = config["clusters"][0]["name"]
    users = (*READERS, "nobody")  # whom the API server does not know: it is the current context
    config["users"] = [{"name": user, "user": {"token": user}} for user in users]
    config["contexts"] = [{"name": user, "context": {"cluster": cluster, "user": user}} for user in users]
    config["current-context"] = users[-1]
    OWN_KUBECONFIG.write_text(json.dumps(config))


def _project(lab: Lab, name: str) -> Project:
    scenario = Scenario(name, name, {}, [], spec=SPEC, level=2)
    project = Project(RUN / f"{name}.project", name, scenario, lab.rollouts, {"kind": "Application"})
    file = project.folder / "rollspec.yaml"
    data = yaml.safe_load(file.read_text())
    cluster = {"context": "reader", "argocdContext": "hub", "prometheus": f"http://127.0.0.1:{PORT}"}
    data["spec"]["clusters"] = {name: cluster}
    file.write_text(yaml.safe_dump(data, sort_keys=False))
    project.commit("chore: name the cluster")
    return project


def _drive(shown: Shown, report: Report) -> None:
    """A whole release by clicks alone."""
    page, project = shown.page, shown.project
    found = shown.until(lambda: shown.says("Not in the cluster"))
    report.check(found is not None, "the page says that the app is not in the cluster yet")
    report.check(shown.says("cluster is behind Git"), "before Argo CD has it, the cluster is behind Git")
    argocd.applied(project.application(), [], True)
    _agree(shown, report, "first release", {"Stable": ("1.0.0", 100)})
    _click(shown, "Release", "release", {"Tag": "2.0.0", "First share in %": "20"})
    _agree(shown, report, "2.0.0 at 20", {"Stable": ("1.0.0", 80), "Canary": ("2.0.0", 20)})
    good = shown.until(lambda: _success(shown, "Canary") > 99 and _success(shown, "Stable") > 99)
    report.check(good is not None, "the numbers of canary and stable say that both answer")
    lines = page.locator("[data-own] tbody svg")
    drawn = shown.until(lambda: lines.count() == 10)
    report.check(drawn is not None, f"with {lines.count()} lines of the last 30 minutes, side by side")
    shown.picture("canary")
    _click(shown, "Change the share", "weight", {"Share in %": "50"})
    _agree(shown, report, "at 50", {"Stable": ("1.0.0", 50), "Canary": ("2.0.0", 50)})
    _click(shown, "Promote", "promote")
    _agree(shown, report, "promote", {"Stable": ("2.0.0", 100)})


def _bad_canary(shown: Shown, report: Report) -> None:
    """Somebody else releases a version that answers 10 % errors; the abort is a click."""
    project = shown.project
    project.verb("release 3.0.0 --weight 20 --set env.FAIL_PERCENT=10")
    argocd.refresh(project.application()["metadata"]["name"])
    routed = shown.until(lambda: _share(shown, "Canary") > 0)
    seen = shown.until(lambda: 0 < _success(shown, "Canary") < 95)
    rates = [_success(shown, role) for role in ("Canary", "Stable")]
    in_time = routed is not None and seen is not None and seen <= SEEN
    report.check(
        in_time, f"a canary with 10 % errors is seen {seen and round(seen, 1)} s after it got traffic: {rates[0]} %"
    )
    report.check(rates[1] > 99, f"and the stable version answers: {rates[1]} %")
    shown.picture("bad-canary")
    _click(shown, "Abort", "abort")
    _agree(shown, report, "abort", {"Stable": ("2.0.0", 100)})


def _click(shown: Shown, button: str, verb: str, typed: dict[str, str] | None = None) -> None:
    click(shown.page, Click(button, f"{verb} web", typed or {}), env="board")
    argocd.refresh(shown.project.application()["metadata"]["name"])


def _agree(shown: Shown, report: Report, title: str, roles: dict[str, tuple[str, int]]) -> None:
    """Git, the cluster and the page say the same."""
    name = shown.project.application()["metadata"]["name"]
    commit = shown.project.head()

    def holds() -> bool:
        rows = {role: row for role, row in shown.versions().items() if role != "Old"}
        found = {role: (row["Version"].split()[1], _percent(row["Traffic"])) for role, row in rows.items()}
        text = shown.page.locator("[data-own]").inner_text()
        synced = re.search(rf"{name}: Synced, (Healthy|Suspended), commit {commit[:12]}", text)
        return found == roles and "behind Git" not in text and synced is not None

    began, took = time.monotonic(), None
    while took is None and time.monotonic() - began < PATIENCE:
        took = shown.until(holds, REFRESH)
        if took is None:  # on a busy machine, Argo CD may have given up the first look at the cluster
            argocd.refresh(name)
        else:
            took = time.monotonic() - began
    report.check(took is not None, f"{title}: Git, cluster and page agree after {took and round(took, 1)} s")
    if took is None:
        shown.picture("disagrees")
        print(f"     {shown.page.locator('[data-own]').inner_text()}\n     {argocd.status(name)}", flush=True)
        raise RuntimeError(title)
    took = shown.until(lambda: shown.says(_phase()), REFRESH)
    report.check(took is not None, f"{title}: the phase is the controller's: {_phase()}")
    weights = _weights()
    wanted = {str(share) for _, share in roles.values()}
    has_them = {str(each) for each in weights if each} == wanted
    report.check(has_them, f"{title}: the VirtualService has the weights {weights}")


def _phase() -> str:
    return str(api.call("GET", api.path("Rollout", "board", "web"))["status"].get("phase"))


def _weights() -> list[int]:
    rule = api.call("GET", api.path("VirtualService", "board", "web"))["spec"]["http"][-1]["route"]
    return [int(each.get("weight", 100)) for each in rule]


def _lost(lab: Lab, servers: list[subprocess.Popen[bytes]], shown: Shown, report: Report) -> None:
    """Kill the API server, then Prometheus, with the page open: it says so with the age, and recovers."""
    lab.kill("api-server")
    took = shown.until(lambda: shown.says("The cluster does not answer: this is what it said at"), 30)
    report.check(
        took is not None, f"{took and round(took, 1)} s after its end, the page says that the API server is lost"
    )
    report.check("Stable" in shown.versions(), "and marks what it shows as old")
    shown.picture("lost")
    lab.start_api_server()
    took = shown.until(lambda: not shown.says("does not answer"), 90)
    report.check(took is not None, f"and is itself again {took and round(took, 1)} s after the API server is back")
    servers.pop().kill()
    took = shown.until(lambda: shown.says("Prometheus does not answer"), 30)
    report.check(took is not None, f"{took and round(took, 1)} s after its end, the page says that Prometheus is lost")
    servers.append(_prometheus(lab))
    took = shown.until(lambda: not shown.says("does not answer"), 90)
    report.check(took is not None, f"and is itself again {took and round(took, 1)} s after Prometheus is back")


def _rights(report: Report) -> None:
    """What the API server heard from each user: only what its Role grants, and all of that."""
    roles = dict(zip(READERS, yaml.safe_load_all((ROOT / "docs/examples/live-reader.yaml").read_text()), strict=True))
    heard: dict[str, Counter[tuple[str, str]]] = {user: Counter() for user in READERS}
    refused, others = [], set()
    for line in AUDIT.read_text().splitlines():
        event = json.loads(line)
        about = event.get("objectRef")
        if about is None:
            others.add(event["requestURI"].partition("?")[0])
            continue
        heard[event["user"]["username"]][about["resource"], about.get("namespace", "")] += 1
        if event["verb"] not in ("get", "list", "watch") or event.get("responseStatus", {}).get("code") in (401, 403):
            refused.append((event["user"]["username"], event["verb"], about["resource"]))
    for user, namespace in (("reader", "board"), ("hub", argocd.NAMESPACE)):
        granted = {(name, namespace) for rule in roles[user]["rules"] for name in rule["resources"]}
        is_all = set(heard[user]) == granted
        report.check(is_all, f"{user} asks for all that the Role grants and nothing else: {dict(heard[user])}")
    report.check(not refused, f"nothing is refused, and nothing but get, list and watch is asked: {refused}")
    report.check(others <= {"/version/"}, f"besides that, it asks for {sorted(others)}")


def _prometheus(lab: Lab, scrape: str = "2s") -> subprocess.Popen[bytes]:
    with (lab.logs / "board.prometheus.log").open("ab") as log:
        return subprocess.Popen(prometheus.command(RUN / "board.prometheus", PORT, scrape), stdout=log, stderr=log)


def _load() -> subprocess.Popen[bytes]:
    address = f"127.0.0.1:{prometheus.metrics_port(PORT)}"
    host = ("-proxy", PROXY, "-host", "web.board.svc.cluster.local", "-rate", "100")
    command = [*URGENT, str(program("podlab", "podlab")), "load", *host, "-metrics", address, "-namespace", "board"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _percent(text: str) -> int:
    found = re.match(r"[\d.]+", text)
    return round(float(found[0])) if found else 0


def _share(shown: Shown, role: str) -> int:
    return _percent(shown.versions().get(role, {}).get("Traffic", ""))


def _success(shown: Shown, role: str) -> float:
    found = re.match(r"[\d.]+", shown.versions().get(role, {}).get("Success", ""))
    return float(found[0]) if found else 0.0


def _fleet(lab: Lab, browser: Browser, report: Report) -> None:
    """2,000 Rollouts with their ReplicaSets and pods that nothing controls, and the board's list of apps."""
    for name in ("rollouts", "controller-manager", "scheduler", "kubelet"):
        lab.kill(name)
    for name in ("fleet", argocd.NAMESPACE):
        create_namespace(name)
    folder = _fleet_project()
    _grant("fleet")
    template = api.Object(yaml.safe_load((folder / "rendered/fleet/app-00000/rollout.yaml").read_text()))
    began = time.monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda first: _create_all(template, range(first, FLEET, THREADS)), range(THREADS)))
    print(f"     made {FLEET} Rollouts with {FLEET * PODS} pods in {time.monotonic() - began:.0f} s", flush=True)
    with _counters(), _prometheus(lab, "10s") as asked:
        try:
            _shown_fleet(folder, browser, report)
        finally:
            asked.kill()


def _shown_fleet(folder: Path, browser: Browser, report: Report) -> None:
    began = time.monotonic()
    with _served(folder, browser, "/") as (page, process):
        row = page.get_by_role("row", name="app-01234")
        page.get_by_role("searchbox", name="Filter").fill("app-01234")
        expect(row).to_contain_text(f"{PODS}/{PODS} pods Ready")
        report.check(True, f"{FLEET} Rollouts are read and shown {time.monotonic() - began:.1f} s after the start")
        path = api.path("Rollout", "fleet", "app-01234") + "/status"
        sent = time.monotonic()
        api.call("PATCH", path, {"status": {"phase": "Degraded"}}, "application/merge-patch+json")
        expect(row).to_contain_text("Degraded")
        took = time.monotonic() - sent
        report.check(took <= EVENT, f"an event is on the page after {took:.2f} s")
        sent = time.monotonic()
        page.get_by_role("searchbox", name="Filter").fill("app-00077")
        expect(page.get_by_role("row", name="app-00077")).to_contain_text("pods Ready")
        report.check(time.monotonic() - sent < 1, f"the filter answers after {time.monotonic() - sent:.2f} s")
        before = _own_counters()
        page.wait_for_timeout(MINUTE * 1000)
        questions, seconds = (after - then for after, then in zip(_own_counters(), before, strict=True))
        text = (
            f"in a minute, Prometheus is asked {questions:.0f} questions about {FLEET} apps, which take {seconds:.1f} s"
        )
        report.check(0 < questions <= QUESTIONS, text)
        memory = _memory(process)
        report.check(memory < MEMORY, f"the server has taken {memory} MB at most")
        page.screenshot(path=LAST / "fleet.png")


def _own_counters() -> tuple[float, float]:
    """How many questions a Prometheus has answered, and how many seconds that took."""
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    pattern = r'^prometheus_http_request_duration_seconds_{}{{handler="/api/v1/query(?:_range)?"}} (\S+)$'
    count, total = (sum(map(float, re.findall(pattern.format(name), text, re.M))) for name in ("count", "sum"))
    return count, total


@contextmanager
def _counters() -> Iterator[None]:
    """Istio's counters of 2,000 apps that get 10 requests a second each, where the Prometheus scrapes."""
    began = time.monotonic()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            count = round((time.monotonic() - began) * 10)
            body = "".join(_counters_of(f"app-{number:05}", count) for number in range(FLEET)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", prometheus.metrics_port(PORT)), Handler) as own:
        threading.Thread(target=own.serve_forever, daemon=True).start()
        yield
        own.shutdown()


def _counters_of(app: str, count: int) -> str:
    named = f'reporter="destination",destination_workload_namespace="fleet",destination_app="{app}"'
    labels = f'{named},destination_version="1.0.0",response_code="200",grpc_response_status=""'
    buckets = "".join(
        f'istio_request_duration_milliseconds_bucket{{{labels},le="{le}"}} {count}\n' for le in ("10", "100", "+Inf")
    )
    return f"istio_requests_total{{{labels}}} {count}\n{buckets}"


def _memory(process: int) -> int:
    """The most memory that a process has had, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    assert found
    return int(found[1]) // 1024


def _create_all(template: api.Object, numbers: Sequence[int]) -> None:
    """The objects of these apps, over one connection: a new one for each of 14,000 requests takes minutes."""
    connection = api.connect()

    def send(method: str, path: str, body: object, content: str = "application/json") -> Any:
        headers = {"Authorization": f"Bearer {api.TOKEN}", "Content-Type": content}
        connection.request(method, path, json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status >= 400:
            raise api.ApiError(answer.status, text)
        return json.loads(text)

    for number in numbers:
        _create(send, template, number)
    connection.close()


def _create(send: Send, template: api.Object, number: int) -> None:
    """A Rollout at rest, its ReplicaSet and its pods, as the controllers write them."""
    name = f"app-{number:05}"
    data = json.loads(json.dumps(template).replace("app-00000", name))
    made = send("POST", api.path("Rollout", "fleet"), data)
    pod_hash = f"{number:010x}"
    status = {"phase": "Healthy", "observedGeneration": "1", "stableRS": pod_hash, "currentPodHash": pod_hash}
    _status(send, api.path("Rollout", "fleet", name), status)
    labels = {**data["spec"]["template"]["metadata"]["labels"], "rollouts-pod-template-hash": pod_hash}
    pod_template = {"metadata": {"labels": labels}, "spec": data["spec"]["template"]["spec"]}
    owned = _owned(made, f"{name}-{pod_hash}", labels)
    spec = {"replicas": PODS, "selector": {"matchLabels": labels}, "template": pod_template}
    replica_set = send(
        "POST",
        api.path("ReplicaSet", "fleet"),
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": owned, "spec": spec},
    )
    for pod in range(PODS):
        own = f"{name}-{pod_hash}-{pod}"
        metadata, spec = _owned(replica_set, own, labels), pod_template["spec"]
        send("POST", api.path("Pod", "fleet"), {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        _status(send, api.path("Pod", "fleet", own), {"conditions": [{"type": "Ready", "status": "True"}]})


def _owned(owner: api.Object, name: str, labels: dict[str, str]) -> dict[str, Any]:
    named = {key: owner["metadata"][key] for key in ("name", "uid")}
    about = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "controller": True, **named}
    return {"name": name, "namespace": "fleet", "labels": labels, "ownerReferences": [about]}


def _status(send: Send, path: str, status: dict[str, Any]) -> None:
    send("PATCH", f"{path}/status", {"status": status}, "application/merge-patch+json")


def _fleet_project() -> Path:
    """2,000 small apps; only the first one is rendered to files."""
    folder = RUN / "fleet.project"
    head = {"apiVersion": "rollspec/v1", "kind": "App"}
    spec = {"image": "example.com/web", "tag": "1.0.0", "replicas": 2, "ports": [{"name": "http", "port": 80}]}
    spec["strategy"] = {"type": "Canary"}
    (folder / "apps").mkdir(parents=True)
    (folder / "overlays/fleet").mkdir(parents=True)
    meta = {"apiVersion": "rollspec/v1", "metadata": {"name": "fleet"}}
    clusters = {"fleet": {"context": "reader", "prometheus": f"http://127.0.0.1:{PORT}"}}
    project = {"apiVersion": "rollspec/v1", "kind": "Project", "spec": {"renderLevel": 2, "clusters": clusters}}
    (folder / "rollspec.yaml").write_text(yaml.safe_dump(project))
    overlay = {**meta, "kind": "Overlay", "spec": {"namespace": "fleet"}}
    (folder / "overlays/fleet/overlay.yaml").write_text(yaml.safe_dump(overlay))
    for number in range(FLEET):
        name = f"app-{number:05}"
        (folder / f"apps/{name}.yaml").write_text(yaml.safe_dump({**head, "metadata": {"name": name}, "spec": spec}))
    rollspec = str(Path(sys.executable).parent / "rollspec")
    subprocess.run([rollspec, "render", "--app", "app-00000"], cwd=folder, check=True, capture_output=True)
    return folder
