"""Specs drawn from our own schema: each has problems, or renders to manifests that kubeconform and our rules accept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from renderer.build import Rendered, build_app
from renderer.build.setup import Setup, set_up
from renderer.problem import errors
from renderer.project import Project
from renderer.resources import read_schema
from renderer.schema import Schemas, Versions
from renderer.yamlio import dump
from tests.support.cases import OVERLAY
from tests.support.kubeconform import judge
from tests.support.specs import ROUTES, apps

EXAMPLES = 110  # for each of the five strategies and routers: 550 specs a run
SETS = tuple(Versions().folders.values())


def project() -> tuple[Setup, Schemas]:
    """A project of one app in one environment."""
    schemas = Schemas(Versions(), read_schema)
    files = {"overlays/production/overlay.yaml": OVERLAY.encode()}
    setup, problems = set_up(Project(), files, frozenset({"web"}), schemas)
    assert not problems
    return setup, schemas


def build(setup: Setup, schemas: Schemas, document: Any) -> Rendered:
    """The document through the pipeline, by way of its text."""
    return build_app("web", {"apps/web.yaml": dump(document).encode()}, setup, schemas, ["production"])[0]


@pytest.mark.parametrize(("kind", "router"), ROUTES)
def test_generated_specs_have_problems_or_good_manifests(kind: str, router: str | None, tmp_path: Path) -> None:
    setup, schemas = project()
    accepted: list[dict[str, bytes]] = []
    drawn = []

    @seed(20261124)
    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.explicit, Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(apps(kind, router))
    def check(document: dict[str, Any]) -> None:
        drawn.append(document)
        rendered = build(setup, schemas, document)
        again = build(setup, schemas, document)
        assert rendered == again
        if errors(rendered.problems):
            assert not rendered.files
            assert all(problem.file and problem.line for problem in rendered.problems), rendered.problems
        else:
            assert rendered.files
            accepted.append(dict(rendered.files))

    check()
    assert len(drawn) >= 100
    assert len(accepted) >= 0.3 * len(drawn), f"{len(accepted)} of {len(drawn)} accepted"
    _kubeconform_agrees(accepted, tmp_path)


def _kubeconform_agrees(accepted: list[dict[str, bytes]], folder: Path) -> None:
    for number, files in enumerate(accepted):
        for path, text in files.items():
            target = folder / str(number) / path.rpartition("/")[2]
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(text)
    refused = {file: verdict.message for file, verdict in judge(folder, SETS).items() if not verdict.valid}
    assert refused == {}
