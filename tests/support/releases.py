"""Releases played in the simulator: a spec and the cluster where it is live, what a change does, what users notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from renderer.plan import Side
from renderer.plan.outlook import summary
from renderer.plan.side import restart_mark
from renderer.rounding import fenceposts
from renderer.simulate import Cluster, Options, Timeline, apply, start
from tests.support.plans import Spec, side

QUICK = 0.1  # seconds; a few passes of the controller
ROLLOUTS = ("1.9.3", "1.10.2")


@dataclass(frozen=True)
class Fault:
    """One thing that users notice: a flag of the plan, or `few`: fewer Ready pods than the strategy keeps."""

    kind: str  # dip, over, overload, unready, few
    version: str  # "" where it is nobody's
    ready: int
    seconds: float | None  # None: it lasts

    @property
    def quick(self) -> bool:
        """Over after a few passes of the controller."""
        return self.seconds is not None and self.seconds <= QUICK


@dataclass(frozen=True)
class Live:
    """What Git says, and what the cluster made of it; the cluster is at rest."""

    side: Side
    cluster: Cluster
    options: Options
    level: int = 1  # the render level

    @property
    def spec(self) -> Spec:
        """The effective spec."""
        return dict(self.side.app.spec)


@dataclass(frozen=True)
class Change:
    """A change that was synced `elapsed` seconds after the one before."""

    old: Side
    new: Side
    elapsed: float
    timeline: Timeline

    @property
    def switched(self) -> bool:
        """Whether the strategy, the router or the stage of a switch changed."""
        was, now = self.old.app.strategy, self.new.app.strategy
        stages = [one.app.spec.get("migration") for one in (self.old, self.new)]
        return (was.type, was.router) != (now.type, now.router) or stages[0] != stages[1]

    @property
    def floor(self) -> int:
        """The Ready pods that the strategy keeps: replicas less maxUnavailable."""
        return min(_replicas(one) - _unavailable(one) for one in (self.old, self.new))

    @property
    def replicas(self) -> int:
        """The larger of the numbers of pods before and after."""
        return max(_replicas(one) for one in (self.old, self.new))


@dataclass(frozen=True)
class Excuse:
    """Why a fault is nobody's mistake, and which faults those are."""

    why: str
    holds: Callable[[Change, Fault], bool]


def begin(spec: Spec, options: Options, level: int = 1) -> Live:
    """The cluster in which the stable version of `spec` went out first, then the spec."""
    project = {"renderLevel": level}
    one = side(spec, project=project)
    quiet = side({key: value for key, value in spec.items() if key != "paused"}, project=project)
    cluster = start()
    for manifests in (quiet.stable, quiet.manifests, one.manifests):
        cluster, _ = apply(cluster, manifests, replace(options, elapsed=3600.0))
    return Live(one, cluster, options, level)


def play(live: Live, spec: Spec, elapsed: float) -> tuple[Live, Change]:
    """The spec synced, `elapsed` seconds after the change before."""
    one = side(spec, project={"renderLevel": live.level})
    cluster, timeline = apply(live.cluster, one.manifests, replace(live.options, elapsed=elapsed))
    return replace(live, side=one, cluster=cluster), Change(live.side, one, elapsed, timeline)


def faults(change: Change) -> tuple[Fault, ...]:
    """What users notice of a change."""
    if not change.timeline.points:
        return ()
    found = [Fault(flag.type, flag.version, flag.ready, flag.seconds) for flag in summary(change.timeline).flags]
    serving = _lowest_serving(change.timeline)
    return (*found, *([Fault("few", "", serving, None)] if serving < change.floor else []))


def unexcused(change: Change, excuses: Mapping[str, Excuse]) -> list[Fault]:
    """The faults that no row of the table explains."""
    return [fault for fault in faults(change) if not any(excuse.holds(change, fault) for excuse in excuses.values())]


def _lowest_serving(timeline: Timeline) -> int:
    """The fewest Ready pods behind what gets traffic, of the points that last."""
    lasting = [point for point, then in pairwise(timeline.points) if then.t > point.t]
    counts = [_serving(point.ready, point.share) for point in (*lasting, timeline.points[-1])]
    first = next((number for number, count in enumerate(counts) if count), len(counts))
    return min(counts[first:], default=0)


def _serving(ready: Mapping[str, int], share: Mapping[str, float]) -> int:
    return sum(ready.get(version, 0) for version, percent in share.items() if percent > 0)


def _replicas(one: Side) -> int:
    """0 where somebody else counts."""
    spec = one.app.spec
    count = spec["autoscaling"].get("minReplicas", 1) if "autoscaling" in spec else spec.get("replicas", 1)
    return count if isinstance(count, int) else 0


def _unavailable(one: Side) -> int:
    fields = one.app.strategy.fields
    _, unavailable = fenceposts(fields.get("maxSurge", "25%"), fields.get("maxUnavailable", 0), _replicas(one))
    return min(unavailable, _replicas(one))


def _field(one: Side, name: str, default: Any = None) -> Any:
    return one.app.strategy.fields.get(name, default)


def _by_replicas(one: Side) -> bool:
    return one.app.strategy.type == "Canary" and one.app.strategy.router == "replica"


def _recreate(change: Change, fault: Fault) -> bool:
    kinds = (change.old.app.strategy.type, change.new.app.strategy.type)
    return "Recreate" in kinds


def _given_away(change: Change, fault: Fault) -> bool:
    if change.new.app.strategy.is_routed:
        return False
    if fault.kind == "unready":
        return change.floor <= 0
    return fault.kind == "overload" and change.floor < change.replicas * 0.75


def _restarted(change: Change, fault: Fault) -> bool:
    if restart_mark(change.old) == restart_mark(change.new):
        return False
    return fault.kind != "few" or fault.ready >= change.floor - 1


def _old_pods(change: Change, fault: Fault) -> bool:
    delay = _field(change.old, "scaleDownDelaySeconds", 30)
    return change.switched and change.elapsed < delay and fault.kind in ("dip", "over")


def _dynamic(change: Change, fault: Fault) -> bool:
    return bool(_field(change.old, "dynamicStableScale")) and fault.kind in ("overload", "few")


def _by_pods(change: Change, fault: Fault) -> bool:
    if not _by_replicas(change.new) or fault.kind not in ("dip", "over"):
        return False
    third = change.old.flight is not None and change.old.running != change.new.running
    return third or _replicas(change.old) != _replicas(change.new)


def _young(change: Change, fault: Fault) -> bool:
    seconds = _field(change.new, "minReadySeconds", 0)
    return bool(seconds > _field(change.old, "minReadySeconds", 0) and change.elapsed <= seconds)


def _held(change: Change, fault: Fault) -> bool:
    return any(one.app.spec.get("paused") for one in (change.old, change.new))


def _lowered(change: Change, fault: Fault) -> bool:
    was, now = change.old.app.canary, change.new.app.canary
    lowers = was is not None and now is not None and (now.weight or 0) < (was.weight or 0)
    return lowers and change.new.app.level >= 2 and fault.kind == "dip" and fault.quick


def _nothing_runs(change: Change, fault: Fault) -> bool:
    return 0 in (one.app.spec.get("replicas") for one in (change.old, change.new))


def _no_service(change: Change, fault: Fault) -> bool:
    return bool(change.old.app.ports) != bool(change.new.app.ports) and fault.kind in ("dip", "over")


# What the engines make unavoidable, whatever the step lists are, or what a spec asks for.
UNAVOIDABLE: dict[str, Excuse] = {
    "recreate": Excuse("strategy Recreate ends every pod before a new one starts", _recreate),
    "unavailable": Excuse("maxUnavailable allows that pods are missing while others start", _given_away),
    "restart": Excuse(
        "a restart takes one pod at a time, maxUnavailable or not, and one may be all that a version has", _restarted
    ),
    "old pods": Excuse(
        "old pods live on for scaleDownDelaySeconds, and a switch within them gives them traffic again", _old_pods
    ),
    "dynamic": Excuse(
        "with dynamicStableScale pods go before the weight, and those that the controller waits for are rounded down",
        _dynamic,
    ),
    "lowered": Excuse(
        "a list without the old weight lowers a canary by way of 0, so that one which was aborted does not get it back",
        _lowered,
    ),
    "by pods": Excuse(
        "by replicas a share is the ratio of Ready pods, of a third version and of a changed number too", _by_pods
    ),
}
# What Git cannot see: the cluster is not at rest where the spec says so.
UNSEEN: dict[str, Excuse] = {
    "young": Excuse("pods younger than a new minReadySeconds are not available", _young),
    "held": Excuse(
        "what changes while the controller is paused piles up; the rule changed-while-paused warned of it", _held
    ),
    "no Service": Excuse("without a Service work goes by pods, with one by routes", _no_service),
    "nothing runs": Excuse("no pod was asked for", _nothing_runs),
}
