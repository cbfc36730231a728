"""What is claimed about clusters is shown by a scenario."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.evidence import PAGE, claims, marked, shown
from tests.engines.lock import HERE, engines
from tests.engines.scenario import FOLDER, Scenario, allowances, scenarios

ROOT = Path(__file__).parents[1]
INVARIANTS = {
    "available",
    "share",
    "requests",
    "hashes",
    "answers",
    "expect",
    "pinned",
    "synced",
    "diff",
    "fight",
    "plan",
}


WITHOUT_ROLLOUT = {
    "argocd-autoscaling-rolling",
    "deployment",
    "deployment-recreate",
    "ends-deployment-no-prestop",
    "ends-deployment-prestop",
    "release-recreate",
    "release-rolling",
    "release-rolling-restart-as-one",
    "release-rolling-states",
    "virtual-service-before-destination-rule",
}


def every() -> list[Scenario]:
    return list(scenarios().values())


@pytest.mark.parametrize("page", ["README.md"])
def test_every_claim_of_a_page_is_known(page: str) -> None:
    assert set() < marked((ROOT / page).read_text()) <= set(claims())


@pytest.mark.parametrize("page", ["README.md"])
def test_every_claim_of_a_page_was_shown_in_the_last_run(page: str) -> None:
    assert marked((ROOT / page).read_text()) <= shown(PAGE.read_text())


def test_a_claim_is_not_shown_by_a_failure_or_a_lost_request() -> None:
    one, other = list(claims().values())[:2]
    rows = (f"| {one} | `a` | 9 | 0 | 4 |", f"| {one} | `b` **failed** | 9 | 0 | 4 |", f"| {other} | `c` | 9 | 1 | 4 |")
    assert shown("\n".join(rows)) == set()
    assert shown(rows[0]) == {next(iter(claims()))}


def test_every_claim_has_a_scenario_and_every_scenario_shows_a_known_claim() -> None:
    shown = {name for scenario in every() for name in scenario.shows}
    assert shown == set(claims())


def test_every_scenario_expects_a_phase() -> None:
    """Of its Rollout, where it has one."""
    without = {scenario.name for scenario in every() if not any("phase" in edit.expect for edit in scenario.edits)}
    assert without == WITHOUT_ROLLOUT


def test_scenarios_name_invariants_that_exist() -> None:
    for scenario in every():
        allowed = {name for edit in scenario.edits for name in edit.allow}
        assert {*scenario.fails, *scenario.may, *allowed} <= INVARIANTS, scenario.name


def test_an_invariant_is_broken_for_a_reason_and_within_a_bound() -> None:
    for scenario in every():  # without a bound it could not be read
        for given in (scenario.may, *(edit.allow for edit in scenario.edits)):
            assert all(allowance.reason for allowance in given.values()), scenario.name
    with pytest.raises(ValueError, match="requests: how long at the longest"):
        allowances({"requests": {"reason": "a race"}})


def test_scenarios_lie_in_their_folder_as_yaml() -> None:
    assert {path.suffix for path in FOLDER.iterdir()} == {".yaml"}


def test_every_engine_has_a_version_and_a_key_of_its_own() -> None:
    found = engines()
    assert len({engine.key for engine in found.values()}) == len(found)
    assert all(engine.version or (HERE / engine.source).is_dir() for engine in found.values())
