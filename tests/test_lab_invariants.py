"""Each invariant of the lab breaks when it should, and only then: on recordings that are written down here."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.engines.api import Event, wrote
from tests.engines.invariants import deviation, judged, steady
from tests.engines.planned import compared
from tests.engines.play import Played, Recording, Request, at_once
from tests.engines.report import extremes, result
from tests.engines.scenario import Scenario, edit
from tests.engines.timeline import Point
from tests.engines.violation import windowed

Object = dict[str, Any]
START = 100.0


def point(share: dict[str, float], ready: int = 4) -> Point:
    return Point(share, {"v1": ready}, {"v1": ready}, ready, ready, None, "Healthy", None, ())


def rollout(by_istio: bool = True) -> Object:
    canary: Object = {"trafficRouting": {"istio": {}}} if by_istio else {}
    spec = {"replicas": 4, "strategy": {"canary": canary}}
    return {"kind": "Rollout", "metadata": {"name": "web"}, "spec": spec}


def recording(
    points: list[tuple[float, Point]], given: Object | None = None, seconds: float = 10, **more: Any
) -> Recording:
    """A first release, and one edit at START that is looked at for so long."""
    first = Played(edit(0, {"title": "first"}), 0, START - 1, [rollout()], [], settled=True, commits=("", "a"))
    second = Played(edit(1, {"title": "second", **(given or {})}), START, START + seconds, [], [], True, ("a", "b"))
    scenario = Scenario("one", "One", {}, [first.edit, second.edit], load=False, argocd=more.pop("argocd", None))
    return Recording(scenario, "1.10.2", [first, second], [(1, point({"v1": 100})), *points], **more)


def broken(of: Recording) -> list[str]:
    return [str(violation) for violation in judged(of)[0]]


def answers(percent: float, count: int, seconds: float = 10) -> list[Request]:
    """So many answers in these seconds, of which v2 gave `percent`."""
    mine = round(count * percent / 100)
    versions = ["v2"] * mine + ["v1"] * (count - mine)
    random.Random(1).shuffle(versions)
    return [Request(START + seconds * n / count, 200, version, "", 1, "") for n, version in enumerate(versions)]


def plan(lowest: float = 80, highest: float = 100, after: float = 80, ready: int = 4, before: float = 100) -> Object:
    track = {"version": "v1", "before": before, "lowest": lowest, "highest": highest, "after": after}
    other = {"version": "v2", "before": 100 - before, "lowest": 0, "highest": 100 - lowest, "after": 100 - after}
    return {"timeline": {"tracks": [track, other], "ready_before": 4, "lowest_ready": ready}}


MOVED = [(START + 1, point({"v1": 80, "v2": 20}))]


def test_a_plan_that_came_true_is_no_violation() -> None:
    assert broken(recording(MOVED, plans={1: plan()})) == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            plan(lowest=90, after=90),
            "plan: second: v1 had 80 to 100 %, and it says 90 to 100, for 9.000 s at the longest",
        ),
        (plan(after=100), "plan: second: v1 ends at 80 %, and it says 100"),
        (plan(ready=5), "plan: second: 4 pods were Ready, and it says 5 at the least"),
        (plan(before=50), "plan: second: it takes the shares before for {'v1': 50, 'v2': 50}, and they are"),
        ({}, "plan: second: v1 had 80 to 100 %, and it says 100 to 100, for 9.000 s at the longest"),
    ],
)
def test_what_a_plan_did_not_say_is_a_violation(said: Object, words: str) -> None:
    assert words in "\n".join(broken(recording(MOVED, plans={1: said})))


def test_a_plan_is_not_held_to_what_no_commit_did() -> None:
    one = recording(MOVED, plans={1: plan(before=50)})
    event = Played(edit(1, {"event": "controller-abort"}), START - 1, START, [], [], settled=True)
    after = Recording(
        one.scenario, one.rollouts, [one.played[0], event, one.played[1]], one.points, plans={2: plan(before=50)}
    )
    assert broken(after) == []


def test_a_replica_set_that_the_plan_does_not_name_is_a_violation() -> None:
    template = {"metadata": {"labels": {"version": "v9"}}}
    made = {"metadata": {"name": "web-9", "labels": {}}, "spec": {"template": template}}
    event = Event(START + 2, 5, "ReplicaSet", gone=False, object=made)
    assert broken(recording(MOVED, plans={1: plan()}, events=[event])) == [
        "plan: second: a ReplicaSet of v9, which it does not name"
    ]


def test_answers_are_shared_out_as_the_routes_say_as_far_as_chance_allows() -> None:
    assert broken(recording(MOVED, requests=answers(20, 2000))) == []
    assert broken(recording(MOVED, requests=answers(24, 2000))) == []
    assert "v2 has 20 % and answers 31" in "\n".join(broken(recording(MOVED, requests=answers(30, 2000))))
    assert broken(recording(MOVED, requests=answers(30, 300))) == []  # too few to tell


def test_the_deviation_of_a_share_is_that_of_drawing_lots() -> None:
    assert deviation(50, 2500) == pytest.approx(1.0)
    assert deviation(0, 100) == deviation(100, 100) == 0


def test_a_share_is_steady_over_points_that_leave_it() -> None:
    points = [
        (0.0, point({"v1": 100})),
        (2.0, point({"v1": 100}, 3)),
        (6.0, point({"v1": 80})),
        (8.0, point({"v1": 70})),
    ]
    assert [(start, end) for start, end, _ in steady(points, 20)] == [(0.0, 6.0), (8.0, 20)]


def route(at: float, *writers: str) -> Event:
    made = {"metadata": {"name": "web"}}
    return Event(at, int(at * 10), "VirtualService", gone=False, object=made, writers=frozenset(writers))


def test_argocd_writes_a_route_as_often_as_git_changes_it() -> None:
    quiet = [route(START + 1, "rollouts-controller"), route(START + 2, "rollouts-controller")]
    assert broken(recording(MOVED, argocd={}, events=quiet)) == []
    fight = [route(START + 1, "argocd-controller"), route(START + 2, "rollouts-controller")]
    assert broken(recording(MOVED, argocd={}, events=fight)) == [
        "fight: second: Git changed 0 routes and destinations, Argo CD wrote 1"
    ]
    assert broken(recording(MOVED, events=fight)) == []  # no Argo CD in this scenario


def test_nobody_writes_a_route_while_nothing_happens() -> None:
    rest = {"title": "nothing happens", "event": "wait 10"}
    still = [(START + 1, point({"v1": 100}))]
    assert broken(recording(still, rest, argocd={})) == []
    found = broken(recording(still, rest, argocd={}, events=[route(START + 1, "rollouts-controller")]))
    assert found == ["fight: nothing happens: VirtualService is written at rest"]


def test_a_manager_that_only_lost_a_field_to_another_wrote_nothing() -> None:
    before = {"argocd": {"time": "1", "fields": ["a", "b"]}}
    after = {"argocd": {"time": "1", "fields": ["a"]}, "rollouts": {"time": "2", "fields": ["b"]}}
    assert wrote(before, after) == {"rollouts"}
    assert wrote(after, after) == set()
    assert wrote({}, before) == {"argocd"}


def test_restart_at_now_is_the_time_of_the_edit() -> None:
    assert at_once({"version": "v2"}) == {"version": "v2"}
    assert at_once({"spec": {"restartAt": "now", "replicas": 3}})["spec"].keys() == {"restartAt", "replicas"}
    assert at_once({"spec": {"restartAt": "now"}})["spec"]["restartAt"] != "now"


def test_how_many_edits_were_held_against_their_plan_and_how_long_traffic_moved_are_told() -> None:
    one = recording(MOVED, plans={1: plan()})
    assert compared(one) == 1
    assert compared(recording(MOVED, plans={1: plan(before=50)})) == 0
    assert compared(recording(MOVED, plans={1: {"timeline": None}})) == 0
    assert extremes([result(one.scenario, "1.10.2", one, [], [])]) == [
        "no window in which anything did not hold",
        "1 of 1 edits by commits were held against their plan, the rest began elsewhere",
        "traffic moved in 1 edits; it stood 1.00 to 1.00 s after them",
    ]


def test_the_shortest_and_the_longest_window_are_told_of_each_invariant() -> None:
    one = recording(MOVED)
    found = [windowed("share", "second", "a dip", [0.5, 0.02]), windowed("share", "third", "a dip", [2.0])]
    assert extremes([result(one.scenario, "1.10.2", one, found[:1], [(found[1], "a race")])])[0] == (
        "`share` did not hold 3 times, for 0.020 to 2.000 s"
    )
