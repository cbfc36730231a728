"""The simulated cluster: what is applied, what the controllers made of it, and the points recorded on the way.

A World is changed in place by the controllers of one edit; outside it is a Cluster, a value: `edits` works on a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from renderer.manifest import Identity, Manifest
from renderer.project import Versions, numbers
from renderer.simulate.spec import DeploymentSpec, RolloutSpec

TICK = 0.02  # seconds that one pass of the controllers takes
NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Options:
    """How the engines behave in an edit."""

    rollouts: str = Versions.argo_rollouts  # version of the controller: 1.9 or 1.10, with or without a patch
    ready_after: float = 1.0  # seconds from a pod's creation to Ready
    never_ready: frozenset[str] = frozenset()  # versions whose pods never become Ready
    elapsed: float = 0.0  # seconds between the end of the last edit and this one: old pods live for 30
    controller_abort: bool = False  # the controller aborts by itself once the edit has come to rest
    prune: Literal["last", "first", "never"] = "last"  # when, for old workloads
    analysis: Literal["pass", "fail"] = "pass"  # what every analysis finds
    autoscaled: int | None = None  # pods that an autoscaler asks for, within its bounds; None: as many as there are
    apply_all: bool = False  # unchanged manifests are written again, as `kubectl apply` does
    controller_down: bool = False  # the Rollouts controller does not run; Kubernetes' own do
    horizon: float = NEVER  # seconds after which to stop, though a timed pause still runs

    @property
    def before_1_10(self) -> bool:
        """Whether the controller is older than 1.10."""
        return numbers(self.rollouts) < (1, 10)


class Pod(NamedTuple):
    """When it was made, and when it is Ready."""

    created: float
    ready: float


@dataclass(slots=True)
class ReplicaSet:
    """A ReplicaSet and its pods; what its status would say is counted from them."""

    owner: str  # `Rollout namespace/name`
    hash: str
    version: str
    labels: Mapping[str, str]
    born: int  # the order in which ReplicaSets were made
    min_ready: float
    wanted: int = 0
    desired: int = 0  # the annotation: its owner's replicas when it was scaled last
    revision: int = 0
    deadline: float | None = None  # when it is scaled down
    pods: list[Pod] = field(default_factory=list)

    def ready(self, now: float) -> int:
        """Pods that are Ready."""
        return sum(pod.ready <= now for pod in self.pods)

    def available(self, now: float) -> int:
        """Pods that have been Ready for minReadySeconds."""
        return sum(pod.ready + self.min_ready <= now for pod in self.pods)


class Weights(NamedTuple):
    """status.canary.weights: the canary's percent, and what the two sides are."""

    canary: int
    canary_hash: str
    stable_hash: str


class Run(NamedTuple):
    """An AnalysisRun: of which step, when it ends."""

    step: int | None
    ends: float


@dataclass(frozen=True, slots=True)
class RolloutStatus:
    """A Rollout's status, as far as the controller decides by it."""

    stable: str = ""
    current: str = ""
    steps: str = ""
    index: int | None = None
    aborted: bool = False
    pauses: tuple[tuple[str, float], ...] = ()  # reason, since when
    controller_pause: bool = False
    weights: Weights | None = None
    active: str = ""
    preview: str = ""
    checkpoint: bool = False
    restarted_at: str | None = None
    step_run: Run | None = None
    background_run: Run | None = None
    pre_run: Run | None = None
    post_run: Run | None = None
    phase: str = "Progressing"

    def pause(self, reason: str) -> float | None:
        """Since when the controller pauses for this reason."""
        return next((since for name, since in self.pauses if name == reason), None)


@dataclass(slots=True)
class Rollout:
    """A live Rollout."""

    key: str
    spec: RolloutSpec
    replicas: int
    status: RolloutStatus = field(default_factory=RolloutStatus)
    restart_before: float = -NEVER  # pods older than this are restarted


@dataclass(slots=True)
class Deployment:
    """A live Deployment."""

    key: str
    spec: DeploymentSpec
    replicas: int
    phase: str = "Progressing"


@dataclass(frozen=True, slots=True)
class Service:
    """A live Service: its selector, the hash that a controller added to it, and which Rollout did."""

    selector: Mapping[str, str]
    hash: str = ""
    manager: str = ""


@dataclass(frozen=True, slots=True)
class Subset:
    """A subset of a DestinationRule: labels, and the hash that the controller added to them."""

    labels: Mapping[str, str]
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A live DestinationRule; `host` is a Service's `namespace/name`."""

    host: str
    subsets: Mapping[str, Subset]
    manager: str = ""


class Destination(NamedTuple):
    """Where a route sends a part of its traffic; `host` is a Service's `namespace/name`."""

    host: str
    subset: str
    weight: int


@dataclass(frozen=True, slots=True)
class VirtualService:
    """A live VirtualService: routes by name in order, and the managed routes that the controller put before them."""

    routes: tuple[tuple[str, tuple[Destination, ...]], ...]
    managed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """A HorizontalPodAutoscaler: what it scales (`Kind namespace/name`), its bounds, and when it acts next."""

    target: str
    least: int
    most: int
    due: float = NEVER


@dataclass(slots=True)
class World:
    """Everything that lives in the simulated cluster, by `namespace/name`."""

    now: float = 0.0
    applied: dict[Identity, Manifest] = field(default_factory=dict)
    rollouts: dict[str, Rollout] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    virtual_services: dict[str, VirtualService] = field(default_factory=dict)
    autoscalers: dict[str, Autoscaler] = field(default_factory=dict)
    sets: list[ReplicaSet] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)  # template hash -> version
    births: int = 0
    writes: int = 0  # how often anything was changed: at rest it stays

    def copy(self) -> World:
        """An independent copy."""
        return replace(
            self,
            applied=dict(self.applied),
            rollouts={key: replace(rollout) for key, rollout in self.rollouts.items()},
            deployments={key: replace(deployment) for key, deployment in self.deployments.items()},
            services=dict(self.services),
            rules=dict(self.rules),
            virtual_services=dict(self.virtual_services),
            autoscalers=dict(self.autoscalers),
            sets=[replace(one, pods=list(one.pods)) for one in self.sets],
            names=dict(self.names),
        )

    def version(self, template_hash: str, label: str) -> str:
        """The name of a template: its version label; the second template with one label is `label#2`, and so on."""
        if template_hash not in self.names:
            namesakes = sum(name.partition("#")[0] == label for name in self.names.values())
            self.names[template_hash] = f"{label}#{namesakes + 1}" if namesakes else label
        return self.names[template_hash]

    def sets_of(self, owner: str) -> list[ReplicaSet]:
        """The ReplicaSets of one workload, oldest first."""
        return [one for one in self.sets if one.owner == owner]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster at rest; only `apply`, `abort` and `wait` make new ones from it."""

    world: World = field(default_factory=World)


def start() -> Cluster:
    """An empty cluster."""
    return Cluster()
