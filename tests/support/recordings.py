"""Recordings of the lab as values: a trace of the real controllers with requests that follow its shares exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tests.engines.play import Played, Recording, Request
from tests.engines.scenario import Scenario
from tests.engines.timeline import Point

RATE = 200  # requests a second
APART = 30.0  # seconds from the start of an edit to the next one's, at the least
QUICK = 12  # milliseconds that an answer takes


def recorded(trace: Mapping[str, Any], scenario: Scenario) -> Recording:
    """The trace as a recording in which every request is answered, by the versions in turn as the shares say."""
    recording = Recording(scenario, str(trace["rollouts"]))
    begun = 0.0
    for edit, found in zip(scenario.edits, trace["edits"], strict=True):
        times = [begun + max(0.002, point["t"]) for point in found["points"]]
        end = max(begun + APART, times[-1] + APART)
        recording.points += list(zip(times, map(point_of, found["points"]), strict=True))
        manifests, deleted = found.get("manifests", []), found.get("deleted", [])
        recording.played.append(Played(edit, begun + 0.001, end, manifests, deleted, settled=True))
        begun = end
    recording.requests = [*requests(recording)]
    return recording


def point_of(found: Mapping[str, Any]) -> Point:
    """A point of a trace, with what follows from it."""
    ready = [found["ready"].get(version, 0) for version, share in found["share"].items() if share]
    facts = {key: found[key] for key in ("share", "ready", "pods", "phase", "step")}
    return Point(serving=sum(ready), behind=min(ready, default=0), pinned=None, revisions=(), **facts)


def requests(recording: Recording) -> Iterator[Request]:
    """Requests at a steady rate from the end of the first edit on."""
    given: dict[str, float] = {}
    position, points = 0, recording.points
    for number in range(round(recording.played[0].end * RATE), round(recording.played[-1].end * RATE)):
        now = number / RATE
        while position + 1 < len(points) and points[position + 1][0] <= now:
            position += 1
        share = points[position][1].share
        for version, percent in share.items():
            given[version] = given.get(version, 0.0) + percent / 100
        if share:
            version = max(share, key=lambda name: given[name] if share[name] else -1.0)
            given[version] -= 1
            yield Request(now, 200, version, f"{version}-1", QUICK, "")


def with_points(recording: Recording, number: int, **facts: Any) -> Recording:
    """The recording with these facts at the last point of an edit."""
    start, until = recording.played[number].start, recording.until(number)
    last = max(at for at, _ in recording.points if start <= at < until)
    points = [(at, replace(point, **facts) if at == last else point) for at, point in recording.points]
    return replace(recording, points=points)
