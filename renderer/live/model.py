"""What runs in the clusters, as values: versions with their pods and share, statistics, and how old each reading is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

AppKey = tuple[str, str]  # environment, app


class Role(StrEnum):
    """What a version is for its app."""

    STABLE = "Stable"  # it serves
    CANARY = "Canary"  # it gets a part of the traffic
    PREVIEW = "Preview"  # it runs, and only the preview Service leads to it
    OLD = "Old"  # pods of an earlier version that still run


class SourceState(StrEnum):
    """Whether a source can be read."""

    MISSING = "not configured"
    STARTING = "starting"  # no reading yet, and no failure either
    READ = "read"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Source:
    """A cluster or a Prometheus. `good` is the time of the last good reading, and None if there was none.

    `reason` says why the source is lost; for a source that is not configured, how to configure it.
    """

    state: SourceState
    reason: str = ""
    good: datetime | None = None

    @property
    def is_current(self) -> bool:
        """Whether its numbers may be shown as those of now."""
        return self.state is SourceState.READ

    def age(self, now: datetime) -> float | None:
        """Seconds since the last good reading; None if there was none."""
        return None if self.good is None else max((now - self.good).total_seconds(), 0.0)


@dataclass(frozen=True, slots=True)
class LiveVersion:
    """One version of an app, as its pods are labelled.

    `ready` and `desired` count pods. `share` is the percent of the traffic that goes to it as routed now: by the
    weights of the VirtualService, by the selector of the Service, or else by the ratio of ready pods. It is None if the
    app has no Service. `images` are those of the containers, in their order.
    """

    version: str
    role: Role
    ready: int
    desired: int
    share: float | None = None
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApplicationState:
    """What Argo CD says of the app's Application. `revision` is the commit that was synced last."""

    name: str
    sync: str  # Synced, OutOfSync, Unknown
    health: str  # Healthy, Progressing, Degraded, Suspended, Missing, Unknown
    revision: str = ""
    message: str = ""  # of the last sync, if it failed, or of the conditions


@dataclass(frozen=True, slots=True)
class AnalysisState:
    """An AnalysisRun of the release in flight, or the last one that failed it."""

    name: str
    phase: str  # Pending, Running, Successful, Failed, Error, Inconclusive
    message: str = ""


@dataclass(frozen=True, slots=True)
class LiveApp:
    """One app in one environment.

    `workloads` are the kinds that run it: both Deployment and Rollout during a switch, none if the cluster has neither.
    `step` counts from 0 and equals `steps` when all steps are done; it is None without steps. `behind` says in
    sentences what the cluster does not have of what Git says: a cluster with none is in step with Git. `is_aborted` is
    true if the controller itself stopped the release.
    """

    env: str
    app: str
    namespace: str
    workloads: tuple[str, ...] = ()
    versions: tuple[LiveVersion, ...] = ()
    phase: str = ""  # Healthy, Progressing, Paused, Degraded
    message: str = ""  # the controller's
    step: int | None = None
    steps: int | None = None
    is_paused: bool = False  # by the spec, or by a step that waits
    is_aborted: bool = False
    behind: tuple[str, ...] = ()
    application: ApplicationState | None = None
    analysis: tuple[AnalysisState, ...] = ()

    @property
    def is_behind(self) -> bool:
        """Whether the cluster does not have yet what Git says."""
        return bool(self.behind)

    @property
    def is_in_flight(self) -> bool:
        """Whether a new version runs that is not the stable one, or was stopped by the controller."""
        return self.is_aborted or any(each.role in (Role.CANARY, Role.PREVIEW) for each in self.versions)


@dataclass(frozen=True, slots=True)
class Series:
    """A number over time: one value for each `step` seconds, the last one at `end`; None where there was none."""

    end: datetime
    step: float
    values: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class VersionStatistics:
    """How one version answers. Every number is None if there was no traffic to measure: no traffic is not 100 %.

    `requests` is per second, `success` is the percent of requests that did not end in a server's error (HTTP and
    gRPC), `latency` has milliseconds by `p50`, `p95` and `p99`. `series` has the same numbers over the last 30
    minutes, by `requests`, `success`, `p50`, `p95` and `p99`.
    """

    version: str
    requests: float | None = None
    success: float | None = None
    latency: Mapping[str, float] = field(default_factory=dict)
    series: Mapping[str, Series] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LiveEnvironment:
    """One environment. If a source is lost, its numbers are those of the last good reading: show its age with them."""

    env: str
    cluster: Source
    prometheus: Source
    apps: Mapping[str, LiveApp] = field(default_factory=dict)
    statistics: Mapping[str, tuple[VersionStatistics, ...]] = field(default_factory=dict)  # by app


@dataclass(frozen=True, slots=True)
class Live:
    """All environments, by name. `number` grows with every change: two values with one number are equal."""

    now: datetime
    environments: Mapping[str, LiveEnvironment] = field(default_factory=dict)
    number: int = 0
