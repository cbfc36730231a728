"""What an edit did over time, as a value: points, and the moments in them that a reviewer must know about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import inf

TOLERANCE = 0.05  # percent: shares by pods are fractions
OVERLOAD = 0.25  # a version may miss a quarter of the pods that its share asks for


@dataclass(frozen=True, slots=True)
class Point:
    """The state at one time; versions are named by the label `version` of their pods."""

    t: float  # seconds since the edit
    share: Mapping[str, float]  # percent of the traffic
    ready: Mapping[str, int]  # Ready pods
    pods: Mapping[str, int]  # pods that are not ending
    phase: str  # of the Rollout, else of the Deployment: Healthy, Progressing, Paused, Degraded
    step: int | None  # index in the canary's step list
    requests_unserved: bool  # some of the traffic has no Ready pod behind it
    pinned: str | None = None  # the version that requests with the pinned header go to
    replicas: int = 0  # how many pods the workload should have


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch of time in which something is wrong; `end` is infinite where it lasts."""

    type: str  # "dip", "over", "overload", "unready"
    version: str  # "" where no version has a Ready pod
    start: float
    end: float
    share: float  # the version's share in it: the lowest of a dip, else the highest
    ready: int  # the fewest Ready pods of the version (or of all) in it


@dataclass(frozen=True)
class Timeline:
    """The points of one edit in order; the first one is the state before it."""

    points: tuple[Point, ...]
    versions: tuple[str, ...] = ()  # `v2#2`: the second template seen that has the label `version: v2`
    stable: str = ""  # the stable version before the edit

    def shares(self, version: str) -> tuple[float, ...]:
        """The version's share at each change of it, in order."""
        values = [point.share.get(version, 0.0) for point in self.points]
        return tuple(values[:1]) + tuple(after for before, after in pairwise(values) if after != before)

    @cached_property
    def lowest_ready(self) -> int:
        """The fewest Ready pods of all versions together; from the first Ready pod on where nothing ran before."""
        return min((sum(point.ready.values()) for point in self._serving()), default=0)

    @cached_property
    def highest_pods(self) -> int:
        """The most pods of all versions together (a quota must allow them)."""
        return max((sum(point.pods.values()) for point in self.points), default=0)

    @cached_property
    def dips(self) -> tuple[Moment, ...]:
        """Where a version's share is under the lower (`dip`) or over the higher (`over`) of those before and after.

        The stable version may always serve more: where that matters, another one's dip shows it.
        """
        found = [moment for version in self.versions for moment in self._outside(version)]
        return tuple(sorted(found, key=lambda moment: (moment.start, moment.version)))

    @cached_property
    def overload(self) -> tuple[Moment, ...]:
        """Where a version has traffic for more pods than are Ready, by more than a quarter.

        Pods are asked for by the smaller of the replicas before and after: an edit that adds some was not short before.
        """
        replicas = min((point.replicas for point in (*self.points[:1], *self.points[-1:])), default=0)
        versions = (
            self._moments("overload", v, lambda point, v=v: _overloaded(point, v, replicas))  # type: ignore[misc]
            for v in self.versions
        )
        return tuple(sorted((m for moments in versions for m in moments), key=lambda m: (m.start, m.version)))

    @cached_property
    def unready(self) -> tuple[Moment, ...]:
        """Where a version gets traffic without a Ready pod, or requests go nowhere at all."""
        versions = (self._moments("unready", v, lambda point, v=v: _unready(point, v)) for v in self.versions)  # type: ignore[misc]
        found = [moment for moments in versions for moment in moments]
        return tuple(sorted([*found, *self._moments("unready", "", _nowhere)], key=lambda m: (m.start, m.version)))

    def _serving(self) -> tuple[Point, ...]:
        """The points from the first one with a Ready pod on."""
        first = next((i for i, point in enumerate(self.points) if any(point.ready.values())), len(self.points))
        return self.points[first:]

    def _outside(self, version: str) -> Iterable[Moment]:
        before, after = (self.points[i].share.get(version, 0.0) for i in (0, -1))
        low, high = min(before, after) - TOLERANCE, max(before, after) + TOLERANCE
        yield from self._moments("dip", version, lambda point: point.share.get(version, 0.0) < low)
        if version != self.stable:
            yield from self._moments("over", version, lambda point: point.share.get(version, 0.0) > high)

    def _moments(self, type_: str, version: str, wrong: Callable[[Point], bool]) -> Iterable[Moment]:
        """Each stretch of points for which `wrong` holds."""
        serving = self._serving()
        run: list[Point] = []
        for point in serving:
            if wrong(point):
                run.append(point)
            elif run:
                yield _moment(type_, version, run, point.t)
                run = []
        if run:
            yield _moment(type_, version, run, inf)


def _moment(type_: str, version: str, run: list[Point], end: float) -> Moment:
    shares = [point.share.get(version, 0.0) for point in run]
    ready = [point.ready.get(version, 0) if version else sum(point.ready.values()) for point in run]
    return Moment(type_, version, run[0].t, end, min(shares) if type_ == "dip" else max(shares), min(ready))


def _overloaded(point: Point, version: str, replicas: int) -> bool:
    needed = point.share.get(version, 0.0) / 100 * replicas
    return 0 < point.ready.get(version, 0) < needed * (1 - OVERLOAD) - 1e-9


def _unready(point: Point, version: str) -> bool:
    return point.share.get(version, 0.0) > 0 and not point.ready.get(version, 0)


def _nowhere(point: Point) -> bool:
    return point.requests_unserved and not any(_unready(point, version) for version in point.share)
