"""The digests by which evidence is known to be out of date."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.engines import digest, evidence
from tests.engines.lock import ROLLOUTS
from tests.engines.scenario import scenarios

NEWEST = ROLLOUTS[0]


def test_a_digest_depends_on_the_objects_and_the_plan_of_each_edit() -> None:
    scenario = scenarios()["release-rolling"]
    steps = digest.steps(scenario, NEWEST)
    assert steps == digest.steps(scenario, NEWEST)
    made = [edit for number, edit in enumerate(scenario.edits) if edit.verb or edit.app or not number]
    assert len(steps) == 2 * len(made)
    other = digest.steps(replace(scenario, spec={**(scenario.spec or {}), "replicas": 7}), NEWEST)
    objects, plan = 2, 3  # of the second edit
    assert steps[objects] != other[objects]
    assert steps[plan] != other[plan]


def test_comments_and_docstrings_of_the_lab_do_not_count() -> None:
    text = 'def f():\n    """One."""\n    return 1\n'
    dumps = [ast.dump(digest._bare(ast.parse(each))) for each in (text, text.replace("One", "Two"), text + "# three\n")]
    assert len(set(dumps)) == 1
    assert ast.dump(digest._bare(ast.parse(text.replace("return 1", "return 2")))) not in dumps


def test_the_versions_of_the_engines_count() -> None:
    assert digest.lab(ROLLOUTS[0]) != digest.lab(ROLLOUTS[1])


@pytest.fixture
def worked_out(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The digests of three scenarios, without a rendering."""
    found = {"a": "1", "b": "2", "c": "3"}

    def digests(names: Sequence[str], rollouts: str) -> dict[str, str]:
        return {name: found[name] for name in names}

    monkeypatch.setattr(digest, "digests", digests)
    monkeypatch.setattr(digest, "scenarios", lambda: dict.fromkeys(found))
    return found


def _result(name: str, *, passed: bool = True) -> dict[str, Any]:
    return {"scenario": name, "rollouts": NEWEST, "passed": passed}


def test_what_was_played_and_passed_is_not_out_of_date(worked_out: dict[str, str]) -> None:
    page = "# Evidence\n" + evidence.played_digests([_result("a"), _result("b", passed=False)], {})
    assert digest.stale(evidence.known(page), NEWEST) == ["b", "c"]
    page = "# Evidence\n" + evidence.played_digests([_result("b")], evidence.known(page))
    assert digest.stale(evidence.known(page), NEWEST) == ["c"]
    assert digest.stale(evidence.known(page), ROLLOUTS[1]) == ["a", "b", "c"]
    worked_out["a"] = "4"
    assert digest.stale(evidence.known(page), NEWEST) == ["a", "c"]


def test_it_is_said_and_how_it_is_mended(worked_out: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    known = {(name, NEWEST): found for name, found in worked_out.items()}
    assert not digest.say_stale(known, NEWEST)
    assert not capsys.readouterr().out
    assert digest.say_stale({**known, ("b", NEWEST): "failed"}, NEWEST)
    assert capsys.readouterr().out == (
        f"evidence: 1 of 3 scenarios are out of date on Rollouts {NEWEST}:\n  b\n  `make e2e K=stale` plays them\n"
    )
