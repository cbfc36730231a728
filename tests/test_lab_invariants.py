"""Each invariant of the lab breaks when it should, and only then: on recordings that are written down here."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.engines.api import Event, in_time, latest, wrote
from tests.engines.invariants import deviation, judged, steady
from tests.engines.planned import comparisons
from tests.engines.play import Played, Recording, Request, at_once
from tests.engines.report import extremes, result
from tests.engines.scenario import Scenario, edit
from tests.engines.timeline import Point
from tests.engines.violation import Violation, windowed

Object = dict[str, Any]
START = 100.0


def point(share: dict[str, float], ready: int = 4) -> Point:
    others = {version: min(ready, 1) for version in share if version != "v1"}
    pods = {"v1": ready - sum(others.values()), **others}
    return Point(share, pods, pods, ready, ready, None, "Healthy", None, ())


def rollout(by_istio: bool) -> Object:
    canary: Object = {"trafficRouting": {"istio": {}}} if by_istio else {}
    spec = {"replicas": 4, "strategy": {"canary": canary}}
    return {"kind": "Rollout", "metadata": {"name": "web"}, "spec": spec}


def recording(
    points: list[tuple[float, Point]], given: Object | None = None, *, by_istio: bool = True, **more: Any
) -> Recording:
    """A first release, and one edit at START that is looked at for 10 s."""
    first = Played(edit(0, {"title": "first"}), 0, START - 1, [rollout(by_istio)], [], settled=True, commits=("", "a"))
    second = Played(edit(1, {"title": "second", **(given or {})}), START, START + 10, [], [], True, ("a", "b"))
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
        ({"timeline": None}, "plan: second: v1 had 80 to 100 %, and it says 100 to 100"),
        ({"failed": "exit 4"}, "plan: second: exit 4"),
    ],
)
def test_what_a_plan_did_not_say_is_a_violation(said: Object, words: str) -> None:
    assert words in "\n".join(broken(recording(MOVED, plans={1: said})))


def test_an_outage_is_no_excuse_for_itself_where_pods_give_the_shares() -> None:
    nobody = Point({}, {}, {}, 0, 0, None, "Healthy", None, ())
    found = "\n".join(broken(recording([(START + 1, nobody)], by_istio=False, plans={1: plan(lowest=100, after=100)})))
    assert "plan: second: v1 had 0 to 100 %, and it says 100 to 100, for 9.000 s" in found
    assert "plan: second: 0 pods were Ready, and it says 4 at the least, for 9.000 s" in found


def test_pods_without_traffic_may_go_but_not_those_that_serve() -> None:
    both = Point({"v1": 100}, {"v1": 4, "v2": 4}, {"v1": 4, "v2": 4}, 4, 4, None, "Healthy", None, ())
    said = plan(lowest=100, after=100, ready=8)
    said["timeline"]["ready_before"] = 8
    for ready, wrong in (({"v1": 4}, False), ({"v1": 2, "v2": 4}, True)):
        later = Point({"v1": 100}, ready, ready, 4, 4, None, "Healthy", None, ())
        one = recording([(START + 1, later)], plans={1: said})
        one.points[:1] = [(1, both)]
        assert any("pods were Ready" in words for words in broken(one)) is wrong


def test_a_plan_is_not_held_to_what_no_commit_did() -> None:
    one = recording(MOVED, plans={1: plan(before=50)})
    event = Played(edit(1, {"event": "controller-abort"}), START - 1, START, [], [], settled=True)
    after = Recording(
        one.scenario, one.rollouts, [one.played[0], event, one.played[1]], one.points, plans={2: plan(before=50)}
    )
    assert broken(after) == []


def test_a_plan_is_not_held_to_what_the_controller_did_by_itself() -> None:
    degraded = Point({"v1": 50}, {"v1": 4}, {"v1": 4}, 4, 4, None, "Degraded", None, ())
    one = recording(MOVED, plans={1: plan()})
    one.points[:1] = [(1, degraded)]
    assert not [words for words in broken(one) if words.startswith("plan")]


def test_a_replica_set_that_the_plan_does_not_name_is_a_violation() -> None:
    template = {"metadata": {"labels": {"version": "v9"}}}
    made = {"metadata": {"name": "web-9", "labels": {}}, "spec": {"template": template}}
    event = Event(START + 2, 5, "ReplicaSet", gone=False, object=made)
    assert broken(recording(MOVED, plans={1: plan()}, events=[event])) == [
        "plan: second: a ReplicaSet of v9, which it does not name"
    ]


def test_answers_are_shared_out_as_the_routes_say_as_far_as_chance_allows() -> None:
    assert broken(recording(MOVED, requests=answers(20, 2000))) == []
    assert broken(recording(MOVED, requests=answers(23, 2000))) == []
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


def test_no_event_is_later_than_the_api_servers_stamp_and_than_what_came_after_it() -> None:
    one, two = ({"time": f"2026-01-01T00:00:0{second}Z"} for second in (1, 2))
    assert latest({}, {"rollouts": one, "argocd": two}) == latest({"argocd": one}, {"argocd": two}) == 1767225603.0
    assert latest({"argocd": one}, {"argocd": {**one, "fields": []}}) == latest({"argocd": one}, {}) == float("inf")
    seen = [Event(time, revision, "Pod", False, {}) for revision, time in enumerate((1.0, 5.0, 3.0, 4.0))]
    assert [event.time for event in in_time(seen)] == [1.0, 3.0, 3.0, 4.0]


def test_restart_at_now_is_the_time_of_the_edit() -> None:
    assert at_once({"version": "v2"}) == {"version": "v2"}
    assert at_once({"spec": {"restartAt": "now", "replicas": 3}})["spec"].keys() == {"restartAt", "replicas"}
    assert at_once({"spec": {"restartAt": "now"}})["spec"]["restartAt"] != "now"


def test_how_many_edits_were_held_against_their_plan_and_how_long_traffic_moved_are_told() -> None:
    one = recording(MOVED, plans={1: plan()})
    assert comparisons(one) == {"held": 1}
    assert comparisons(recording(MOVED, {"wait": 3}, plans={1: plan()})) == {"in part": 1}
    assert comparisons(recording(MOVED, plans={1: plan(before=50)})) == {"elsewhere": 1}
    assert comparisons(recording(MOVED, plans={1: {"timeline": None, "notSimulated": "why"}})) == {"not simulated": 1}
    assert extremes([result(one.scenario, "1.10.2", one, [], [])]) == [
        "every check held all the time",
        "each commit was compared with its plan: 1 went as the plan said",
        "1 edits moved traffic; the shares changed for the last time 1.00 to 1.00 s after the edit",
    ]


def test_the_shortest_and_the_longest_window_are_told_of_each_invariant() -> None:
    one = recording(MOVED)
    found = [windowed("share", "second", "a dip", [0.5, 0.02]), Violation("requests", "second", "lost", 1.5, 20)]
    excused = [(windowed("share", "third", "a dip", [2.0]), "a race")]
    assert extremes([result(one.scenario, "1.10.2", one, found, excused)])[:2] == [
        "`requests` did not hold in 1 edits",
        "`share` did not hold in 2 edits, in 3 windows of 0.020 to 2.000 s",
    ]


def test_seconds_allow_nothing_that_has_no_window() -> None:
    bound = {"longest": 9, "reason": "a race"}
    allow = {"allow": {"plan": bound, "share": bound}}
    short = [*MOVED, (START + 9, point({"v1": 100}))]
    assert broken(recording(short, allow, plans={1: plan(lowest=80, highest=85, after=100)})) == []
    assert "ends at 100" in "\n".join(broken(recording(short, allow, plans={1: plan(after=80)})))
