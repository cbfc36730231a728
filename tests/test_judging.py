"""A test of the lab's judges: recordings that are broken on purpose, each of which has to fail.

The recordings are traces of the real controllers with requests that follow their shares.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tests.engines.invariants import ENOUGH, judged, measurements
from tests.engines.lock import ROLLOUTS
from tests.engines.play import Recording
from tests.engines.scenario import scenarios
from tests.support.recordings import recorded, with_points

TRACES = Path(__file__).parent.parent / "fixtures" / "traces" / ROLLOUTS[0]
RELEASE = "canary-istio-raise"
SWITCH = "switch-deployment-to-canary-istio"
SWITCH_EDIT = 1
LOST_WITHOUT_WAVES = 21  # measured: docs/engines.md
REQUESTS = 10_000


@cache
def original(name: str) -> Recording:
    trace = json.loads((TRACES / f"{name}.json").read_text())
    return recorded(trace, scenarios()[name])


def broken(recording: Recording) -> set[str]:
    """The invariants that do not hold; what a trace cannot tell (its ReplicaSets, Git's plans) is not looked at."""
    return {violation.invariant for violation in judged(recording)[0]}


def lose(recording: Recording, every: int, start: float = 0.0, most: int = REQUESTS) -> Recording:
    """The recording with one request of `every` lost from a time on, at most so many."""
    after = [n for n, request in enumerate(recording.requests) if request.time >= start]
    lost = set(after[::every][:most])
    requests = [replace(r, status=503) if n in lost else r for n, r in enumerate(recording.requests)]
    return replace(recording, requests=requests)


def answered_otherwise(recording: Recording, start: float, end: float, points: float) -> Recording:
    """The recording in which the canary answers so many points more of a stretch than its share says."""
    lots = random.Random(1)
    requests = [
        replace(r, version="v2") if start < r.time < end and r.version == "v1" and lots.random() < points / 80 else r
        for r in recording.requests
    ]
    return replace(recording, requests=requests)


@pytest.mark.parametrize("name", [RELEASE, SWITCH])
def test_what_was_recorded_holds(name: str) -> None:
    assert broken(original(name)) == set()


def test_one_request_in_2000_lost_fails() -> None:
    recording = original(RELEASE)
    assert len(recording.requests) >= REQUESTS
    assert broken(lose(recording, 2000)) == {"requests"}


def test_a_request_that_is_under_way_when_an_edit_begins_is_lost_by_that_edit() -> None:
    recording = original(RELEASE)
    start = recording.played[1].start
    requests = [
        replace(r, status=0, milliseconds=900) if start - 0.1 < r.time < start else r for r in recording.requests
    ]
    found = judged(replace(recording, requests=requests))[0]
    assert [violation.edit for violation in found] == [recording.played[1].edit.title]


def test_a_switch_without_waves_fails() -> None:
    recording = original(SWITCH)
    start = recording.played[SWITCH_EDIT].start
    assert broken(lose(recording, 1, start, LOST_WITHOUT_WAVES)) == {"requests"}


def test_a_step_list_without_the_live_weight_fails() -> None:
    """The trace of the naive list, held against a scenario that promises what rollspec's list does."""
    naive = original("canary-istio-raise-naive")
    assert "share" in broken(replace(naive, scenario=replace(naive.scenario, fails=[])))


def test_rest_in_degraded_fails_unless_the_file_says_so() -> None:
    recording = original(RELEASE)
    last = len(recording.played) - 1
    assert broken(with_points(recording, last, phase="Degraded")) == {"expect"}


@pytest.mark.parametrize("ready", [{"v1": 4}, {"v1": 1, "v2": 4}, {"v1": 2, "v2": 4}])
def test_a_version_with_too_few_pods_for_its_share_fails(ready: dict[str, int]) -> None:
    """The sum of the pods is enough each time."""
    recording = original(RELEASE)
    number = next(n for n, share in resting(recording) if share == {"v1": 80, "v2": 20})
    assert "available" in broken(with_points(recording, number, ready=ready, serving=sum(ready.values())))


def test_a_share_that_is_off_by_5_points_fails() -> None:
    recording = original(RELEASE)
    number = next(n for n, share in resting(recording) if share == {"v1": 80, "v2": 20})
    start, end = recording.played[number].start + 5, recording.until(number)
    off = answered_otherwise(recording, start, end, 5)
    measured = [seen for version, _, seen, _ in measurements(off, number, off.during(number)) if version == "v2"]
    assert measured
    assert measured[0] == pytest.approx(25, abs=1.5)
    assert broken(off) == {"answers"}


def test_a_version_without_a_share_that_answers_fails_at_once() -> None:
    recording = original(RELEASE)
    late = recording.played[0].end - 0.05
    requests = [replace(r, version="v9") if late < r.time < late + 0.02 else r for r in recording.requests]
    assert judged(replace(recording, requests=requests))[0] == []  # v9 is no version of the app
    number = next(n for n, share in resting(recording) if share == {"v2": 100})
    last = recording.until(number)
    requests = [replace(r, version="v1") if last - 2.02 < r.time < last - 2 else r for r in recording.requests]
    assert "answers" in broken(replace(recording, requests=requests))


def test_shares_are_measured_with_enough_answers() -> None:
    recording = original(RELEASE)
    for number in range(1, len(recording.played)):
        for _, _, _, answers in measurements(recording, number, recording.during(number)):
            assert answers >= ENOUGH


def resting(recording: Recording) -> Iterator[tuple[int, dict[str, float]]]:
    """The number of each edit but the first, and the shares at its end."""
    for number in range(1, len(recording.played)):
        yield number, recording.during(number)[-1][1].share
