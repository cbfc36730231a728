"""What `rollspec plan` said of an edit before it was applied, against what the cluster did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .api import Object
from .play import Recording
from .promise import slack
from .timeline import Point
from .unlabelled import version_of
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
    if plan is None:
        return
    if "failed" in plan:
        yield Violation("plan", title, plan["failed"][:300])
        return
    how = comparison(recording, number, points)
    said = bounds(plan, first)
    if how == "elsewhere" and as_git_says(recording, number):
        before = {version: each.before for version, each in said.items()}
        yield Violation("plan", title, f"it takes the shares before for {before}, and they are {first}")
    if how in ("held", "in part"):
        yield from shares(recording, number, points, said, to_the_end=how == "held")
        yield from ready(recording, number, points, plan, said)
        if made := sorted(new_versions(recording, number) - set(said)):
            yield Violation(
                "plan", title, f"a ReplicaSet of {', '.join(made)}, which it does not name", times=len(made)
            )


def comparison(recording: Recording, number: int, points: Points) -> str:
    """How far an edit can be held against its plan.

    `held`; `in part`: all but its end, which was not waited for; `not simulated`; or `elsewhere`: the cluster was not
    where the plan begins.
    """
    plan, played, first = recording.plans[number], recording.played[number], points[0][1].share
    if plan.get("notSimulated"):
        return "not simulated"
    said, off = bounds(plan, first), slack(recording, number)
    if any(abs(first.get(v, 0) - said.get(v, Bounds()).before) > off for v in {*said, *first}):
        return "elsewhere"
    return "held" if played.settled and played.edit.settle and played.edit.wait is None else "in part"


def comparisons(recording: Recording) -> dict[str, int]:
    """How many edits by commits were held against their plan, and how far."""
    numbers = [number for number, plan in recording.plans.items() if "failed" not in plan and recording.during(number)]
    return dict(Counter(comparison(recording, number, recording.during(number)) for number in numbers))


def bounds(plan: Object, before: dict[str, float]) -> dict[str, Bounds]:
    """By version (two templates with one label are one to the recorder); without a timeline nothing moves."""
    if not plan.get("timeline"):
        return {version: Bounds(share, share, share, share) for version, share in before.items()}
    tracks: dict[str, list[Any]] = {}
    for track in plan["timeline"]["tracks"]:
        tracks.setdefault(_label(track["version"]), []).append(track)
    return {version: together(mine) for version, mine in tracks.items()}


def _label(name: str) -> str:
    """The label of a version by its name in the plan: `v2` of `2.0.0 (v2)`, or the tag itself."""
    return name.partition("#")[0].rstrip().removesuffix(")").rpartition("(")[2]


def together(tracks: Sequence[Any]) -> Bounds:
    """One version's tracks as one."""
    before, lowest, highest, after = (sum(t[key] for t in tracks) for key in ("before", "lowest", "highest", "after"))
    return Bounds(before, lowest, min(100.0, highest), after)


def as_git_says(recording: Recording, number: int) -> bool:
    """Whether the cluster had come to rest at what the commits before say, and nothing else has moved it since."""
    earlier = [each for each in recording.played[:number] if not quiet(each.edit.event)]
    aborted = recording.during(number)[0][1].phase == "Degraded"  # by the controller, because of an analysis
    return bool(earlier) and earlier[-1].commits is not None and recording.played[number - 1].rests and not aborted


def quiet(event: str) -> bool:
    """Whether it is an event that changes nothing of the app."""
    return event.partition(" ")[0] in ("wait", "app-added", "app-removed")


def shares(
    recording: Recording, number: int, points: Points, said: dict[str, Bounds], *, to_the_end: bool
) -> Iterator[Violation]:
    """Each version within its bounds; `to_the_end`: and at last as the plan says."""
    title, off = recording.played[number].edit.title, slack(recording, number)
    for version in sorted({*said, *(name for _, point in points for name in point.share)}):
        it = said.get(version, Bounds())
        seen = [(at, point.share.get(version, 0)) for at, point in points]
        out = [(at, not it.lowest - off <= share <= it.highest + off) for at, share in seen]
        low, high, last = min(share for _, share in seen), max(share for _, share in seen), seen[-1][1]
        if any(bad for _, bad in out):
            what = f"{version} had {low:g} to {high:g} %, and it says {it.lowest:g} to {it.highest:g}"
            yield windowed("plan", title, what, stretches(out, recording.until(number)))
        elif to_the_end and abs(last - it.after) > off:
            yield Violation("plan", title, f"{version} ends at {last:g} %, and it says {it.after:g}")


def ready(
    recording: Recording, number: int, points: Points, plan: Object, said: dict[str, Bounds]
) -> Iterator[Violation]:
    """As many Ready pods as the plan says at the least, of the versions of which it speaks.

    A version without traffic may lose its pods at any time, while another one serves: those of earlier edits go 30 s
    after them, which no plan can know.
    """
    title, timeline = recording.played[number].edit.title, plan.get("timeline")
    counts = [(at, counted(point, points[0][1], said)) for at, point in points]
    begun = counts[0][1]
    before, least = (timeline["ready_before"], timeline["lowest_ready"]) if timeline else (begun, begun)
    few = [(at, count < least) for at, count in counts]
    if begun < before:
        if as_git_says(recording, number):
            yield Violation("plan", title, f"it takes {before} pods for Ready before, and {begun} were")
    elif any(bad for _, bad in few):
        what = f"{min(count for _, count in counts)} pods were Ready, and it says {least} at the least"
        yield windowed("plan", title, what, stretches(few, recording.until(number)))


def counted(point: Point, first: Point, said: dict[str, Bounds]) -> int:
    """Ready pods; of a version without traffic, while another one has some, as many as at first."""
    idle = {version for version in said if point.share and not point.share.get(version)}
    return sum(max(point.ready.get(v, 0), first.ready.get(v, 0) if v in idle else 0) for v in said)


def new_versions(recording: Recording, number: int) -> set[str]:
    """The versions of which a ReplicaSet was made during an edit."""
    begun, end = recording.played[number].start, recording.until(number)
    first = {event.name: event for event in reversed(recording.events) if event.kind == "ReplicaSet"}
    made = [event for event in first.values() if begun < event.time < end]
    return {version_of(event.object["spec"]["template"]) for event in made}
