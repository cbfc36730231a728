"""The steps of a ladder in words: what continues it at each of them."""

from __future__ import annotations

from typing import Any

import pytest

from renderer.release.rungs import rungs, without_waits

Steps = list[dict[str, Any]]
MIDDLE: Steps = [{"setWeight": 20}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "10m"}}]
LAST: Steps = [{"setWeight": 80}, {"pause": None}]
BY_HAND = "until `kubectl argo rollouts promote`"


@pytest.mark.parametrize(
    ("steps", "ends_by_itself", "wanted"),
    [
        ([*MIDDLE, *LAST], False, [f"20 % {BY_HAND}", "50 % for 10m", "80 % until it is promoted"]),
        (MIDDLE, True, [f"20 % {BY_HAND}", "50 % for 10m"]),
        (MIDDLE[:2], True, [f"20 % {BY_HAND}"]),  # `promote` in Git only records the end of such a ladder
        ([*LAST, {"setWeight": 100}], False, ["80 % until it is promoted", "100 %"]),
        ([*LAST, {"analysis": {}}], False, [f"80 % {BY_HAND}", "80 % until the analysis ends"]),
    ],
)
def test_only_the_last_pause_ends_with_a_promotion_in_git(
    steps: Steps, wanted: list[str], *, ends_by_itself: bool
) -> None:
    assert list(rungs(steps, ends_by_itself=ends_by_itself)) == wanted


def test_a_ladder_that_was_continued_waits_only_at_its_last_rung() -> None:
    assert without_waits([*MIDDLE, *LAST]) == [MIDDLE[0], *MIDDLE[2:], *LAST]
    assert without_waits(LAST) == LAST
    assert without_waits([]) == []
