"""How long the commands that share their work take by each start method: in turns, over one project.

Where there is no fork, or none that is safe, processes are spawned.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from renderer.workers import START_METHOD
from tests.bench.measure import Result, Sample, median, once
from tests.bench.ours import ROLLSPEC
from tests.bench.projects import ENVS
from tests.bench.rows import MANY, change_overlay, commit, generate_ordered, git, rolling

APPS = 10_000
METHODS = ("fork", "spawn")


@dataclass(frozen=True)
class Start:
    """A command. `prepare` is called before each run, with its number; `runs` is how often it runs by each method."""

    words: Callable[[int], Sequence[str]]
    prepare: Callable[[Path, int], object] = lambda project, number: None
    runs: int = 2


def _forget(project: Path, _: int) -> None:
    """Leave nothing that an earlier run found."""
    shutil.rmtree(project / ".rollspec", ignore_errors=True)


def _clear(project: Path, number: int) -> None:
    """Leave nothing that an earlier run found or wrote."""
    _forget(project, number)
    shutil.rmtree(project / "rendered", ignore_errors=True)


def _release(number: int) -> Sequence[str]:
    words = [f"{name}=4.0.{number}" for name in rolling(APPS)[-MANY:]]
    return ("release", *words, "--skip", "--commit", "--env", ENVS[0])


STARTS: Mapping[str, Start] = {
    "render, nothing rendered yet": Start(lambda _: ("render",), _clear),
    "validate": Start(lambda _: ("validate",)),
    "`fmt --check`": Start(lambda _: ("fmt", "--check")),
    "status, nothing known yet": Start(lambda _: ("status",), _forget),
    f"a verb with `--commit` over {MANY} apps": Start(_release),
    "all apps changed: plan": Start(lambda _: ("plan",), change_overlay, runs=1),
    "all apps changed: `validate --base`": Start(lambda _: ("validate", "--base", "HEAD"), change_overlay, runs=1),
    "all apps changed: render": Start(lambda _: ("render",), change_overlay, runs=1),
}


def by(name: str, method: str) -> str:
    """The name of the result."""
    return f"{name}, processes by {method}"


def start_results(place: Path) -> Iterator[Result]:
    """Every command by both methods."""
    project = generate_ordered(place / "starts", APPS, 1)
    once((*ROLLSPEC, "-C", str(project), "fmt"))
    once((*ROLLSPEC, "-C", str(project), "render"))
    commit(project)
    for name, start in STARTS.items():
        samples: dict[str, list[Sample]] = {method: [] for method in METHODS}
        for number in range(start.runs * len(METHODS)):
            method = METHODS[number % len(METHODS)]
            start.prepare(project, number)
            command = ("env", f"{START_METHOD}={method}", *ROLLSPEC, "-C", str(project), *start.words(number))
            samples[method].append(once(command, codes=(0, 1)))
        git(project, "reset", "--quiet", "--hard")
        for method, found in samples.items():
            yield Result(by(name, method), APPS, 1, median(found), start.runs)
    shutil.rmtree(project)
