"""A lower weight (render level 2): an aborted canary does not get its old weight back, and a live one serves on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from renderer.plan import without_simulation
from renderer.simulate import Options, abort
from tests.support.plans import ISTIO, Spec, side, spec
from tests.support.releases import ROLLOUTS, Live, begin, faults, play

_STRATEGIES: dict[str, dict[str, Any]] = {
    "istio": ISTIO,
    "replica": {"type": "Canary"},
    "two pods at the least": {**ISTIO, "minPodsPerReplicaSet": 2},
    "pinned": ISTIO,
}
_WEIGHTS = ((100, 10), (80, 30), (60, 1), (50, 0))


def _spec(name: str, weight: int, **more: Any) -> Spec:
    pinned = {"istio": {"canaryHeaders": {"x-canary": "1"}}} if name == "pinned" else {}
    return spec(strategy=_STRATEGIES[name], replicas=10, canary={"tag": "2.0.0", "weight": weight, **more}, **pinned)


def _lowered(name: str, start: int, end: int, rollouts: str, *, is_aborted: bool) -> tuple[Any, Any]:
    options = Options(rollouts=rollouts)
    before = _spec(name, start)
    live = begin({key: value for key, value in before.items() if key != "canary"}, options, 2)
    live, _ = play(live, before, 60.0)
    if is_aborted:
        cluster, _ = abort(live.cluster, replace(options, elapsed=60.0))
        live = Live(live.side, cluster, options, 2)
    live, change = play(live, _spec(name, end, **{"from": start}), 60.0)
    return live, change


_CASES = [
    (name, weights) for name in _STRATEGIES for weights in _WEIGHTS if not (name == "replica" and weights[1] == 0)
]


@pytest.mark.parametrize("rollouts", ROLLOUTS)
@pytest.mark.parametrize(("name", "weights"), _CASES)
def test_an_aborted_canary_gets_no_more_than_the_new_weight(name: str, weights: tuple[int, int], rollouts: str) -> None:
    start, end = weights
    live, change = _lowered(name, start, end, rollouts, is_aborted=True)
    highest = max(point.share.get("2.0.0", 0.0) for point in change.timeline.points)
    ratio = 100 / 10  # by replicas a share is a number of pods
    assert highest <= max(end, ratio if name == "replica" else 0)
    assert [rollout.status.phase for rollout in live.cluster.world.rollouts.values()] == ["Paused"]


@pytest.mark.parametrize("rollouts", ROLLOUTS)
@pytest.mark.parametrize(("name", "weights"), _CASES)
def test_a_live_canary_is_away_for_a_moment_at_the_most(name: str, weights: tuple[int, int], rollouts: str) -> None:
    _, change = _lowered(name, *weights, rollouts, is_aborted=False)
    for fault in faults(change):
        assert fault.kind == "dip"
        assert fault.quick


def test_only_where_the_old_weight_comes_back_a_note_says_so() -> None:
    for strategy, level, expected in (
        (ISTIO, 1, True),
        (ISTIO, 2, False),
        ({"type": "Canary"}, 2, False),
        ({**ISTIO, "dynamicStableScale": True}, 2, True),
    ):
        was = spec(strategy=strategy, canary={"tag": "2.0.0", "weight": 50})
        now = spec(strategy=strategy, canary={"tag": "2.0.0", "weight": 10, "from": 50})
        sides = [side(each, project={"renderLevel": level}) for each in (was, now)]
        found = {problem.rule for problem in without_simulation(*sides).problems}
        assert ("weight-after-abort" in found) is expected, (strategy, level)
