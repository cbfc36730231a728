"""The examples of docs/spec.md: together they are a project that renders without a word."""

from __future__ import annotations

from pathlib import Path

from tests.support.cases import lay_out, run
from tests.support.page_spec import EXAMPLE, KINDS, page


def test_the_examples_render(tmp_path: Path) -> None:
    project = lay_out(EXAMPLE, tmp_path / "p")
    outcome = run(project, "render", "--strict")
    assert (outcome.code, outcome.err) == (0, "")
    assert (project / "rendered/production/checkout/rollout.yaml").is_file()


def test_every_example_is_shown() -> None:
    shown = {path for _, _, examples in KINDS for path in examples}
    assert shown == {str(path.relative_to(EXAMPLE)) for path in EXAMPLE.rglob("*.yaml")}


def test_every_path_begins_at_the_top_of_the_file() -> None:
    fields = [line.split("`")[1] for line in page().splitlines() if line.startswith(("| `", "| **`"))]
    assert fields
    assert {field.partition(".")[0].partition("[")[0] for field in fields} == {"metadata", "spec"}
