"""Specs drawn from our own schema: each has problems, or renders to manifests that kubeconform and our rules accept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings

from renderer.problem import errors
from renderer.project import Versions
from renderer.yamlio import load_all
from tests.support.cases import ROOT
from tests.support.kubeconform import judge
from tests.support.rebuild import build, digest, project
from tests.support.specs import ROUTES, apps

EXAMPLES = 110  # for each of the five strategies and routers: 550 specs a run
SETS = tuple(Versions().folders.values())


@pytest.mark.parametrize(("kind", "router"), ROUTES)
def test_generated_specs_have_problems_or_good_manifests(kind: str, router: str | None, tmp_path: Path) -> None:
    setup, schemas = project()
    accepted: list[dict[str, bytes]] = []
    drawn, good = [], []

    @seed(20261124 + ROUTES.index((kind, router)))  # other documents for each
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
            good.append(document)

    check()
    assert len(drawn) >= 100
    assert len(accepted) >= 0.3 * len(drawn), f"{len(accepted)} of {len(drawn)} accepted"
    _kubeconform_agrees(accepted, tmp_path)
    _readers_agree(accepted)
    assert {_digest_under(hash_seed, good) for hash_seed in ("0", "1")} == {digest(good)}


def _digest_under(hash_seed: str, documents: list[Any]) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-m", "tests.support.rebuild"]
    text = json.dumps(documents)
    done = subprocess.run(command, input=text, env=environment, cwd=ROOT, capture_output=True, check=True, text=True)
    return done.stdout.strip()


def _readers_agree(accepted: list[dict[str, bytes]]) -> None:
    """A reader of YAML 1.1 and ours, of 1.2, see the same objects."""
    text = b"---\n".join(text for files in accepted for text in files.values())
    assert list(yaml.load_all(text, yaml.CSafeLoader)) == [*load_all(text, "all.yaml")[0]]


def _kubeconform_agrees(accepted: list[dict[str, bytes]], folder: Path) -> None:
    for number, files in enumerate(accepted):
        for path, text in files.items():
            target = folder / str(number) / path.rpartition("/")[2]
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(text)
    refused = {file: verdict.message for file, verdict in judge(folder, SETS).items() if not verdict.valid}
    assert refused == {}
