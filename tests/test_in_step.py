"""Apps that go through the pipeline side by side come out as each of them does alone."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from pathlib import Path

import pytest

from renderer.pipeline.in_step import Stepwise, groups, in_step
from renderer.rules import Claim
from renderer.usecases.memory import blank
from renderer.usecases.project import build_all, open_project
from tests.bench.projects import ENVS, generate, name_of


def counting(name: str, steps: int, told: list[str]) -> Stepwise[str]:
    for number in range(steps):
        told.append(f"{name}{number}")
        yield
    return name


def test_results_come_in_order_and_steps_side_by_side() -> None:
    told: list[str] = []
    assert in_step(counting(name, steps, told) for name, steps in (("a", 1), ("b", 3), ("c", 0), ("d", 2))) == [*"abcd"]
    assert told == ["a0", "b0", "d0", "b1", "d1", "b2"]


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 100])
def test_groups_are_all_items_in_order(count: int) -> None:
    assert [item for some in groups(range(count)) for item in some] == list(range(count))


BROKEN: dict[str, Callable[[str], str]] = {
    "no YAML": lambda text: text + "\t:",
    "another name": lambda text: text.replace("name: app-", "name: other-", 1),
    "an unknown field": lambda text: text.replace("  version:", "  versoin:"),
    "a patch that fits nothing": lambda text: text + "  patches: [{target: {kind: Job}, patch: {metadata: {}}}]\n",
    "a manifest that its schema refuses": lambda text: text.replace("port: 80,", "port: 80000,"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_wrong_app_among_others_changes_nothing_for_them(name: str, tmp_path: Path) -> None:
    project = generate(tmp_path / "p", 20, 2)
    spec = project / f"apps/{name_of(7)}.yaml"
    spec.write_text(BROKEN[name](spec.read_text()))
    opened = open_project(str(project))
    together = build_all(opened, opened.apps, ENVS[:2])
    assert together == [each for app in opened.apps for each in build_all(opened, [app], ENVS[:2])]
    assert {each.app for each in together if each.problems} == {name_of(7)}


def test_what_was_made_is_the_same_in_another_process(tmp_path: Path) -> None:
    opened = open_project(str(generate(tmp_path / "p", 8, 1)))
    made = build_all(opened, opened.apps, ENVS[:1])
    received = [copy(each) for each in made]  # by the same way as through a pipe
    assert received == made
    assert {type(claim) for each in received for claim in each.claims} == {Claim}


def test_an_app_is_sound_without_the_text_of_its_files_too(tmp_path: Path) -> None:
    project = generate(tmp_path / "p", 8, 1)
    spec = project / f"apps/{name_of(7)}.yaml"
    spec.write_text(BROKEN["an unknown field"](spec.read_text()))
    opened = open_project(str(project))
    written, unwritten = (build_all(opened, opened.apps, ENVS[:1], text=text) for text in (True, False))
    assert {each.app for each in written if not each.files} == {name_of(7)}
    assert [*map(blank, written)] == unwritten
    assert [copy(each).is_sound for each in unwritten] == [each.app != name_of(7) for each in unwritten]
    assert not any(each.files for each in unwritten)
