"""How fast this machine is: the version for which the goals were set renders the same apps in the same run.

A goal in seconds holds for the machine on which that version took SECONDS. Here it counts as many times longer as that
version takes here, before and after what the goal is about: other work on the machine comes and goes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from tests.bench.check import lay_out
from tests.bench.measure import CHECKOUT, Result, Sample, median, once
from tests.bench.projects import generate

COMMIT = "1eeebbfef4ad"
SECONDS = 2.9  # in which it rendered 10,000 apps of one environment, where the goals were set
APPS = 10_000
BEFORE, NOW = f"cold, rollspec {COMMIT[:8]}", "cold, the same apps"
RATIOS: Mapping[int, float] = {1: 0.85, 3: 0.8}  # times the time of that version at most, by environments
_RENDER = (sys.executable, "-c", "from renderer.cli import main; main()", "-C")


def is_here() -> bool:
    """Whether the repository has that version: a shallow clone has not."""
    question = ["git", "cat-file", "-e", f"{COMMIT}^{{commit}}"]
    return subprocess.run(question, cwd=CHECKOUT, stderr=subprocess.DEVNULL, check=False).returncode == 0


def reference_results(place: Path, envs: int, runs: int) -> Iterator[Result]:
    """Both versions, in turns, over one project."""
    trees = {BEFORE: lay_out(COMMIT, place / "reference"), NOW: CHECKOUT}
    project = generate(place / f"reference-{envs}", APPS, envs)
    samples: dict[str, list[Sample]] = {name: [] for name in trees}
    for _ in range(runs):
        for name, tree in trees.items():
            samples[name].append(_cold(project, tree))
    shutil.rmtree(project)
    shutil.rmtree(trees[BEFORE])
    for name, found in samples.items():
        yield Result(name, APPS, envs, median(found), runs)


def slowness(place: Path) -> Callable[[], float]:
    """What measures how many times as long as SECONDS that version takes here and now."""
    tree, project = lay_out(COMMIT, place / "slowness"), generate(place / "slowness-apps", APPS, 1)
    return lambda: _cold(project, tree).wall / SECONDS


def paced(groups: Iterable[Iterable[Result]], slowness: Callable[[], float]) -> Iterator[Result]:
    """The results of each group, with the mean of how slow the machine was before and after it."""
    before = slowness()
    for group in groups:
        results = list(group)
        after = slowness()
        yield from (replace(each, slowness=(before + after) / 2) for each in results)
        before = after


def _cold(project: Path, tree: Path) -> Sample:
    for folder in ("rendered", ".rollspec"):
        shutil.rmtree(project / folder, ignore_errors=True)
    return once((*_RENDER, str(project), "render"), within=tree)
