"""`release --adopt`: an imported app keeps its pods, and only the new version gets what rollspec adds to pods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from renderer.yamlio import load
from tests.support import import_cases
from tests.support.cases import run
from tests.support.repository import init, save

STANDARD = {"app.kubernetes.io/name", "app", "version"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An imported Rollout with a canary by Istio, rendered and committed."""
    folder = init(tmp_path / "project")
    assert import_cases.imported("rollout-istio-subsets", folder).code == 0
    _render(folder)
    return folder


def _render(folder: Path) -> dict[str, Any]:
    """The pod template after a render and a commit."""
    outcome = run(folder, "render")
    assert outcome.code == 0, outcome.err
    save(folder)
    (file,) = folder.glob("rendered/production/*/rollout.yaml")
    data: Any = load(file.read_bytes(), str(file))[0]
    return dict(data["spec"]["template"])


def _has_ours(template: dict[str, Any]) -> tuple[bool, bool]:
    """Whether pods have the standard labels, and the wait before a stop."""
    return template["metadata"]["labels"].keys() >= STANDARD, "lifecycle" in template["spec"]["containers"][0]


def test_only_the_new_version_gets_labels_and_the_wait(project: Path) -> None:
    before = _render(project)
    assert _has_ours(before) == (False, False)
    assert run(project, "release", "ratings", "9.9.9", "--adopt", "--env", "production").code == 0
    plan = run(project, "plan").out
    assert "pods of 9.9.9 get the labels app.kubernetes.io/name, version and a wait of 5 s before they stop" in plan
    assert _has_ours(_render(project)) == (True, True)
    assert run(project, "abort", "ratings", "--env", "production").code == 0
    assert _render(project) == before


def test_a_promotion_keeps_them_and_an_undo_takes_them_away(project: Path) -> None:
    before = _render(project)
    run(project, "release", "ratings", "9.9.9", "--adopt", "--env", "production")
    canary = _render(project)
    assert run(project, "promote", "ratings", "--env", "production").code == 0
    assert _render(project) == canary
    refused = run(project, "release", "ratings", "9.9.10", "--adopt", "--env", "production")
    assert (refused.code, "leave --adopt out" in refused.err) == (1, True)
    assert run(project, "undo", "ratings", "--env", "production").code == 0
    assert _render(project) == before


def test_what_the_command_line_sets_wins(project: Path) -> None:
    words = ("--adopt", "--set", "podMetadata.annotations.team=web", "--env", "production")
    assert run(project, "release", "ratings", "9.9.9", *words).code == 0
    template = _render(project)
    assert (_has_ours(template), template["metadata"]["annotations"]) == ((True, True), {"team": "web"})


def test_a_release_without_it_changes_the_tag_alone(project: Path) -> None:
    before = _render(project)
    assert run(project, "release", "ratings", "9.9.9", "--env", "production").code == 0
    after = _render(project)
    image = after["spec"]["containers"][0].pop("image")
    assert (image.endswith(":9.9.9"), before["spec"]["containers"][0].pop("image") != image) == (True, True)
    assert after == before
