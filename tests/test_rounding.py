"""The arithmetic against the real controllers' answers, and its bounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.rounding import (
    Pods,
    Routed,
    abort_weight,
    basic_canary_counts,
    basic_canary_share,
    canary_fenceposts,
    fenceposts,
    preview_count,
    preview_max_unavailable,
    replicas_for_share,
    resolve,
    routed_counts,
    weighted_counts,
)

TABLES = sorted((Path(__file__).parent.parent / "fixtures" / "rounding").glob("*.json"))
FENCES = st.sampled_from(["0%", "25%", "50%", 0, 1, 3])


@pytest.fixture(params=TABLES, ids=lambda path: path.stem)
def table(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(request.param.read_text())
    return found


def test_there_are_tables() -> None:
    assert [path.stem for path in TABLES] == ["1.10.2", "1.9.3"]


def test_each_table_has_rows(table: dict[str, Any]) -> None:
    assert {name for name, rows in table.items() if isinstance(rows, list) and len(rows) > 50} == {
        *("basic", "blueGreen", "fenceposts", "routed", "settled"),
    }


def test_fenceposts(table: dict[str, Any]) -> None:
    for surge, unavailable, replicas, surge_pods, unavailable_pods, of_deployment, below, preview in table[
        "fenceposts"
    ]:
        expected = (surge_pods, unavailable_pods)
        assert canary_fenceposts(surge, unavailable, replicas) == expected, (surge, unavailable, replicas)
        if of_deployment >= 0:
            assert fenceposts(surge, unavailable, replicas) == (of_deployment, below)
        assert preview_max_unavailable(unavailable, replicas) == preview


def test_where_a_canary_by_replicas_rests(table: dict[str, Any]) -> None:
    for replicas, weight, surge, unavailable, fresh, stable in table["settled"]:
        assert weighted_counts(replicas, weight, canary_fenceposts(surge, unavailable, replicas)[0]) == (fresh, stable)


def test_each_step_of_a_canary_by_replicas(table: dict[str, Any]) -> None:
    for row in table["basic"]:
        replicas, weight, surge, unavailable, n_wanted, n_there, s_wanted, s_there, old, _, fresh, stable = row
        fences = canary_fenceposts(surge, unavailable, replicas)
        got = basic_canary_counts(
            replicas, weight, fences, Pods(n_wanted, n_there), Pods(s_wanted, s_there), max(old, 0)
        )
        assert got == (fresh, stable), row


def test_counts_with_traffic_routing(table: dict[str, Any]) -> None:
    for row in table["routed"]:
        (
            replicas,
            weights,
            scale,
            scale_weight,
            least,
            dynamic,
            aborted,
            live,
            new_there,
            stable_there,
            canary,
            stable,
        ) = row
        weight = 0 if aborted else weights[-1]
        if aborted and dynamic:
            weight = abort_weight(replicas, tuple(weights), new_there, stable_there)
        given_scale = None
        if not aborted and scale >= 0:  # the delay of an abort takes setCanaryScale out of use
            given_scale, weight = scale, 0
        elif not aborted and scale_weight >= 0:
            weight = scale_weight
        facts = Routed(
            given_scale, none(least), dynamic, aborted, none(live), capped=not table["rollouts"].startswith("1.9")
        )
        assert routed_counts(replicas, weight, facts) == (canary, stable), row


def none(value: int) -> int | None:
    return None if value < 0 else value


def test_preview_counts(table: dict[str, Any]) -> None:
    for replicas, preview, active, recorded, paused, past, count in table["blueGreen"]:
        got = preview_count(
            replicas, none(preview), active=active, recorded=recorded, paused=paused, past_checkpoint=past
        )
        assert got == count


def test_a_string_without_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="many"):
        resolve("many", 4, round_up=True)


def test_examples_that_people_ask_about() -> None:
    assert basic_canary_share(3, 10) == 25
    assert basic_canary_share(10, 20) == 20
    assert basic_canary_share(1, 20) == 50
    assert basic_canary_share(1, 20, 0, 1) == 0
    assert replicas_for_share(10) == 9  # and one more by the surge
    assert replicas_for_share(10, 0, 1) == 10
    assert replicas_for_share(1, at_least=4) == 99


@given(st.integers(1, 300), st.integers(0, 100), FENCES, FENCES)
def test_a_share_is_a_percent_and_no_further_off_than_a_pod(
    replicas: int, weight: int, surge: int | str, unavailable: int | str
) -> None:
    share = basic_canary_share(replicas, weight, surge, unavailable)
    assert 0 <= share <= 100
    assert abs(share - weight) <= 100 / replicas
    if weight in (0, 100):
        assert share == weight


@given(st.integers(1, 300), st.integers(0, 99), FENCES, FENCES)
def test_more_weight_never_gives_less_share(
    replicas: int, weight: int, surge: int | str, unavailable: int | str
) -> None:
    assert basic_canary_share(replicas, weight, surge, unavailable) <= basic_canary_share(
        replicas, weight + 1, surge, unavailable
    )


@given(st.integers(2, 300), st.integers(1, 99), FENCES)
def test_both_versions_have_a_pod_where_there_is_room_for_two(replicas: int, weight: int, surge: int | str) -> None:
    assert min(weighted_counts(replicas, weight, resolve(surge, replicas, round_up=True))) >= 1


@given(st.integers(0, 100), FENCES, FENCES, st.integers(1, 200))
def test_the_named_count_gives_the_asked_share(
    weight: int, surge: int | str, unavailable: int | str, at_least: int
) -> None:
    count = replicas_for_share(weight, surge, unavailable, at_least=at_least)
    assert at_least <= count
    assert basic_canary_share(count, weight, surge, unavailable) == pytest.approx(weight)


@given(st.integers(0, 200), st.integers(0, 100), st.none() | st.integers(0, 20), st.booleans())
def test_traffic_routing_always_has_pods_for_the_weight(
    replicas: int, weight: int, least: int | None, dynamic: bool
) -> None:
    canary, stable = routed_counts(replicas, weight, Routed(min_pods=least, dynamic=dynamic))
    assert canary * 100 >= weight * replicas
    assert stable * 100 >= (100 - weight) * replicas


@given(st.integers(0, 30), st.integers(0, 100), st.integers(0, 4), st.integers(0, 3), st.data())
def test_scaling_keeps_within_surge_and_unavailable(
    replicas: int, weight: int, surge: int, unavailable: int, data: st.DataObject
) -> None:
    fences = canary_fenceposts(surge, unavailable, replicas)
    most, least = replicas + fences[0], replicas - fences[1]
    fresh = data.draw(st.integers(0, most))
    stable = data.draw(st.integers(max(0, least - fresh), most - fresh))
    for _ in range(100):
        before = fresh, stable
        fresh, stable = basic_canary_counts(replicas, weight, fences, Pods(fresh, fresh), Pods(stable, stable))
        assert least <= fresh + stable <= most
        if (fresh, stable) == before:
            break
    assert (fresh, stable) == weighted_counts(replicas, weight, fences[0])
