"""The same work by what people use today: `kubectl kustomize`, and Helm's engine inside one process."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.measure import Result, Sample, median, once, repeated
from tests.bench.ours import ROLLSPEC
from tests.bench.projects import generate, name_of
from tests.tools import kubectl
from tests.tools.cache import cache
from tests.tools.cache import once as installed
from tests.tools.go import environment, go

BESIDE = "cold, beside peers"  # ours: a run before and after each peer's
HELM = "4.3.1"
HERE = Path(__file__).parent / "helm"
GO = (1, 26)  # what that version of Helm wants
BATCH = 100  # kustomize's own best
ALONE = 5  # apps that are built in a process each

KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: production
labels:
  - pairs: {environment: production}
images:
  - {name: registry.example.com/nothing, newTag: "2"}
patches:
  - target: {kind: Deployment|Rollout}
    patch: |
      - {op: add, path: /metadata/annotations/example.com~1runbook, value: https://runbooks.example.com/production}
resources:
"""


def peer_results(place: Path, apps: int, runs: int) -> Iterator[Result]:
    """Each peer over the same apps in one environment; where one is not there, that is said and it is left out."""
    project = generate(place / f"peers-{apps}", apps, 1)
    ours = [_ours(project)]
    try:
        for result in _kustomize(project, place, apps, runs):
            yield result
            ours.append(_ours(project))
    except FileNotFoundError as error:
        print(f"kustomize is left out: {error}")
    try:
        for result in _helm(project, place, apps, runs):
            yield result
            ours.append(_ours(project))
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"Helm's engine is left out, it could not be built: {error}")
    yield Result(BESIDE, apps, 1, median(ours), len(ours))
    shutil.rmtree(project)


def _ours(project: Path) -> Sample:
    """A cold run."""
    for folder in ("rendered", ".rollspec"):
        shutil.rmtree(project / folder, ignore_errors=True)
    return once((*ROLLSPEC, "-C", str(project), "render"))


def _kustomize(project: Path, place: Path, apps: int, runs: int) -> Iterator[Result]:
    names = [name_of(number) for number in range(apps)]
    command = str(kubectl())

    def build(folders: Sequence[Path]) -> Sample:
        samples = [once((command, "kustomize", str(folder)), place / "built.yaml") for folder in folders]
        return Sample(sum(each.wall for each in samples), sum(each.cpu for each in samples), samples[0].peak)

    alone = [_kustomization(project, place / f"one-{name}", [name]) for name in names[:ALONE]]
    yield Result("kustomize, a process an app", len(alone), 1, repeated(runs, lambda _: build(alone)), runs)
    starts = range(0, apps, BATCH)
    batches = [_kustomization(project, place / f"batch-{start}", names[start : start + BATCH]) for start in starts]
    yield Result("kustomize, builds of 100", apps, 1, repeated(1, lambda _: build(batches)), 1)
    if apps > BATCH:
        whole = _kustomization(project, place / "whole", names)
        yield Result("kustomize, one build", apps, 1, repeated(1, lambda _: build([whole])), 1)


def _kustomization(project: Path, folder: Path, apps: Sequence[str]) -> Path:
    """The apps' own manifests as the base, and what an overlay does on top: namespace, label, image, patch."""
    files = []
    for app in apps:
        shutil.copytree(project / "rendered/production" / app, folder / app)
        files += [f"{app}/{path.name}" for path in sorted((folder / app).iterdir())]
    (folder / "kustomization.yaml").write_text(KUSTOMIZATION + "".join(f"  - {file}\n" for file in files))
    return folder


def _helm(project: Path, place: Path, apps: int, runs: int) -> Iterator[Result]:
    command = installed(cache("tools", f"helm-engine-{HELM}"), _build) / "helm-engine"

    def run(number: int) -> Sample:
        return once((command, HERE / "chart", project / "apps", place / f"helm-{apps}-{number}"))

    yield Result("Helm's engine, one process", apps, 1, repeated(runs, run), runs)


def _build(folder: Path) -> None:
    build: list[str | Path] = [go(GO), "build", "-trimpath", "-ldflags=-s -w", "-o", folder / "helm-engine", "."]
    subprocess.run(build, cwd=HERE, env=environment(GOFLAGS="-mod=readonly"), check=True)
