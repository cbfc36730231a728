"""The shards of a project, rendered on any machines in any order, are one run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from renderer.layout import HEADER
from renderer.project import Versions
from renderer.resources import read_schema
from renderer.schema import Schemas
from renderer.yamlio import load
from tests.bench.projects import generate
from tests.support.cases import FIXTURES, ROOT, Outcome, lay_out, run, snapshot

ARGO_CD = "  repository: {url: https://git.example.com/a.git, revision: main}\n  argocd: {kind: KIND}\n"


def shards(project: Path, count: int, output: Path | None = None) -> list[Outcome]:
    """The last one first, since the order must not matter."""
    place = ("--output", str(output)) if output else ()
    return [run(project, "render", "--shard", f"{number}/{count}", *place) for number in range(count, 0, -1)]


@pytest.mark.parametrize("kind", [None, "Application", "ApplicationSet"])
@pytest.mark.parametrize("count", [1, 2, 7])
def test_shards_together_are_one_run(count: int, kind: str | None, tmp_path: Path) -> None:
    project = generate(tmp_path / "p", 5, 2)
    with (project / "rollspec.yaml").open("a") as file:
        file.write(ARGO_CD.replace("KIND", kind) if kind else "")
    whole = tmp_path / "whole"
    assert run(project, "render", "--output", str(whole)).code == 0
    left_over = project / "rendered/production/gone/service.yaml"
    left_over.parent.mkdir(parents=True)
    left_over.write_text(f"{HEADER}apps/gone.yaml\n")
    assert [(each.code, each.err) for each in shards(project, count)] == [(0, "")] * count
    assert [(each.code, each.err) for each in shards(project, count, tmp_path / "shards")] == [(0, "")] * count
    assert snapshot(project / "rendered") == snapshot(tmp_path / "shards") == snapshot(whole)


@pytest.mark.parametrize("project", [ROOT, FIXTURES / "ok/argocd-application"], ids=lambda path: path.name)
def test_shards_of_samples_are_what_is_committed(project: Path, tmp_path: Path) -> None:
    committed = project / "fixtures/rendered"
    if project != ROOT:
        committed = project / "expected"
        project = lay_out(project, tmp_path / "p", leave=frozenset(("expected",)))
    assert all(each.code == 0 for each in shards(project, 3, tmp_path / "shards"))
    assert snapshot(tmp_path / "shards") == snapshot(committed)


def test_each_shard_checks_against_the_apps_of_the_others(tmp_path: Path) -> None:
    project = generate(tmp_path / "p", 5, 1)
    for name in ("app-00000", "app-00004"):
        path = project / f"apps/{name}.yaml"
        path.write_text(path.read_text().replace(f"{name}.example.com]", "one.example.com]"))
    found = shards(project, 2, tmp_path / "shards")
    assert any("host-once" in each.err for each in found)
    assert not (tmp_path / "shards/production/app-00000").exists()


@pytest.mark.parametrize("path", sorted((ROOT / "docs/examples").glob("*-shards.yaml")), ids=lambda path: path.name)
def test_the_page_shows_the_files_that_a_user_can_take(path: Path) -> None:
    assert f"```yaml\n{path.read_text()}```\n" in (ROOT / "docs/fleet.md").read_text()


def test_the_indexed_job_is_one_that_kubernetes_takes_and_its_pods_are_the_shards() -> None:
    text = (ROOT / "docs/examples/indexed-job.yaml").read_text()
    assert f"```yaml\n{text}```\n" in (ROOT / "docs/fleet.md").read_text()
    job, problems = load(text.encode(), "indexed-job.yaml")
    assert problems == []
    assert isinstance(job, dict)
    assert Schemas(Versions(), read_schema).manifest_explain(job) == []
    spec: Any = job["spec"]
    (command,) = spec["template"]["spec"]["containers"][0]["args"]
    words = command[command.index("--shard") :]
    last = {"JOB_COMPLETION_INDEX": "7", "PATH": os.environ["PATH"]}
    told = subprocess.run(["sh", "-c", f"echo {words}"], env=last, capture_output=True, text=True, check=True)
    assert told.stdout == f"--shard {spec['completions']}/8\n"
