"""Reads in the background what runs in clusters and what Prometheus says of it, and compares it with Git."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Self

from renderer.cluster import Target, follow, keys_folder
from renderer.failure import Failure
from renderer.live.behind import behind
from renderer.live.model import AppKey, ApplicationState, Live, LiveApp, LiveEnvironment, Source, SourceState
from renderer.live.objects import APPLICATION, KINDS, Object
from renderer.live.queries import queries
from renderer.live.reading import read_app, read_application
from renderer.live.store import Store
from renderer.project import ClusterAccess
from renderer.usecases.extras import install
from renderer.usecases.in_git import InGit
from renderer.usecases.project import Opened
from renderer.usecases.prometheus_reading import PrometheusReading, SourceReading

_POLL = 5.0  # seconds between two questions to Prometheus
_LOOKED = 60.0  # seconds for which an app counts as looked at
_GIT = 2.0  # seconds between two questions to Git for a new commit
NO_PROMETHEUS = "add `spec.clusters.{env}.prometheus` to rollspec.yaml"


@dataclass(slots=True)
class _ClusterState:
    """All that was read from one cluster, by namespace; the sink of its reader."""

    notify: Callable[[], None]
    source: SourceReading = field(default_factory=SourceReading)
    stores: dict[str, Store] = field(default_factory=dict)
    not_read: dict[Target, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def store(self, namespace: str) -> Store:
        return self.stores.setdefault(namespace, Store())

    def replaced(self, target: Target, objects: Iterable[Object]) -> None:
        with self.lock:
            self.not_read.pop(target, None)
            self.store(target.namespace).replace(target.kind.kind, objects)
        self.notify()

    def changed(self, target: Target, data: Object) -> None:
        with self.lock:
            self.store(target.namespace).put(target.kind.kind, data)
        self.notify()

    def removed(self, target: Target, name: str) -> None:
        with self.lock:
            self.store(target.namespace).remove(target.kind.kind, name)
        self.notify()

    def not_readable(self, target: Target, reason: str) -> None:
        self.not_read[target] = reason

    def is_current(self) -> None:
        was = self.source.state
        reasons = sorted(set(self.not_read.values()))
        self.source = SourceReading(SourceState.READ, "; ".join(reasons), time.time())
        if was is not SourceState.READ:
            self.notify()

    def is_lost(self, reason: str) -> None:
        self.source = SourceReading(SourceState.LOST, reason, self.source.good)
        self.notify()


class LiveReader:
    """Reads in a thread of its own until it is closed; `current` and `wait` may be called from any thread."""

    def __init__(self, opened: Opened, envs: Sequence[str], looked_at: Collection[str] = ()) -> None:
        self._always = frozenset(looked_at)
        self._looked: dict[AppKey, float] = {}  # when somebody looked at an app last
        self._git = InGit(opened, envs)
        self._settings = {env: opened.setup.project.clusters.get(env, ClusterAccess()) for env in envs}
        argocd = opened.setup.project.argocd
        self._argocd_namespace = argocd.namespace if argocd else "argocd"
        self._own_queries = queries(opened.setup.project.queries)
        self._changed = threading.Condition()
        self._number = 0
        self._started = threading.Event()
        self._clusters: dict[str, _ClusterState] = {}
        self._prometheus: dict[str, PrometheusReading] = {}
        self._apps: dict[str, dict[str, LiveApp]] = {env: {} for env in envs}
        self._made: dict[tuple[str, str], tuple[Any, ...]] = {}  # by environment and app: what its value was made from
        self._building = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="live reader", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop reading."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)

    def current(self) -> Live:
        """What is known now."""
        with self._building:
            environments = {env: self._environment(env) for env in self._settings}
            return Live(datetime.now(UTC), environments, self._number)

    def wait(self, number: int, timeout: float) -> Live:
        """What is known as soon as it is newer than `number`, or after `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > number, timeout)
        return self.current()

    def look_at(self, env: str, app: str) -> None:
        """Somebody looks at an app: its last 30 minutes are read for the next minute. Unknown names are ignored."""
        if app in self._git.expected(env):
            with self._building:
                self._looked[env, app] = time.monotonic()

    def refresh(self) -> None:
        """Read again what Git says: a commit was made."""
        if self._git.refresh():
            self._notify()

    def _notify(self) -> None:
        with self._changed:
            self._number += 1
            self._changed.notify_all()

    def _environment(self, env: str) -> LiveEnvironment:
        cluster = self._clusters.get(self._settings[env].context)
        prometheus = self._prometheus.get(env)
        if cluster is not None:
            self._build(env, cluster)
        apps = self._apps[env]
        named = {(app.namespace, name): name for name, app in apps.items()}
        statistics = {
            named[key]: versions
            for key, versions in (prometheus.statistics if prometheus else {}).items()
            if key in named
        }
        missing = Source(SourceState.MISSING, NO_PROMETHEUS.format(env=env))
        return LiveEnvironment(
            env,
            cluster.source.value() if cluster else Source(SourceState.STARTING),
            prometheus.source.value() if prometheus else missing,
            dict(apps),
            statistics,
        )

    def _build(self, env: str, cluster: _ClusterState) -> None:
        """Make the apps again that changed."""
        applications = self._applications(env)
        expected = self._git.expected(env)
        known = self._apps[env]
        with cluster.lock:
            for app, wanted in expected.items():
                store = cluster.stores.get(wanted.namespace)
                if store is None or cluster.source.good is None:
                    continue
                application = applications(wanted.namespace, app)
                made_from = (store.number(app), wanted, application)
                if app in known and self._made.get((env, app)) == made_from:
                    continue
                objects = store.objects(app)
                made = read_app(env, app, wanted.namespace, objects)
                differs = behind(app, wanted.workloads, objects)
                known[app] = replace(made, behind=differs, application=application)
                self._made[env, app] = made_from
        for app in known.keys() - expected.keys():
            del known[app]

    def _applications(self, env: str) -> Callable[[str, str], ApplicationState | None]:
        """What Argo CD says of an app, by its namespace and name: the Application that has its workload.

        One that could not read Git or the cluster has no workloads: it stands for all apps of its namespace.
        """
        settings = self._settings[env]
        cluster = self._clusters.get(settings.argocd_context or settings.context)
        found: dict[tuple[str, str], ApplicationState] = {}
        if cluster is not None:
            with cluster.lock:
                store = cluster.stores.get(self._argocd_namespace)
                listed = store.all(APPLICATION.kind) if store else []
            for data in sorted(listed, key=lambda data: env in str(data["metadata"]["name"])):
                state, resources = read_application(data), data["status"]["resources"]
                for each in resources or [{"namespace": data["spec"]["namespace"], "name": ""}]:
                    found[str(each["namespace"]), str(each["name"])] = state
        return lambda namespace, app: found.get((namespace, app)) or found.get((namespace, ""))

    def _run(self) -> None:
        with keys_folder() as keys:
            asyncio.run(self._read(keys))

    async def _read(self, keys: str) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._started.set()
        tasks = [asyncio.create_task(each) for each in self._jobs(keys)]
        await self._stop.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _jobs(self, keys: str) -> list[Any]:
        targets: dict[str, list[Target]] = {}
        for env, settings in self._settings.items():
            namespaces = self._git.namespaces(env)
            own = targets.setdefault(settings.context, [])
            own += [Target(kind, namespace) for namespace in sorted(namespaces) for kind in KINDS]
            argocd = targets.setdefault(settings.argocd_context or settings.context, [])
            argocd.append(Target(APPLICATION, self._argocd_namespace))
            if settings.prometheus:
                self._prometheus[env] = PrometheusReading(settings.prometheus, namespaces, self._own_queries)
        self._clusters = {context: _ClusterState(self._notify) for context in targets}
        follows = [
            follow(context or None, list(dict.fromkeys(wanted)), self._clusters[context], keys)
            for context, wanted in targets.items()
            if wanted
        ]
        return [*follows, *(self._ask(env, each) for env, each in self._prometheus.items()), self._watch_git()]

    async def _watch_git(self) -> None:
        while True:
            await asyncio.sleep(_GIT)
            await asyncio.to_thread(self.refresh)

    async def _ask(self, env: str, prometheus: PrometheusReading) -> None:
        while True:
            began = time.time()
            await asyncio.to_thread(prometheus.ask, began, self._shown(env))
            self._notify()
            await asyncio.sleep(max(_POLL - (time.time() - began), 0.5))

    def _shown(self, env: str) -> frozenset[str]:
        """The apps whose last 30 minutes somebody is shown: those in flight, and those that are looked at."""
        since = time.monotonic() - _LOOKED
        with self._building:
            flying = {name for name, app in self._apps[env].items() if app.is_in_flight}
            looked = {app for (there, app), at in self._looked.items() if there == env and at >= since}
        return frozenset(flying | looked | self._always)


def open_reader(opened: Opened, envs: Sequence[str], *, looked_at: Collection[str] = ()) -> LiveReader:
    """A reader of these environments, not started yet; `looked_at` are apps whose last 30 minutes are always read.

    Raises Failure without the extra that it needs.
    """
    if find_spec("kr8s") is None:
        raise Failure(f"reading clusters needs more packages: {install('board')}", 2)
    return LiveReader(opened, envs, looked_at)
