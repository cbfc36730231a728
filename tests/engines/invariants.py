"""What must hold in every scenario, whatever it does: available pods, shares, requests, pod template hashes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

from .clients import changing
from .planned import unplanned
from .play import Played, Recording, Request
from .promise import during_edit, routed, slack
from .scenario import UNBOUNDED
from .timeline import HASH, Point, labels
from .violation import Points, Violation, stretches, windowed, windows

ROUTES = ("VirtualService", "DestinationRule")
ENOUGH = 300  # answers, for their shares to say something
OFF = 0.2  # percent of the traffic that measured shares may be off, beside what chance makes of so many answers
BY_PODS = 3.0  # the same where the ratio of pods gives the shares: Envoy prefers the pod with fewer requests
CHANCE = 4.0  # standard deviations
LAG = 2.0  # seconds from a change of the shares until Envoy surely has it
EARLY = 2.0  # seconds by which a change of the shares may be seen too late: the API server stamps whole seconds
OVERLOAD = 0.25  # a version may lack so much of the Ready pods for its share, as in the simulator
LEAST_LOAD = 100  # requests a second; 200 are asked for


def judged(recording: Recording) -> tuple[list[Violation], list[tuple[Violation, str]]]:
    """What did not hold and is not allowed; and what was, each with the reason and the bound that it kept."""
    found = sorted(broken(recording), key=lambda v: (v.invariant, v.edit, v.what))
    reasons = [allowed(recording, violation) for violation in found]
    pairs = list(zip(found, reasons, strict=True))
    return [violation for violation, why in pairs if not why], [(violation, why) for violation, why in pairs if why]


def broken(recording: Recording) -> Iterator[Violation]:
    """Everything that did not hold."""
    base = ""
    for number, played in enumerate(recording.played):
        points = recording.during(number)
        seen = {"changing": changing(recording, number, points)} if recording.scenario.clients and points else {}
        yield from expected(played, points, {**seen, **played.found})
        if number and points:
            yield from available(recording, number, points)
            yield from shares(recording, number, points, base)
            yield from unplanned(recording, number, points)
            yield from answered(recording, played, points)
            yield from held(recording, played, points)
            yield from measured(recording, number, points)
            yield from fought(recording, number)
        base = whole(points) or base
    yield from unanswered(recording)
    yield from idle(recording)
    if recording.differences:
        last = recording.played[-1].edit.title
        yield Violation("diff", last, " ".join(recording.differences)[:300], times=len(recording.differences))
    if recording.unsynced:
        last = recording.played[-1].edit.title
        yield Violation("synced", last, recording.unsynced[0][:300], times=len(recording.unsynced))
    yield from hashes(recording)


def allowed(recording: Recording, violation: Violation) -> str:
    """Why the scenario's file allows the violation, if that keeps the bound given there; else nothing."""
    edits = [played.edit.allow for played in recording.played if played.edit.title == violation.edit]
    rules = [given[violation.invariant] for given in (*edits, recording.scenario.may) if violation.invariant in given]
    if not rules or violation.longest > rules[0].longest or violation.times > rules[0].most:
        return ""
    if rules[0].most == UNBOUNDED and not violation.longest:
        return ""  # seconds are no bound for what has no window
    return str(rules[0])


def spans(points: Points, end: float) -> Iterator[tuple[float, float, Point]]:
    """Start and end of each state, and the state."""
    times = [*(at for at, _ in points), end]
    for (start, after), (_, point) in zip(itertools.pairwise(times), points, strict=True):
        yield start, after, point


def whole(points: Points) -> str:
    """The version that has all the traffic at the end, if one has."""
    share = points[-1][1].share if points else {}
    return next((version for version, part in share.items() if part == 100), "")


def expected(played: Played, points: Points, found: Mapping[str, Any]) -> Iterator[Violation]:
    """What the edit's own file says about its end: a value, or `oneOf` several."""
    title = played.edit.title
    if not played.settled:
        yield Violation("expect", title, "does not come to rest")
    last = points[-1][1] if points else None
    waited = played.settled and played.edit.wait is None
    if last and last.phase == "Degraded" and waited and "phase" not in played.edit.expect:
        yield Violation("expect", title, "it rests Degraded, which the file does not say")
    for name, value in played.edit.expect.items():
        seen = found.get(name, getattr(last, name, None))
        if not fits(seen, value):
            yield Violation("expect", title, f"{name} is {seen}, not {value}")


def fits(seen: Any, value: Any) -> bool:
    """Whether it is the value, `oneOf` several, or a number `from` one `to` another; what is missing is 0."""
    if isinstance(value, dict) and "oneOf" in value:
        return seen in value["oneOf"]
    if isinstance(value, dict) and "from" in value:
        return bool(value["from"] <= (seen or 0) <= value["to"])
    return bool(seen == value)


def available(recording: Recording, number: int, points: Points) -> Iterator[Violation]:
    """Ready pods behind what serves: never under replicas - maxUnavailable, each version enough for its share."""
    least = during_edit(recording, number)
    few = windows(points, lambda p: p.serving < least, recording.played[number].end)
    none = windows(points, lambda p: p.behind == 0, recording.played[number].end)
    over = windows(points, lambda p: bool(overloaded(p, least)), recording.played[number].end)
    title = recording.played[number].edit.title
    lowest = min(p.serving for _, p in points)
    if few:
        yield windowed("available", title, f"{lowest} pods Ready behind what serves, not {least}", few)
    elif none:
        yield windowed("available", title, "a destination with traffic has no Ready pod", none)
    elif over:
        version, ready, share = next(found for _, p in points if (found := overloaded(p, least)))
        yield windowed("available", title, f"{version} has {share:g} % and {ready} Ready pods of {least}", over)


def overloaded(point: Point, replicas: int) -> tuple[str, int, float] | None:
    """A version with too few Ready pods for its share of what `replicas` carry, its pods and its share."""
    for version, share in point.share.items():
        if point.ready.get(version, 0) < share / 100 * replicas * (1 - OVERLOAD) - 1e-9:
            return version, point.ready.get(version, 0), share
    return None


def shortest_capacity(recording: Recording) -> dict[str, int]:
    """By edit, the fewest Ready pods behind what serves."""
    found: dict[str, int] = {}
    for number, played in enumerate(recording.played[1:], 1):
        if points := recording.during(number):
            least = min(point.serving for _, point in points)
            found[played.edit.title] = min(least, found.get(played.edit.title, least))  # a title may come twice
    return found


def shares(recording: Recording, number: int, points: Points, base: str) -> Iterator[Violation]:
    """Each share goes from what it was to what it becomes and never back; the stable one may have all between."""
    title, end, off = recording.played[number].edit.title, recording.played[number].end, slack(recording, number)
    for version in sorted({v for _, point in points for v in point.share}):
        seen = [point.share.get(version, 0) for _, point in points]
        wrong = [astray(seen[: place + 1], seen[-1], off, version == base) for place in range(len(seen))]
        out = stretches([(at, bad) for (at, _), bad in zip(points, wrong, strict=True)], end)
        if out:
            what = f"{version} goes from {seen[0]} to {seen[-1]} % by way of {min(seen)} and {max(seen)} %"
            yield windowed("share", title, what, out)


def astray(seen: list[float], stop: float, slack: float, base: bool) -> bool:
    """Whether the last of these shares is a step back on the way to `stop`."""
    low = min(max(seen), stop) - slack
    high = 100.0 if base else max(min(seen), stop) + slack
    return not low <= seen[-1] <= high


def answered(recording: Recording, played: Played, points: Points) -> Iterator[Violation]:
    """A version with 10 % and more answers in every full second; one that has none answers nothing."""
    for version in sorted({v for _, point in points for v in point.share}):
        mine = [r.time for r in recording.requests if r.version == version]
        for start, end, point in spans(points, played.end):
            share = point.share.get(version, 0)
            if share >= 10 and end - start > 3:
                gaps = silent(mine, [r.time for r in recording.requests], start + 2, end)
                if gaps:
                    what = f"{version} has {share} % and does not answer"
                    yield windowed("answers", played.edit.title, what, gaps)
            elif not share and (late := [t for t in mine if start + LAG < t < end - EARLY]):
                what = f"{version} has no share and answers"
                yield Violation("answers", played.edit.title, what, late[-1] - start, len(late))


def measured(recording: Recording, number: int, points: Points) -> Iterator[Violation]:
    """Where a share stays for 5 s, the answers are shared out so, as far as chance allows."""
    title = recording.played[number].edit.title
    off = OFF if routed(recording, number) else BY_PODS
    for version, percent, seen, answers in measurements(recording, number, points):
        if abs(seen - percent) > off + CHANCE * deviation(percent, answers):
            yield Violation("answers", title, f"{version} has {percent} % and answers {seen:.1f} % of {answers}")


def measurements(recording: Recording, number: int, points: Points) -> Iterator[tuple[str, float, float, int]]:
    """Version, percent, percent of the answers, and the number of answers of all, for each share that stays."""
    for start, end, share in steady(points, recording.played[number].end):
        answers = [r.version for r in recording.requests if start + LAG < r.time < end - EARLY and r.status == 200]
        if len(answers) >= ENOUGH:
            for version, percent in share.items():
                yield version, percent, 100 * answers.count(version) / len(answers), len(answers)


def deviation(percent: float, answers: int) -> float:
    """The standard deviation, in percent, of a measured share: Envoy draws lots for each request."""
    return math.sqrt(percent * (100 - percent) / answers)


def steady(points: Points, end: float) -> Iterator[tuple[float, float, dict[str, float]]]:
    """Start, end and shares of the stretches of 5 s and more in which no share changes."""
    for share, group in itertools.groupby(spans(points, end), key=lambda span: span[2].share):
        stretch = [*group]
        start, after = stretch[0][0], stretch[-1][1]
        if after - start >= 5:
            yield start, after, share


def fought(recording: Recording, number: int) -> Iterator[Violation]:
    """Argo CD writes routes and destinations as often as Git changes them, and nobody does while nothing happens."""
    if recording.scenario.argocd is None:
        return
    played, end = recording.played[number], recording.until(number)
    wrote = [e for e in recording.events if e.kind in ROUTES and not e.gone and played.start <= e.time < end]
    if played.edit.event.startswith("wait ") and played.edit.title.startswith("nothing"):
        if wrote:
            yield Violation("fight", played.edit.title, f"{wrote[0].kind} is written at rest", times=len(wrote))
        return
    changed = sum(made["kind"] in ROUTES for made in played.applied)
    by_argocd = sum(any("argocd" in name for name in event.writers) for event in wrote)
    if by_argocd > changed:
        what = f"Git changed {changed} routes and destinations, Argo CD wrote {by_argocd}"
        yield Violation("fight", played.edit.title, what, times=by_argocd - changed)


def idle(recording: Recording) -> Iterator[Violation]:
    """The load itself: without requests nothing above says anything."""
    if not recording.scenario.load or not recording.played:
        return
    last = recording.played[-1]
    seconds = last.end - recording.played[0].end
    sent = len(recording.requests)
    if sent < LEAST_LOAD * seconds:
        yield Violation("requests", last.edit.title, f"only {sent} requests were sent in {seconds:.0f} s")


def held(recording: Recording, played: Played, points: Points) -> Iterator[Violation]:
    """A second after the route for them is there, requests with the header are answered by the version behind it."""
    for start, end, point in spans(points, played.end):
        wrong = [r for r in recording.pinned if start + 1 < r.time < end and point.pinned and r.version != point.pinned]
        if wrong:
            what = f"requests with the header went to {wrong[0].version} instead of {point.pinned}"
            yield Violation("pinned", played.edit.title, what, times=len(wrong))


def silent(times: list[float], sent: list[float], start: float, end: float) -> list[float]:
    """Stretches of a second and more without any of these times, in which 50 requests and more were sent."""
    marks = [start, *sorted(t for t in times if start < t < end), end]
    gaps = [(a, b) for a, b in itertools.pairwise(marks) if b - a >= 1.0]
    return [b - a for a, b in gaps if sum(a < t < b for t in sent) >= 50]


def unanswered(recording: Recording) -> Iterator[Violation]:
    """Every request gets an answer of the application."""
    for number, played in enumerate(recording.played):
        following = recording.played[number + 1 :]
        end = following[0].start if following else float("inf")
        for name, requests in (("requests", recording.requests), ("pinned", recording.pinned)):
            lost = [
                r for r in requests if r.status != 200 and (number == 0 or ended(r) >= played.start) and ended(r) < end
            ]
            if lost:
                yield Violation(name, played.edit.title, reasons(lost), lost[-1].time - lost[0].time, len(lost))


def ended(request: Request) -> float:
    """When a request got its answer, or none: what was under way when an edit began is lost by that edit."""
    return request.time + request.milliseconds / 1000


def reasons(lost: list[Request]) -> str:
    """Why requests failed, in Envoy's words, the most frequent one."""
    words = [f"{r.status} {r.detail}" for r in lost]
    return f"of {len(lost)} requests unanswered, most: {max(set(words), key=words.count)}"


def hashes(recording: Recording) -> Iterator[Violation]:
    """One version has one pod template hash, before and after an abort or an undo."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for event in recording.events:
        for label in (HASH, "pod-template-hash"):  # of a Rollout's, of a Deployment's
            if event.kind == "ReplicaSet" and (value := labels(event.object).get(label)):
                version = event.object["spec"]["template"]["metadata"]["labels"].get("version", "?")
                found.setdefault((label, version), {}).setdefault(value, event.time)
    for (_, version), values in sorted(found.items()):
        if len(values) > 1:
            second = sorted(values.values())[1]
            begun = [played.edit.title for played in recording.played[1:] if played.start <= second]
            title = begun[-1] if begun else recording.played[0].edit.title
            yield Violation("hashes", title, f"{version} had the hashes {', '.join(sorted(values))}", times=len(values))
