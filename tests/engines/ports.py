"""`make e2e K=ports`: a canary by Istio with several routes: two HTTP ports, an HTTP route of its own, gRPC and TCP.

The pods speak HTTP on every port, so a TCP connection can say which version took it. All gRPC calls share one
connection, as those of a gRPC client do.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import grpc

from . import api
from .api import Watches
from .lab import Lab, create_namespace
from .lock import ROLLOUTS
from .play import HOLD, Player
from .sandbox import RUN
from .scenario import ROOT, Edit, Scenario
from .sentences import Report, played

NAMES = ("ports",)
LAST = ROOT / ".tools" / "engines" / "ports"  # logs of the last run
PORTS = {"http": 80, "http-admin": 81, "tcp": 9000, "grpc": 9100}
SPEC = {
    "strategy": {"type": "Canary", "router": "istio"},
    "ports": [{"name": name, "port": port, "targetPort": 8000 + port} for name, port in PORTS.items()],
    "istio": {"routes": [{"name": "api", "match": [{"uri": {"prefix": "/api"}}], "timeout": "9s"}]},
}
# Each edit, and the canary's share after it.
EDITS = (
    (Edit("release at 20 %", verb="release 2.0.0 --version v2 --weight 20"), 20),
    (Edit("weight 50", verb="weight 50"), 50),
    (Edit("abort", verb="abort"), 0),
    (Edit("release at 10 %", verb="release 3.0.0 --version v3 --weight 10"), 10),
    (Edit("promote", verb="promote"), 100),
)
POINTS = 5.0  # by which a share of about 1,400 answers may be off
WORKERS, PAUSE = 4, 0.03  # of each kind of requests
METHOD = "/lab.Pod/Version"  # the pods answer any method
LAG = 2.0  # seconds from a change of the weights until Envoy surely has it


class Answer(NamedTuple):
    """What a request got: the version that answered, or why none did."""

    time: float
    version: str
    error: str


Ask = Callable[[], str]  # sends a request; the version that answered, or an OSError


@dataclass
class Requests:
    """Requests of several kinds, sent all the time."""

    asks: dict[str, Ask]
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def sent(self) -> Iterator[None]:
        """Send them meanwhile."""
        self.answers = {kind: [] for kind in self.asks}
        workers = [threading.Thread(target=self._send, args=(kind,)) for kind in self.asks for _ in range(WORKERS)]
        for worker in workers:
            worker.start()
        try:
            yield
        finally:
            self.ended.set()
            for worker in workers:
                worker.join()

    def _send(self, kind: str) -> None:
        while not self.ended.wait(PAUSE):
            sent = time.time()
            try:
                self.answers[kind].append(Answer(sent, self.asks[kind](), ""))
            except (OSError, http.client.HTTPException) as failed:
                self.answers[kind].append(Answer(sent, "", f"{type(failed).__name__} {failed}"))

    def since(self, kind: str, start: float) -> list[Answer]:
        """The answers to requests that were sent from a time on."""
        return [each for each in list(self.answers[kind]) if each.time >= start]


def play(name: str) -> int:
    """Play it on each version of Rollouts; the exit code."""
    assert name in NAMES
    codes = [
        played(lab, LAST / lab.rollouts, partial(_ports, lab))
        for lab in (Lab(version, RUN / f"logs-ports-{version}") for version in ROLLOUTS)
    ]
    return max(codes)


def _ports(lab: Lab, report: Report) -> None:
    scenario = Scenario("ports", "a canary with several routes", {}, [], spec=SPEC, load=False)
    create_namespace(scenario.name)
    player = Player(lab, Watches(), scenario, lab.logs)
    player.make(Edit("first release"))
    requests = Requests(_asks(f"web.{scenario.name}.svc.cluster.local"))
    api.wait(lambda: all(ask() == "v1" for ask in requests.asks.values()), 60, "an answer on every port")
    with requests.sent():
        for edit, share in EDITS:
            _edited(player, requests, (edit, share), report)
    for kind, answers in requests.answers.items():
        lost = Counter(each.error for each in answers if each.error)
        what = f": {dict(lost.most_common(2))}" if lost else ""
        report.check(not lost, f"{lab.rollouts}, {kind}: {lost.total()} of {len(answers)} requests are lost{what}")


def _edited(player: Player, requests: Requests, asked: tuple[Edit, int], report: Report) -> None:
    """Make an edit, wait until it rests, and count who answers then."""
    edit, share = asked
    version = player.make(edit)
    report.check(version.settled, f"{player.lab.rollouts}, {edit.title}: it comes to rest")
    start = time.time() + LAG
    time.sleep(LAG + HOLD)
    running = max(each.version for kind in requests.asks for each in requests.since(kind, 0.0))
    for kind in requests.asks:
        answered = [each for each in requests.since(kind, start) if not each.error]
        part = 100 * sum(each.version == running for each in answered) / max(1, len(answered))
        known = part == share if share in (0, 100) else abs(part - share) <= POINTS
        what = f"{running} has {part:.1f} % of {len(answered)} answers, and the weight is {share}"
        report.check(bool(answered) and known, f"{player.lab.rollouts}, {edit.title}, {kind}: {what}")


def _asks(host: str) -> dict[str, Ask]:
    """Envoy listens on 127.0.0.1 for each port: nothing intercepts the lab's connections.

    Its port for proxied requests is of no use here: for a Service of several ports, istiod leaves the name without a
    port out of some pushes.
    """
    http, admin, tcp, calls = (f"127.0.0.1:{port}" for port in PORTS.values())
    return {
        "http": partial(_ask, http, host, "/"),
        "a route of its own": partial(_ask, http, host, "/api"),
        "http on another port": partial(_ask, admin, host, "/"),
        "tcp": partial(_ask, tcp, host, "/"),
        "grpc": partial(_call, grpc.insecure_channel(calls, [("grpc.default_authority", host)]).unary_unary(METHOD)),
    }


def _ask(to: str, host: str, path: str) -> str:
    """A request on a connection of its own."""
    connection = http.client.HTTPConnection(to, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": host, "Connection": "close"})
        answer = connection.getresponse()
        text = answer.read().decode().strip()
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise OSError(f"{answer.status} {text}")
    return answer.headers["X-Version"]


def _call(method: grpc.UnaryUnaryMultiCallable[bytes, bytes]) -> str:
    """A gRPC call; its answer is the version."""
    try:
        return method(b"", timeout=10).decode()
    except grpc.RpcError as failed:
        raise OSError(f"{failed.code().name} {failed.details()}") from failed
