"""A metrics API for the lab: the autoscaler's controller asks it how much CPU each pod uses.

The event `cpu N` of a scenario says that the requests of its app cost N millicores from now on. A pod uses its part of
them by the share of its version. The API server passes the questions on to the lab (an APIService), as it does with
metrics-server.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from . import api
from .api import Object, Watches
from .play import Player
from .sandbox import RUN, run
from .scenario import Scenario
from .timeline import Point, ending, is_ready, labels, timeline

EVENT = "cpu"
PORT = 10444
PATIENCE = 30.0
_GROUP, _VERSION = "metrics.k8s.io", "v1beta1"
_BASE = f"/apis/{_GROUP}/{_VERSION}"
_COST = "lab.rollspec/cpu"  # annotation of a scenario's namespace: millicores
_SERVED = {
    "kind": "APIResourceList",
    "apiVersion": "v1",
    "groupVersion": f"{_GROUP}/{_VERSION}",
    "resources": [
        {"name": "pods", "singularName": "", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"]}
    ],
}


class AutoscaledPlayer(Player):
    """Plays scenarios whose load changes, too."""

    def event(self, event: str) -> tuple[list[Object], list[str]]:
        """Let the requests of the app cost more, or less; or what else can happen."""
        what, _, argument = event.partition(" ")
        if what != EVENT:
            return super().event(event)
        body = {"metadata": {"annotations": {_COST: argument}}}
        api.call("PATCH", f"/api/v1/namespaces/{self.namespace}", body, "application/merge-patch+json")
        return [], []


def is_needed(chosen: Sequence[Scenario]) -> bool:
    """Whether the load changes in one of these scenarios."""
    return any(edit.event.partition(" ")[0] == EVENT for scenario in chosen for edit in scenario.edits)


@contextmanager
def served(watches: Watches) -> Iterator[None]:
    """Serve the metrics; it begins when the API server passes questions on."""
    certificate, key = RUN / "metrics.crt", RUN / "metrics.key"
    subject = ("-subj", "/CN=metrics", "-days", "1")
    run(
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
        *subject,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", PORT), partial(_Answers, watches))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        _register()
        yield
    finally:
        server.shutdown()
        server.server_close()


def _register() -> None:
    service = {"type": "ExternalName", "externalName": "127.0.0.1", "ports": [{"port": PORT}]}
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "metrics"}, "spec": service}
    api.call("POST", api.path("Service", "lab"), body)
    spec = {
        "group": _GROUP,
        "version": _VERSION,
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "insecureSkipTLSVerify": True,
        "service": {"name": "metrics", "namespace": "lab", "port": PORT},
    }
    registration = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"{_VERSION}.{_GROUP}"},
        "spec": spec,
    }
    api.call("POST", "/apis/apiregistration.k8s.io/v1/apiservices", registration)
    api.wait(lambda: api.call("GET", _BASE)["resources"], PATIENCE, "the metrics API")


def usage(pods: Sequence[Object], point: Point, cost: float) -> list[Object]:
    """The metrics of the pods that are Ready: each version's part of the cost, on its Ready pods equally."""
    serving = [pod for pod in pods if is_ready(pod) and not ending(pod)]
    return [_metrics(pod, _part(labels(pod).get("version", ""), point, cost)) for pod in serving]


def _part(version: str, point: Point, cost: float) -> int:
    ready = point.ready.get(version, 0)
    return round(cost * point.share.get(version, 0) / 100 / ready) if ready else 0


def _metrics(pod: Object, millicores: int) -> Object:
    """All of it is used by the first container."""
    containers = [
        {"name": each["name"], "usage": {"cpu": f"{0 if number else millicores}m", "memory": "16Mi"}}
        for number, each in enumerate(pod["spec"]["containers"])
    ]
    kept = {key: pod["metadata"].get(key) for key in ("name", "namespace", "labels")}
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"metadata": kept, "timestamp": stamp, "window": "0s", "containers": containers}


class _Answers(BaseHTTPRequestHandler):
    """Answers the API server: which resources are here, and the metrics of a namespace's pods."""

    def __init__(self, watches: Watches, *arguments: object) -> None:
        self.watches = watches
        super().__init__(*arguments)  # type: ignore[arg-type]  # the server gives them, as `Any`

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        match asked.path.removeprefix(_BASE).strip("/").split("/"):
            case [""] if asked.path.startswith(_BASE):
                self._answer(200, _SERVED)
            case ["namespaces", namespace, "pods"]:
                self._answer(200, self._listed(namespace, asked.query))
            case _:
                self._answer(404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404})

    def _listed(self, namespace: str, query: str) -> Object:
        pods = api.call("GET", f"{api.path('Pod', namespace)}?{query}")["items"]
        found = api.call("GET", f"/api/v1/namespaces/{namespace}")
        cost = float((found["metadata"].get("annotations") or {}).get(_COST, 0))
        points = timeline(self.watches.events(namespace))
        items = usage(pods, points[-1][1], cost) if points else []
        return {"kind": "PodMetricsList", "apiVersion": f"{_GROUP}/{_VERSION}", "metadata": {}, "items": items}

    def _answer(self, code: int, body: Mapping[str, object]) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""
