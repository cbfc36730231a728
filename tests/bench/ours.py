"""What is measured of rollspec itself."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.bench.measure import Result, Sample, median, once, repeated
from tests.bench.projects import name_of
from tests.bench.rows import commit, day_results, generate_ordered, git
from tests.bench.shares import shares

Key = tuple[str, int, int]  # name, apps, environments
LARGEST = 10_000  # apps of a project on which every command is measured
IN_TURNS = ", in turns with a larger project"
CHANGED = 5  # apps that a plan is about
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "cold": ("render",),
    "nothing changed": ("render",),
    "one app changed": ("render",),
    "nothing changed, no cache": ("render", "--no-cache"),
    "one app asked for": ("render", "--app", name_of(0)),
    "validate": ("validate",),
    "plan": ("plan", "--base", "HEAD"),
    "validate a change": ("validate", "--base", "HEAD", "--jobs", "1"),
    "--help": ("--help",),
}
# What the script `rollspec` does, for the code of this checkout whatever is installed.
ROLLSPEC: tuple[str, ...] = (sys.executable, "-c", "from renderer.cli import main; main()")


def project_results(place: Path, apps: int, envs: int, runs: int) -> Iterator[Result]:
    """Every command over one project of that size."""
    project = generate_ordered(place / f"{apps}x{envs}", apps, envs)
    command = {name: (*ROLLSPEC, "-C", str(project), *words) for name, words in COMMANDS.items()}
    once((*ROLLSPEC, "-C", str(project), "fmt"))
    render = command["cold"]
    runs = runs if apps < 5000 else min(runs, 3)

    def result(name: str, sample: Sample) -> Result:
        return Result(name, apps, envs, sample, runs)

    yield result("cold", repeated(runs, lambda _: _cold(project)))
    once(render)
    yield result("nothing changed", repeated(runs, lambda _: once(render)))
    output = project / "rendered"
    yield result(
        "floor", repeated(runs, lambda number: once(("cp", "-r", str(output), str(place / f"floor-{number}"))))
    )
    for old in place.glob("floor-*"):
        shutil.rmtree(old)
    commit(project)
    yield result("one app changed", repeated(runs, lambda number: _changed(project, render, apps, number)))
    git(project, "reset", "--quiet", "--hard")
    once(render)
    for name in ("nothing changed, no cache", "one app asked for", "validate"):
        once(command[name])
        yield result(name, repeated(runs, _again(command[name])))
    _edit_some(project, apps)
    for name in ("plan", "validate a change"):
        yield result(name, repeated(runs, _again(command[name], codes=(0, 1))))
    git(project, "reset", "--quiet", "--hard")
    once(render)
    yield from day_results(project, ROLLSPEC, (apps, envs), runs)
    shutil.rmtree(project)


def growth_results(place: Path, apps: int) -> Iterator[Result]:
    """What grows with a very large project: its runs, and one of LARGEST apps before and after each."""
    few, many = (generate_ordered(place / f"growth-{size}", size, 1) for size in (LARGEST, apps))
    for project in (few, many):
        once((*ROLLSPEC, "-C", str(project), "fmt"))
    runs: Mapping[str, Callable[[Path], Sample]] = {"cold": _cold, "nothing changed": _render}
    for name, run in runs.items():
        before, sample, after = run(few), run(many), run(few)
        yield Result(name + IN_TURNS, LARGEST, 1, median([before, after]), 2)
        yield Result(name, apps, 1, sample, 1)
        for project in (few, many):
            once((*ROLLSPEC, "-C", str(project), "render"))  # files that are old enough to be told by their stamps
    for project in (few, many):
        shutil.rmtree(project)


def profiles(place: Path, wanted: Sequence[Key]) -> dict[Key, dict[str, float]]:
    """The processor seconds of such runs (name, apps, environments) by step, each in one process."""
    found: dict[Key, dict[str, float]] = {}
    for apps, envs in dict.fromkeys((apps, envs) for _, apps, envs in wanted):
        project = generate_ordered(place / "profile", apps, envs)
        commit(project)
        found |= {key: shares(_alone("cold", project)) for key in wanted if key == ("cold", apps, envs)}
        for _ in range(2):  # the second sees files that are old enough to be told by their stamps
            once((*ROLLSPEC, "-C", str(project), *COMMANDS["cold"]))
        for key in wanted:
            if key[1:] == (apps, envs) and key not in found:
                if key[0] == "one app changed":
                    _edit(project, 0, "profile")
                if key[0] in ("plan", "validate a change"):
                    _edit_some(project, apps)
                found[key] = shares(_alone(key[0], project))
                git(project, "reset", "--quiet", "--hard")
        shutil.rmtree(project)
    return found


def _render(project: Path) -> Sample:
    return once((*ROLLSPEC, "-C", str(project), "render"))


def _cold(project: Path) -> Sample:
    """Everything made, checked and written."""
    for folder in ("rendered", ".rollspec"):
        shutil.rmtree(project / folder, ignore_errors=True)
    return _render(project)


def _alone(name: str, project: Path) -> Sequence[str]:
    command = ("-C", str(project), *COMMANDS[name])
    return [*command, "--jobs", "1"] if command[2] in ("render", "validate") and "--jobs" not in command else command


def command_results(place: Path, runs: int) -> Iterator[Result]:
    """What does not depend on the size of a project."""
    yield Result("--help", 1, 1, repeated(runs, lambda _: once((*ROLLSPEC, "--help"))), runs)
    yield Result("python -c pass", 1, 1, repeated(runs, lambda _: once((sys.executable, "-c", "pass"))), runs)


def _again(command: Sequence[str], codes: Sequence[int] = (0,)) -> Callable[[int], Sample]:
    return lambda _: once(command, codes=codes)


def _changed(project: Path, render: tuple[str, ...], apps: int, number: int) -> Sample:
    _edit(project, number % apps, f"run-{number}")
    return once(render)


def _edit_some(project: Path, apps: int) -> None:
    for number in range(min(CHANGED, apps)):
        _edit(project, number, "plan")


def _edit(project: Path, app: int, value: str) -> None:
    path = project / f"apps/{name_of(app)}.yaml"
    first, _, rest = path.read_text().partition("    LOG_LEVEL: ")
    path.write_text(f"{first}    LOG_LEVEL: {value}\n{rest.partition(chr(10))[2]}")
