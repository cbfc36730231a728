"""Each folder under fixtures/ok renders to its `expected`; each under fixtures/err gives its `problems.txt`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.cases import FIXTURES, OVERLAY, ROOT, cases, lay_out, run, snapshot

OK, ERR = cases("ok"), cases("err")


@pytest.mark.parametrize("case", OK, ids=lambda case: case.name)
def test_ok_case_renders_what_is_expected(case: Path, tmp_path: Path) -> None:
    project = lay_out(case, tmp_path / "p", leave=frozenset(("expected", "warnings.txt")))
    outcome = run(project, "render")
    assert (outcome.code, outcome.err) == (0, _text(case / "warnings.txt")), outcome.err
    assert snapshot(project / "rendered") == snapshot(case / "expected")
    assert run(project, "render").out.startswith("0 written")
    assert run(project, "render", "--check").code == 0


@pytest.mark.parametrize("case", ERR, ids=lambda case: case.name)
def test_err_case_gives_its_problems_and_writes_nothing(case: Path, tmp_path: Path) -> None:
    project = lay_out(case, tmp_path / "p", leave=frozenset(("problems.txt",)))
    before = snapshot(project)
    outcome = run(project, "render")
    assert outcome.err == _text(case / "problems.txt")
    assert outcome.code == 1
    assert outcome.err.strip(), "an error case must fail"
    assert snapshot(project) == before
    assert run(project, "validate").err == outcome.err


def test_a_template_too_large_for_a_spec_is_refused(tmp_path: Path) -> None:
    project = lay_out(OK[0], tmp_path / "p", leave=frozenset(("expected", "warnings.txt")))
    (project / "templates").mkdir(exist_ok=True)
    (project / "templates/large.yaml.j2").write_text("{# " + "x" * (1 << 16) + " #}")
    outcome = run(project, "validate")
    assert outcome.code == 1
    assert "templates/large.yaml.j2:1:1: yaml-size: this file has more than 65536 bytes; split it\n" in outcome.err


LONG = """\
apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}, namespace: {namespace}}}
"""


def test_a_name_too_long_for_a_file_is_cut_in_the_name_of_its_file(tmp_path: Path) -> None:
    project = lay_out(FIXTURES / "ok/rolling-update", tmp_path / "p", leave=frozenset(("expected",)))
    names = [(f"{'a' * 252}{last}", space) for last in "bc" for space in ("shop", "other")]
    (project / "long.yaml").write_text("---\n".join(LONG.format(name=name, namespace=space) for name, space in names))
    (project / "overlays/production/overlay.yaml").write_text(f"{OVERLAY}  resources: [../../long.yaml]\n")
    assert run(project, "render").code == 0
    files = sorted((project / "rendered/production/_resources").iterdir())
    assert {tuple(re.findall(r"name: (a+[bc])\n  namespace: (\w+)", file.read_text())[0]) for file in files} == {*names}
    assert max(len(file.name) for file in files) == 255
    assert run(project, "render", "--check").code == 0


def test_samples_are_rendered_as_committed() -> None:
    outcome = run(ROOT, "render", "--check")
    assert (outcome.code, outcome.err) == (0, "")


def test_no_case_is_orphaned() -> None:
    assert all((case / "expected").is_dir() for case in OK)
    assert all((case / "problems.txt").is_file() for case in ERR)
    assert {path.name for path in (FIXTURES / "ok").iterdir()} == {case.name for case in OK}


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""
