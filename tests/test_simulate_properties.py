"""What holds for every edit that the simulator plays, and how a timeline reads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.rounding import fenceposts
from renderer.simulate import Cluster, Options, Point, Timeline, apply, start
from tests.test_simulate import FACTS, lowest_serving, manifests

quick = settings(deadline=None, max_examples=40)  # an example plays several edits
WEIGHTS = st.integers(1, 100)
REPLICAS = st.integers(1, 12)
KINDS = st.sampled_from(["istio", "replica", "bluegreen", "deployment"])
EDITS = st.fixed_dictionaries(
    {},
    optional={
        "version": st.sampled_from(["v1", "v2", "v3"]),
        "steps": st.lists(st.integers(0, 100) | st.just("pause"), max_size=4),
        "replicas": REPLICAS,
        "auto": st.booleans(),
        "kind": KINDS,
        "spec": st.sampled_from([{}, {"paused": True}, {"restartAt": "2026-01-01T00:00:00Z"}]),
    },
)
OPTIONS = st.builds(
    Options,
    rollouts=st.sampled_from(["1.9.3", "1.10"]),
    elapsed=st.sampled_from([0.0, 10.0, 60.0]),
    prune=st.sampled_from(["first", "last"]),
    never_ready=st.sampled_from([frozenset[str](), frozenset({"v2"})]),
)


def facts(**given: Any) -> dict[str, Any]:
    return {**FACTS, **given}


def released(weight: int, replicas: int, **more: Any) -> Cluster:
    """v1 stable, v2 at a weight."""
    cluster, _ = apply(start(), manifests(facts(replicas=replicas, **more)))
    return apply(cluster, manifests(facts(version="v2", steps=[weight, "pause"], replicas=replicas, **more)))[0]


@quick
@given(KINDS, st.lists(st.tuples(EDITS, OPTIONS), min_size=1, max_size=6))
def test_every_edit_is_pure_and_comes_to_rest(kind: str, edits: list[tuple[dict[str, Any], Options]]) -> None:
    given_facts = facts(kind=kind)
    cluster, _ = apply(start(), manifests(given_facts))
    for edit, options in edits:
        given_facts = {**given_facts, **edit}
        before = cluster.world.copy()
        after, timeline = apply(cluster, manifests(given_facts), options)
        assert cluster.world == before
        assert apply(cluster, manifests(given_facts), options) == (after, timeline)
        sound(timeline)
        rested, again = apply(after, manifests(given_facts), Options(options.rollouts, never_ready=options.never_ready))
        if options.prune == "first":  # else a workload that waits for the others to be Healthy may go
            assert len(again.points) == 1
            assert rested.world.writes == after.world.writes
        cluster = after


def sound(timeline: Timeline) -> None:
    times = [point.t for point in timeline.points]
    assert times == sorted(times)
    for point in timeline.points:
        assert all(0 <= share <= 100 for share in point.share.values())
        total = sum(point.share.values())
        assert total == pytest.approx(100) or point.requests_unserved or not any(point.ready.values())
        assert all(point.ready[version] <= point.pods[version] for version in point.ready)
    assert lowest_serving(timeline) <= timeline.highest_pods


@quick
@given(REPLICAS, WEIGHTS, WEIGHTS)
def test_a_list_that_begins_with_the_live_weight_never_dips(replicas: int, live: int, weight: int) -> None:
    steps = [live, weight, "pause"]
    _, timeline = apply(released(live, replicas), manifests(facts(version="v2", steps=steps, replicas=replicas)))
    assert timeline.dips == ()
    assert timeline.unready == ()
    assert timeline.points[-1].share.get("v2", 0) == weight
    assert timeline.lowest_ready >= replicas


@quick
@given(REPLICAS, WEIGHTS)
def test_a_promotion_from_the_live_weight_never_dips(replicas: int, live: int) -> None:
    _, timeline = apply(released(live, replicas), manifests(facts(version="v2", steps=[live, 100], replicas=replicas)))
    assert timeline.dips == ()
    assert timeline.points[-1].share == {"v2": 100}
    assert timeline.points[-1].phase == "Healthy"


@quick
@given(REPLICAS, WEIGHTS, st.lists(st.integers(0, 100), max_size=3))
def test_an_abort_by_the_stable_template_is_at_once(replicas: int, live: int, steps: list[int]) -> None:
    _, timeline = apply(released(live, replicas), manifests(facts(steps=steps, replicas=replicas)))
    assert timeline.points[-1].share == {"v1": 100}
    assert timeline.points[-1].phase == "Healthy"
    assert timeline.points[-1].t < 1
    assert timeline.unready == ()


@quick
@given(st.integers(1, 20), st.sampled_from(["25%", "1%", 1, 2]), st.sampled_from(["25%", 0, 1]))
def test_a_rolling_update_keeps_within_surge_and_unavailable(
    replicas: int, surge: int | str, unavailable: int | str
) -> None:
    rolling = {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    given_facts = facts(kind="deployment", replicas=replicas, strategy=rolling)
    cluster, _ = apply(start(), manifests(given_facts))
    _, timeline = apply(cluster, manifests({**given_facts, "version": "v2"}))
    above, below = fenceposts(surge, unavailable, replicas)
    assert timeline.points[-1].share == {"v2": 100}
    assert timeline.highest_pods <= replicas + above
    assert timeline.lowest_ready >= replicas - below


@quick
@given(st.integers(1, 20), WEIGHTS, WEIGHTS)
def test_a_canary_by_replicas_keeps_all_pods_ready(replicas: int, live: int, weight: int) -> None:
    given_facts = facts(kind="replica", version="v2", steps=[weight, "pause"], replicas=replicas)
    _, timeline = apply(released(live, replicas, kind="replica"), manifests(given_facts))
    assert timeline.lowest_ready >= replicas


def point(t: float, share: dict[str, float], ready: dict[str, int], replicas: int = 4) -> Point:
    return Point(t, share, ready, ready, "Paused", 0, False, None, replicas)


def test_how_a_timeline_reads() -> None:
    timeline = Timeline(
        (
            point(0, {"v1": 80, "v2": 20}, {"v1": 4, "v2": 1}),
            point(1, {"v1": 100}, {"v1": 4, "v2": 1}),
            point(2, {"v1": 30, "v2": 70}, {"v1": 4, "v2": 1}),
            point(3, {"v1": 50, "v2": 50}, {"v1": 4, "v2": 2}),
        ),
        ("v1", "v2"),
        "v1",
    )
    assert timeline.shares("v2") == (20, 0, 70, 50)
    assert (timeline.lowest_ready, lowest_serving(timeline), timeline.highest_pods) == (5, 4, 6)
    assert [(m.type, m.version, m.start, m.end, m.share) for m in timeline.dips] == [
        ("dip", "v2", 1, 2, 0),
        ("dip", "v1", 2, 3, 30),
        ("over", "v2", 2, 3, 70),
    ]
    assert [(m.version, m.start, m.share, m.ready) for m in timeline.overload] == [("v2", 2, 70, 1)]
    assert timeline.unready == ()


def test_a_timeline_without_points() -> None:
    timeline = Timeline(())
    assert (timeline.lowest_ready, timeline.highest_pods) == (0, 0)
    assert (timeline.dips, timeline.overload, timeline.unready) == ((), (), ())
