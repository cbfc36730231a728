"""The benchmarks' page tells of each goal whether it was met, and of a goal that was not where the time goes."""

from __future__ import annotations

from collections.abc import Generator
from pkgutil import resolve_name

import pytest

from tests.bench import reference, starts
from tests.bench.check import verdict
from tests.bench.goals import Goal, goals
from tests.bench.measure import Result, Sample
from tests.bench.ours import IN_TURNS
from tests.bench.peers import BESIDE
from tests.bench.report import page
from tests.bench.steps import STEPS, Clock


def result(name: str, apps: int, wall: float, peak: float = 50, envs: int = 1) -> Result:
    return Result(name, apps, envs, Sample(wall, wall, peak), 3)


def goal(results: list[Result], what: str) -> Goal:
    (found,) = [each for each in goals(results) if what in each.what]
    return found


@pytest.mark.parametrize(("wall", "is_met"), [(0.065, True), (0.066, False)])
def test_a_time_is_held_against_its_limit(wall: float, is_met: bool) -> None:
    assert goal([result("--help", 1, wall)], "--help").is_met is is_met


@pytest.mark.parametrize(("wall", "is_met"), [(50.0, True), (49.0, False)])
def test_a_peer_is_held_against_our_cold_run_over_the_same_apps(wall: float, is_met: bool) -> None:
    ours = [result(BESIDE, 1000, 1.0), result("cold", 1000, 2.0)]
    assert goal([*ours, result("kustomize, one build", 1000, wall)], "kustomize").is_met is is_met


@pytest.mark.parametrize(("wall", "is_met"), [(1.2, True), (1.3, False)])
def test_growth_is_by_app(wall: float, is_met: bool) -> None:
    assert (
        goal([result("cold", 100, 0.01), result("cold", 10_000, wall)], "an app's time, by that among 100").is_met
        is is_met
    )


@pytest.mark.parametrize(("peak", "is_met"), [(400, True), (401, False)])
def test_memory_is_that_of_the_largest_process(peak: float, is_met: bool) -> None:
    found = [result("cold", 10_000, 1, peak=10), result("validate", 10_000, 1, peak=peak)]
    assert goal(found, "memory").is_met is is_met


@pytest.mark.parametrize(("wall", "is_met"), [(5.5, True), (5.6, False)])
def test_growth_to_the_largest_is_by_what_ran_in_turns_with_it(wall: float, is_met: bool) -> None:
    found = [result("cold", 10_000, 2.0), result(f"cold{IN_TURNS}", 10_000, 1.0), result("cold", 50_000, wall)]
    assert goal(found, "among 10,000 apps: cold").is_met is is_met


@pytest.mark.parametrize(("wall", "is_met"), [(1.5, True), (1.6, False)])
def test_spawned_processes_are_held_against_forks(wall: float, is_met: bool) -> None:
    found = [result(starts.by("validate", method), 10_000, time) for method, time in (("fork", 1.0), ("spawn", wall))]
    assert goal(found, "validate, with spawned processes, by that with forks").is_met is is_met


def test_nothing_is_told_of_what_was_not_measured() -> None:
    assert goals([result("cold", 1000, 1.0)]) == []


def test_a_missed_goal_is_shown_with_its_steps_and_the_floor() -> None:
    results = [result(reference.BEFORE, 10_000, 2.9), result(reference.NOW, 10_000, 3.0), result("floor", 10_000, 1.0)]
    text = page(results, {"load": 1.0}, {("cold", 10_000, 1): {"load": 3.0, "write": 1.0}}, "a machine", (0, 0))
    assert "| render, by rollspec 1eeebbfe | 10,000 x 1 | at most 0.85 times | 1.03 times | **not met** |" in text
    assert "The floor, `cp -r` of the rendered files, takes 1.00 s." in text
    assert "| load | 3.00 s | 75 % |\n| write | 1.00 s | 25 % |" in text


@pytest.mark.parametrize(("wall", "is_met"), [(0.8, True), (0.81, False)])
def test_a_goal_in_seconds_counts_as_many_times_as_this_machine_is_slower(wall: float, is_met: bool) -> None:
    took = iter([1.5, 2.5, 3.5])
    groups = [[result("status", 10_000, wall)], [result("history", 10_000, 1.2)]]
    found = list(reference.paced(groups, lambda: next(took)))
    assert goal(found, "status").is_met is is_met
    assert goal(found, "history").limit == "at most 1.20 s"
    assert "Here it took 2.00 to 3.00 times as long" in page(found, {}, {}, "a machine", (0, 0))


def test_a_clone_without_the_reference_is_said_to_lack_it() -> None:
    found = [result("status", 10_000, 0.3)]
    said = "Goals `render, by rollspec 1eeebbfe`: not measured: this clone lacks 1eeebbfe.\n"
    assert said in page(found, {}, {}, "a machine", (0, 0), has_reference=False)
    assert said not in page(found, {}, {}, "a machine", (0, 0))


@pytest.mark.parametrize("name", [name for names in STEPS.values() for name in names])
def test_each_step_names_a_function(name: str) -> None:
    assert callable(resolve_name(name))


def test_a_step_inside_another_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, now = Clock(), iter([0.0, 1.0, 3.0, 10.0])
    monkeypatch.setattr("tests.bench.steps.processor_seconds", lambda: next(now))
    clock.timed("outer", clock.timed("inner", lambda: None))()
    assert clock.spent == {"inner": 2.0, "outer": 8.0}


def test_a_generator_counts_only_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> Generator[None, None, str]:
        yield
        return "done"

    clock, now = Clock(), iter([0.0, 1.0, 10.0, 12.0])
    monkeypatch.setattr("tests.bench.steps.processor_seconds", lambda: next(now))
    steps = clock.timed("step", work)()
    next(steps)
    with pytest.raises(StopIteration, match="done"):
        next(steps)
    assert clock.spent == {"step": 3.0}


@pytest.mark.parametrize(("now", "code"), [(1.10, 0), (1.11, 1)])
def test_a_command_that_is_over_10_percent_slower_fails_the_check(now: float, code: int) -> None:
    lines, found = verdict({"render": (1.0, now), "validate": (1.0, 0.5)})
    assert found == code
    assert [line.endswith("over 1.10 times") for line in lines] == [bool(code), False]
