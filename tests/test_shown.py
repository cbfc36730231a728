"""From which folder the paths of problems are shown: they lead to the files from where they are read."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from renderer.problem import Problem
from renderer.usecases.shown import seen_from_folder
from tests.support.cases import FIXTURES, lay_out, run
from tests.support.repository import init

FILE = "apps/web.yaml"


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A repository with the projects a/ and b/, in which the same is wrong."""
    for name in ("a", "b"):
        lay_out(FIXTURES / "err/missing-image", tmp_path / name, leave=frozenset(("problems.txt",)))
    return init(tmp_path)


def _files(text: str) -> list[str]:
    return [line.partition(":")[0] for line in text.splitlines() if not line.startswith("rollspec")]


@pytest.mark.parametrize("command", ["validate", "render"])
def test_paths_are_seen_from_where_paths_are_given(two: Path, command: str) -> None:
    both = [f"a/{FILE}", f"b/{FILE}"]
    assert _files(run(two, command, *both).err) == both
    assert _files(run(two, command, "a", "b").err) == both
    assert _files(run(two / "a", command, FILE).err) == [FILE]
    assert _files(run(two / "a", command).err) == [FILE]
    assert _files(run(two / "a/apps", command, "web.yaml").err) == ["web.yaml"]
    assert _files(run(two / "a", command, f"../b/{FILE}").err) == [f"../b/{FILE}"]
    said = json.loads(run(two, command, f"b/{FILE}", "--format", "json").out)
    assert [each["file"] for each in said["problems"]] == [f"b/{FILE}"]


@pytest.mark.parametrize("command", ["validate", "render"])
def test_annotations_are_seen_from_the_top_of_the_repository(two: Path, command: str) -> None:
    for folder, paths in ((two / "a", []), (two / "a", [FILE]), (two / "a/apps", ["."]), (two, [f"a/{FILE}"])):
        outcome = run(folder, command, "--format", "github", *paths)
        assert outcome.out.startswith(f"::error file=a/{FILE},line=5,"), outcome


def test_annotations_outside_of_a_repository_are_seen_from_the_project(tmp_path: Path) -> None:
    project = lay_out(FIXTURES / "err/missing-image", tmp_path / "a", leave=frozenset(("problems.txt",)))
    assert run(project, "validate", "--format", "github").out.startswith(f"::error file={FILE},line=5,")


def test_shared_files_that_are_wrong_are_seen_from_there_too(two: Path) -> None:
    (two / "b/overlays/production/overlay.yaml").write_text("kind: Overlay\n")
    assert set(_files(run(two, "validate", "b").err)) == {"b/overlays/production/overlay.yaml"}


def test_a_root_by_way_of_a_link_is_the_same_root(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "link").symlink_to("p")
    problem = Problem(FILE, 1, 1, "tag", "no tag")
    assert seen_from_folder([problem], str(tmp_path / "link"), str(tmp_path / "p")) == [problem]
    (found,) = seen_from_folder([problem], str(tmp_path / "link"), str(tmp_path))
    assert found.file == f"p/{FILE}"


@pytest.mark.parametrize("words", [(), ("--output", "x"), ("--app", "web"), ("apps/web.yaml",)])
@pytest.mark.parametrize("form", ["json", "sarif", "junit"])
def test_nothing_is_printed_with_a_document(form: str, words: tuple[str, ...], tmp_path: Path) -> None:
    project = lay_out(FIXTURES / "ok/rolling-update", tmp_path / "p", leave=frozenset(("expected", "warnings.txt")))
    outcome = run(project, "render", "--format", form, *words)
    assert (outcome.code, " written, " in outcome.err) == (0, True), outcome
    parse = ET.fromstring if form == "junit" else json.loads
    parse(outcome.out)  # raises where more is there than one document


@pytest.mark.parametrize("command", ["validate", "render"])
@pytest.mark.parametrize("paths", [("a", "b"), (f"a/{FILE}", f"b/{FILE}")])
def test_a_document_is_about_one_project(two: Path, command: str, paths: tuple[str, ...]) -> None:
    outcome = run(two, command, *paths, "--format", "json")
    assert (outcome.code, outcome.out) == (2, "")
    assert "--format json is about one project: run it once for each" in outcome.err


def test_a_document_and_manifests_do_not_go_together(tmp_path: Path) -> None:
    project = lay_out(FIXTURES / "ok/rolling-update", tmp_path / "p", leave=frozenset(("expected", "warnings.txt")))
    outcome = run(project, "render", "--stdout", "--format", "json")
    assert (outcome.code, outcome.out) == (2, "")
    assert "--stdout cannot be combined with --format json" in outcome.err
