"""A small client for the lab's API server: requests with plain data, and watches that remember every change."""

from __future__ import annotations

import contextlib
import http.client
import json
import math
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

Object = dict[str, Any]
TOKEN = "token"  # noqa: S105  the lab's API server knows no other
KINDS = {
    "Pod": "/api/v1/{}pods",
    "Service": "/api/v1/{}services",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/{}endpointslices",
    "ReplicaSet": "/apis/apps/v1/{}replicasets",
    "Deployment": "/apis/apps/v1/{}deployments",
    "Rollout": "/apis/argoproj.io/v1alpha1/{}rollouts",
    "AnalysisRun": "/apis/argoproj.io/v1alpha1/{}analysisruns",
    "VirtualService": "/apis/networking.istio.io/v1/{}virtualservices",
    "DestinationRule": "/apis/networking.istio.io/v1/{}destinationrules",
}


class ApiError(RuntimeError):
    """The API server refused; `code` is the HTTP status, `message` what its answer says."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text[:600]}")
        self.code = code
        self.message = str(json.loads(text).get("message", text)) if text.startswith("{") else text


def connect(timeout: float | None = 30) -> http.client.HTTPSConnection:
    """A connection to the API server; its certificate is its own and not checked."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection("127.0.0.1", 6443, timeout=timeout, context=context)


def call(method: str, path: str, body: object = None, content: str = "application/json") -> Any:
    """One request; returns the answer's data (or its text, when it is no JSON)."""
    connection = connect()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": content}
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status >= 400:
        raise ApiError(answer.status, text)
    return json.loads(text) if text.startswith(("{", "[")) else text


def path(kind: str, namespace: str = "", name: str = "") -> str:
    """The path of a kind of KINDS, of all namespaces or of one, or of one object."""
    return KINDS[kind].format(f"namespaces/{namespace}/" if namespace else "") + (f"/{name}" if name else "")


def wait(condition: Any, timeout: float, what: str, every: float = 0.05) -> Any:
    """Call `condition` until it gives something true, and return that; a server that is not up counts as false."""
    end = time.monotonic() + timeout
    error: Exception | None = None
    while time.monotonic() < end:
        try:
            if value := condition():
                return value
        except (OSError, ApiError, http.client.HTTPException) as failed:
            error = failed
        time.sleep(every)
    raise TimeoutError(f"{what}: not within {timeout:.0f} s ({error})")


@dataclass(frozen=True)
class Event:
    """One change of one object, as a watch saw it; `revision` orders the changes of all kinds.

    `time` is in Unix seconds: when it was seen here. On a busy machine that may be seconds late, so it is never after
    the end of the second in which the API server says that a manager wrote it.
    """

    time: float
    revision: int
    kind: str
    gone: bool
    object: Object
    writers: frozenset[str] = frozenset()  # field managers that made the change

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.object["metadata"]["name"])


def wrote(before: dict[str, Object], after: dict[str, Object]) -> frozenset[str]:
    """The field managers that made a change: one that only loses a field to another keeps its entry's time."""
    changed = [name for name, entry in after.items() if before.get(name) != entry]
    late = [name for name in changed if before.get(name, {}).get("time") != after[name].get("time")]
    return frozenset(late or changed)


def latest(before: dict[str, Object], after: dict[str, Object]) -> float:
    """The end of the second in which managers changed an object, in Unix seconds; infinite where no stamp says so."""
    stamps = {entry["time"] for name, entry in after.items() if before.get(name, {}).get("time") != entry.get("time")}
    return max(datetime.fromisoformat(stamp).timestamp() for stamp in stamps) + 1 if stamps else math.inf


def in_time(events: Sequence[Event]) -> list[Event]:
    """Events in the order of their revisions, none of them later than one that came after it."""
    found, end = [], math.inf
    for event in reversed(events):
        end = min(end, event.time)
        found.append(event if event.time == end else replace(event, time=end))
    return found[::-1]


class Watches:
    """Watches every kind of KINDS in all namespaces, and keeps each namespace's events."""

    def __init__(self) -> None:
        """Start watching; an object that is there already counts as an event."""
        self._lock = threading.Lock()
        self._events: dict[str, list[Event]] = {}
        self._known: set[tuple[str, str, int, bool]] = set()
        self._managed: dict[str, dict[str, Object]] = {}
        for kind in KINDS:
            threading.Thread(target=self._follow, args=(kind,), daemon=True).start()

    def events(self, namespace: str) -> list[Event]:
        """All events of a namespace, in the order in which the API server stored the changes."""
        with self._lock:
            events = sorted(self._events.get(namespace, ()), key=lambda event: event.revision)
        return in_time(events)

    def last(self, namespace: str) -> float:
        """When the namespace's last change was seen, in Unix seconds."""
        with self._lock:
            return max((event.time for event in self._events.get(namespace, ())[-20:]), default=0.0)

    def _follow(self, kind: str) -> None:
        since = 0
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                since = self._stream(kind, since)
            time.sleep(0.1)

    def _stream(self, kind: str, since: int) -> int:
        connection = connect(timeout=None)
        resume = f"&resourceVersion={since}" if since else ""
        connection.request("GET", f"{path(kind)}?watch=true{resume}", headers={"Authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        if answer.status != 200:  # the server starts, or the revision is too old
            raise OSError(f"watch of {kind}: {answer.status}")
        while line := answer.readline():
            change = json.loads(line)
            if change["type"] == "ERROR":
                return 0
            since = max(since, self._keep(kind, change["type"] == "DELETED", change["object"]))
        return since

    def _keep(self, kind: str, gone: bool, found: Object) -> int:
        revision = int(found["metadata"]["resourceVersion"])
        managed = {str(entry["manager"]): entry for entry in found["metadata"].pop("managedFields", ())}
        before = self._managed.get(found["metadata"]["uid"], {})
        self._managed[found["metadata"]["uid"]] = managed
        seen = min(time.time(), latest(before, managed))
        event = Event(seen, revision, kind, gone, found, wrote(before, managed))
        known = (kind, found["metadata"]["uid"], revision, gone)
        with self._lock:
            if known not in self._known:  # a watch that starts again tells of everything that is there once more
                self._known.add(known)
                self._events.setdefault(found["metadata"].get("namespace", ""), []).append(event)
        return revision
