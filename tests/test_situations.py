"""Situations that are equal to the controllers are simulated once, and each plan is as if it were simulated alone."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.masking import MASK, masked, masked_at
from renderer.plan import Planner, Side
from renderer.plan.simulated import plan
from renderer.plan.situations import Situations
from tests.support.plans import ISTIO, Spec, side, spec

STRATEGIES: dict[str, Spec] = {
    "rolling": {"type": "RollingUpdate"},
    "recreate": {"type": "Recreate"},
    "blue-green": {"type": "BlueGreen"},
    "by pods": {"type": "Canary", "router": "replica"},
    "by istio": ISTIO,
    "with steps": {**ISTIO, "steps": [{"setWeight": 20}, {"pause": {"duration": "1m"}}, {"setWeight": 50}]},
}
# Names that are also words of the simulator, begin like each other, or could be a duration or a percentage.
NAMES = ("web", "api-2", "v1", "canary", "stable", "s", "recreate")
VERSIONS = (("v1", "v2"), ("v1-1", "v1"), ("web", "a"), ("unversioned", "s"))


def changes(strategy: Spec, first: str, second: str) -> dict[str, tuple[Spec | None, Spec | None]]:
    """Before and after of changes that make pods move."""
    old = spec(strategy=strategy, version=first, tag=f"{first}.0")
    new = {**old, "version": second, "tag": f"{second}.0"}
    flight = {"tag": f"{second}.0", "version": second}
    found: dict[str, tuple[Spec | None, Spec | None]] = {
        "another tag": (old, new),
        "another tag, one version": (old, {**old, "tag": "other"}),
        "more pods": (old, {**old, "replicas": 7}),
        "another port": (old, {**old, "ports": [{"name": "http", "port": 81, "targetPort": 8080}]}),
        "deleted": (old, None),
        "created": (None, old),
        "without traffic": ({**old, "ports": []}, {**new, "ports": []}),
    }
    if strategy["type"] == "Canary":
        started = {**old, "canary": {**flight, "weight": 20}}
        found |= {"started": (old, started), "promoted": (started, new), "ended": (started, old)}
    if strategy["type"] == "BlueGreen":
        found |= {"previewed": (old, {**old, "preview": flight}), "promoted": ({**old, "preview": flight}, new)}
    return found


def sides(strategy: str, change: str, name: str, versions: tuple[str, str]) -> tuple[Side | None, Side | None]:
    before, after = changes(STRATEGIES[strategy], *versions)[change]
    return side(before, name=name) if before else None, side(after, name=name) if after else None


CHANGES = [(strategy, change) for strategy, fields in STRATEGIES.items() for change in changes(fields, "a", "b")]


@pytest.mark.parametrize(("strategy", "change"), CHANGES)
def test_what_is_known_of_other_apps_changes_no_plan(strategy: str, change: str) -> None:
    known = Planner()
    for name, versions in zip(NAMES, cycle(VERSIONS), strict=False):
        both = sides(strategy, change, name, versions)
        assert known(*both) == plan(*both), (name, versions)


def test_one_planner_for_every_change() -> None:
    known = Planner()
    for strategy, change in CHANGES:
        both = sides(strategy, change, "web", VERSIONS[0])
        assert known(*both) == plan(*both), (strategy, change)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_another_name_another_image_and_other_versions_are_an_equal_situation(strategy: str) -> None:
    known = Situations()
    for name, versions in (("web", ("v1", "v2")), ("shop", ("v3", "v4")), ("shop-2", ("a", "b"))):
        assert known.look(*sides(strategy, "another tag", name, versions))
    assert known.simulated == 1


@pytest.mark.parametrize("change", ["more pods", "another tag"])
def test_other_counts_are_another_situation(change: str) -> None:
    known = Situations()
    for count in (2, 3):
        before, after = changes(STRATEGIES["by pods"], "v1", "v2")[change]
        assert before is not None
        assert after is not None
        one, other = {**before, "replicas": count}, {"replicas": count, **after, "minReadySeconds": 5 * count}
        known.look(side(one), side(other))
    assert known.simulated == 2


TEXTS = st.sampled_from(["--password", "hunter2hunter2", "x", "a-b", "kind", "--token=abcdefghij12", "Secret"])
KEYS = st.sampled_from(["name", "value", "password", "kind", "patch", "target", "op", "path", "a"])
DATA = st.recursive(
    TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


def paths(value: Any) -> list[list[str]]:
    found: list[list[str]] = [[]]
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        found += [[str(key), *rest] for rest in paths(each)]
    return found


@given(DATA)
def test_a_value_is_masked_as_in_its_document(data: Any) -> None:
    whole = masked(data)
    for keys in paths(data):
        expected = whole
        for key in keys:
            if expected == MASK:
                break
            expected = expected[int(key)] if isinstance(expected, list) else expected[key]
        assert masked_at(data, keys) == expected
