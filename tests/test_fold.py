"""Overrides folded in and out again."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from renderer.release.fold import ABSENT, inverse, overrides_between
from renderer.spec import merge

PAIRS: list[tuple[Any, Any]] = [(1, True), (0, False), (1, 1.0), ([1], [True])]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_an_override_of_1_by_true_is_found_and_taken_back(one: Any, other: Any) -> None:
    # as values of `env` they are other texts
    spec, overrides = {"env": {"A": one}}, {"env": {"A": other}}
    assert repr(inverse(spec, overrides)) == repr(spec)
    assert repr(overrides_between(spec, merge(spec, overrides))) == repr(overrides)


def test_the_mark_of_an_absent_value_stays_itself_on_the_way_between_processes() -> None:
    assert pickle.loads(pickle.dumps({"canary": ABSENT}))["canary"] is ABSENT  # noqa: S301  (our own bytes)
