"""Where problems are shown; what is counted is how often a text is parsed and a patch applied, not the time."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from renderer.pipeline import build_app
from renderer.pipeline import positions as module
from renderer.pipeline.positions import Locator, locate_in_documents
from renderer.pipeline.setup import set_up
from renderer.problem import Problem, errors
from renderer.project import Project, Versions
from renderer.resources import read_schema
from renderer.schema import Schemas
from renderer.yamlio import MAX_PROBLEMS, Data, dump, each_positions, positions
from tests.support.cases import OVERLAY

SCHEMAS = Schemas(Versions(), read_schema)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often texts were parsed for locator, and patches applied to one manifest."""
    counts: Counter[str] = Counter()

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def one(*arguments: Any) -> Any:
            counts[name] += 1
            return function(*arguments)

        return one

    patching: Any = importlib.import_module("renderer.patch.apply")  # the package gives its function that name
    monkeypatch.setattr(module, "positions", counting("positions", positions))
    monkeypatch.setattr(module, "each_positions", counting("each_positions", each_positions))
    monkeypatch.setattr(patching, "_patched", counting("patched", patching._patched))
    return counts


def problem(number: int, severity: Any = "error", line: int = 0) -> Problem:
    return Problem("a.yaml", line, line, "unknown-field", "not known", f"/k{number}", severity)


def test_a_text_is_parsed_once_for_all_its_problems(calls: Counter[str]) -> None:
    text = "".join(f"k{number}: 1\n" for number in range(50)).encode()
    located = Locator({"a.yaml": text}).locate(map(problem, range(50)))
    assert [each.line for each in located] == [*range(1, 51)]
    assert calls == {"positions": 1}


def test_of_each_file_some_problems_are_shown_and_that_there_are_more() -> None:
    found = [*map(problem, range(MAX_PROBLEMS + 1)), Problem("b.yaml", 0, 0, "tag", "no tag", "/spec/tag")]
    *located, last = Locator({"a.yaml": b"a: 1\n"}).locate(found)
    assert Counter(each.file for each in located) == {"a.yaml": MAX_PROBLEMS, "b.yaml": 1}
    message = "1 more problem of this file is not shown"
    assert last == Problem("a.yaml", 1, 1, "yaml-size", message)


def test_an_error_behind_many_warnings_still_stops_the_run() -> None:
    warnings = [problem(number, "warning") for number in range(MAX_PROBLEMS + 1)]
    assert not errors(Locator({}).locate(warnings))
    assert errors(Locator({}).locate([*warnings, problem(0)]))


def test_what_a_reader_told_with_its_places_is_left_as_it_is() -> None:
    found = [problem(number, line=number + 1) for number in range(MAX_PROBLEMS + 1)]
    assert Locator({"a.yaml": b"a: 1\n"}).locate(found) == tuple(found)


def test_a_file_of_many_documents_is_parsed_once(calls: Counter[str]) -> None:
    text = b"---\nk0: 1\n---\n" + b"".join(b"---\nk%d: 1\n" % number for number in range(1, 300))
    *located, last = locate_in_documents(text, [(number, problem(number)) for number in range(0, 300, 2)])
    assert [each.line for each in located] == [2, *(2 * number + 3 for number in range(2, 2 * MAX_PROBLEMS, 2))]
    assert last.rule == "yaml-size"
    assert calls == {"each_positions": 1}


def test_patches_are_applied_once_more_for_all_findings(calls: Counter[str]) -> None:
    """To find the last one that changed a manifest with findings."""
    patches: list[Data] = [
        {"target": {"kind": "Deployment"}, "patch": [{"op": "add", "path": f"/spec/wrong{number}", "value": 1}]}
        for number in range(40)
    ]
    spec: Data = {"image": "example.com/web", "tag": "1", "patches": patches}
    app: Data = {"apiVersion": "rollspec/v1", "kind": "App", "metadata": {"name": "web"}, "spec": spec}
    setup, _ = set_up(Project(), {"overlays/production/overlay.yaml": OVERLAY.encode()}, frozenset({"web"}), SCHEMAS)
    (rendered,) = build_app("web", {"apps/web.yaml": dump(app).encode()}, setup, ["production"])
    assert {each.pointer for each in rendered.problems} == {"/spec/patches/39"}
    assert len(rendered.problems) == 40
    assert calls["patched"] == 2 * 40
    assert calls["positions"] <= 1


@pytest.mark.parametrize("opens", [b"{#", b"{%", b"{{"])
def test_jinja_that_is_never_closed_is_sought_once(opens: bytes) -> None:
    text = b"a: 1\n" + opens * 30_000
    located = Locator({"templates/a.yaml.j2": text}).locate([Problem("templates/a.yaml.j2", 0, 0, "template", "x")])
    assert [(problem.line, problem.column) for problem in located] == [(1, 1)]


def test_jinja_is_left_out_of_positions_and_keeps_its_lines() -> None:
    text = b"{% if a %}\na: {{ b }}\n{# c\n#}\nd: 1\n{% endif %}\n"
    file = "templates/a.yaml.j2"
    problems = Locator({file: text}).locate([Problem(file, 0, 0, "template", "x", pointer) for pointer in ("/a", "/d")])
    assert [problem.line for problem in problems] == [2, 5]
