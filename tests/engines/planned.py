"""What `rollspec plan` said of an edit before it was applied, against what the cluster did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .api import Object
from .play import Recording
from .timeline import labels
from .violation import Points, Violation, stretches, windowed


@dataclass(frozen=True)
class Bounds:
    """What a plan says of one version's share, in percent of the traffic."""

    before: float = 0.0
    lowest: float = 0.0
    highest: float = 0.0
    after: float = 0.0


def unplanned(recording: Recording, number: int, points: Points) -> Iterator[Violation]:
    """Shares within the plan's bounds, and its end; as many Ready pods; no ReplicaSet of another version.

    A plan takes the cluster to be what Git says: after something that no commit did (a controller that aborts) nothing
    is compared but where it is so nevertheless.
    """
    plan, title, first = recording.plans.get(number), recording.played[number].edit.title, points[0][1].share
    if plan is None or (plan and plan["timeline"] is None):
        return  # no commit, or it says that it does not know
    said = bounds(plan, first)
    if not begins_so(first, said, recording.slack(number)):
        if as_git_says(recording, number):
            yield Violation("plan", title, f"it takes the shares before for {befores(said)}, and they are {first}")
        return
    yield from shares(recording, number, points, said)
    yield from ready(recording, number, points, plan)
    if made := sorted(new_versions(recording, number) - set(said)):
        yield Violation("plan", title, f"a ReplicaSet of {', '.join(made)}, which it does not name", times=len(made))


def compared(recording: Recording) -> int:
    """How many edits were held against their plan."""
    timed = [number for number, plan in recording.plans.items() if not plan or plan["timeline"]]
    starts = {number: recording.during(number)[0][1].share for number in timed if recording.during(number)}
    return sum(begins_so(s, bounds(recording.plans[n], s), recording.slack(n)) for n, s in starts.items())


def begins_so(first: dict[str, float], said: dict[str, Bounds], slack: float) -> bool:
    """Whether the shares before are those that the plan begins with."""
    return all(abs(first.get(v, 0) - said.get(v, Bounds()).before) <= slack for v in {*said, *first})


def bounds(plan: Object, before: dict[str, float]) -> dict[str, Bounds]:
    """By version (two templates with one label are one to the recorder); no plan: nothing moves."""
    if not plan:
        return {version: Bounds(share, share, share, share) for version, share in before.items()}
    tracks: dict[str, list[Any]] = {}
    for track in plan["timeline"]["tracks"]:
        tracks.setdefault(track["version"].partition("#")[0], []).append(track)
    return {version: together(mine) for version, mine in tracks.items()}


def together(tracks: Sequence[Any]) -> Bounds:
    """One version's tracks as one."""
    before, lowest, highest, after = (sum(t[key] for t in tracks) for key in ("before", "lowest", "highest", "after"))
    return Bounds(before, lowest, min(100.0, highest), after)


def befores(said: dict[str, Bounds]) -> dict[str, float]:
    """The shares that a plan takes for those before."""
    return {version: each.before for version, each in said.items()}


def as_git_says(recording: Recording, number: int) -> bool:
    """Whether the cluster had come to rest at what the commits before say, and nothing else has moved it since."""
    earlier = [each for each in recording.played[:number] if not quiet(each.edit.event)]
    return bool(earlier) and earlier[-1].commits is not None and earlier[-1].settled and earlier[-1].edit.wait is None


def quiet(event: str) -> bool:
    """Whether it is an event that changes nothing of the app."""
    return event.partition(" ")[0] in ("wait", "app-added", "app-removed")


def shares(recording: Recording, number: int, points: Points, said: dict[str, Bounds]) -> Iterator[Violation]:
    """Each version within its bounds; where the edit was waited for, as the plan says at the end."""
    played, slack = recording.played[number], recording.slack(number)
    for version in sorted({*said, *(name for _, point in points for name in point.share)}):
        it = said.get(version, Bounds())
        seen = [(at, point.share.get(version, 0)) for at, point in points]
        out = [(at, not it.lowest - slack <= share <= it.highest + slack) for at, share in seen]
        low, high, last = min(share for _, share in seen), max(share for _, share in seen), seen[-1][1]
        if any(bad for _, bad in out):
            what = f"{version} had {low:g} to {high:g} %, and it says {it.lowest:g} to {it.highest:g}"
            yield windowed("plan", played.edit.title, what, stretches(out, recording.until(number)))
        elif played.settled and played.edit.settle and played.edit.wait is None and abs(last - it.after) > slack:
            yield Violation("plan", played.edit.title, f"{version} ends at {last:g} %, and it says {it.after:g}")


def ready(recording: Recording, number: int, points: Points, plan: Object) -> Iterator[Violation]:
    """As many Ready pods as the plan says at the least, if there were as many before.

    Pods that get no traffic may go at any time: the controller takes those of older edits away 30 s after them.
    """
    first = points[0][1].ready
    counts = [
        sum(point.ready.values())
        + sum(max(0, count - point.ready.get(v, 0)) for v, count in first.items() if not point.share.get(v))
        for _, point in points
    ]
    before, least = (plan["timeline"]["ready_before"], plan["timeline"]["lowest_ready"]) if plan else (0, 0)
    title = recording.played[number].edit.title
    if counts[0] < before:
        if as_git_says(recording, number):
            yield Violation("plan", title, f"it takes {before} pods for Ready before, and {counts[0]} were")
    elif min(counts) < least:
        yield Violation("plan", title, f"{min(counts)} pods were Ready, and it says {least} at the least")


def new_versions(recording: Recording, number: int) -> set[str]:
    """The versions of which a ReplicaSet was made during an edit."""
    begun, end = recording.played[number].start, recording.until(number)
    first = {event.name: event for event in reversed(recording.events) if event.kind == "ReplicaSet"}
    made = [event for event in first.values() if begun < event.time < end]
    return {labels(event.object["spec"]["template"]).get("version", "?") for event in made}
