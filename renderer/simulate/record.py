"""The state of the cluster as a point of the timeline, taken after every change."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from renderer.simulate.state import Options, World
from renderer.simulate.timeline import Point, Timeline
from renderer.simulate.traffic import traffic


@dataclass(slots=True)
class Edit:
    """A world under change: its options, the points so far, and what they cost."""

    world: World
    options: Options
    since: float = 0.0
    points: list[Point] = field(default_factory=list)
    looks: int = 0  # at a pod

    def wrote(self) -> None:
        """Something was changed: count it, and record what it looks like."""
        self.world.writes += 1
        self.record()

    def record(self) -> None:
        """Add a point where it differs from the last one by more than its time."""
        point = state(self.world, self.since)
        if not self.points or replace(point, t=0.0) != replace(self.points[-1], t=0.0):
            self.points.append(point)

    def timeline(self, stable: str) -> Timeline:
        """What was recorded."""
        return Timeline(tuple(self.points), tuple(dict.fromkeys(self.world.names.values())), stable)


def state(world: World, since: float) -> Point:
    """The point now."""
    share, unserved, pinned = traffic(world)
    ready: Counter[str] = Counter()
    pods: Counter[str] = Counter()
    for one in world.sets:
        ready[one.version] += one.ready(world.now)
        pods[one.version] += len(one.pods)
    rollout = next(iter(world.rollouts.values()), None)
    workload = rollout or next(iter(world.deployments.values()), None)
    return Point(
        t=round(world.now - since, 3),
        share=share,
        ready={version: number for version, number in sorted(ready.items()) if number},
        pods={version: number for version, number in sorted(pods.items()) if number},
        phase=rollout.status.phase if rollout else getattr(workload, "phase", ""),
        step=rollout.status.index if rollout else None,
        requests_unserved=unserved,
        pinned=pinned,
        replicas=workload.replicas if workload else 0,
    )
