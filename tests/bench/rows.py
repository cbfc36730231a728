"""Measures the commands of a day on a project whose rendered files are committed, as most projects have them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.bench.measure import Result, Sample, once, repeated
from tests.bench.projects import ENVS, generate, name_of

MANY = 100  # apps of one verb
LOG = (100, 20_000)  # commits
_ENV = ("--env", ENVS[0])


def day_results(project: Path, rollspec: Sequence[str], size: tuple[int, int], runs: int) -> Iterator[Result]:
    """Of a project that has been rendered twice, and committed."""
    apps, envs = size
    spec = f"apps/{name_of(0)}.yaml"

    def command(*words: str, codes: Sequence[int] = (0,)) -> Sample:
        return once((*rollspec, "-C", str(project), *words), codes=codes)

    def result(name: str, *words: str, codes: Sequence[int] = (0,), warm: bool = True) -> Result:
        if warm:
            command(*words, codes=codes)
        return Result(name, apps, envs, repeated(runs, lambda _: command(*words, codes=codes)), runs)

    yield result("fmt --check", "fmt", "--check", warm=False)
    yield result("fmt --check --cached", "fmt", "--check", "--cached")
    yield result("validate --cached", "validate", "--cached")
    yield result("render --check --cached", "render", "--check", "--cached")
    yield result("plan, nothing changed", "plan")
    yield result("validate one app", "validate", "--cached", "--app", name_of(0))
    yield result("status", "status")
    yield result("status of some environment", "status", *_ENV)
    yield result("history", "history", name_of(0))
    yield result("status --behind", "status", "--behind")
    yield from _hooks(project, rollspec, (apps, envs, spec), runs)
    yield from _verbs(project, rollspec, size, runs)
    if envs == 1:
        yield from _of_all(project, rollspec, size, runs)


def _hooks(project: Path, rollspec: Sequence[str], of: tuple[int, int, str], runs: int) -> Iterator[Result]:
    """As pre-commit runs them, for one changed spec; and as Git itself does, with its rendered files."""
    apps, envs, spec = of
    path = project / spec
    before = path.read_text()
    validate, render = ("validate", "--hook", "--cached"), ("render", "--hook")
    started = (*rollspec, "-C", str(project))
    for name, command, is_plain in (
        ("hook: validate", ("env", "PRE_COMMIT=1", *started, *validate, spec), False),
        ("hook: render", ("env", "PRE_COMMIT=1", *started, *render, spec), False),
        ("plain hook: validate", ("env", "--unset=PRE_COMMIT", *started, *validate), True),
        ("plain hook: render", ("env", "--unset=PRE_COMMIT", *started, *render), True),
    ):

        def hook(number: int, command: Sequence[str] = command, *, is_plain: bool = is_plain) -> Sample:
            path.write_text(before.replace("LOG_LEVEL: info", f"LOG_LEVEL: run{number}"))
            if is_plain:
                once((*started, "render", "--app", path.stem))
            git(project, "add", *(("--all",) if is_plain else (spec,)))
            return once(command, codes=(0, 1))

        hook(99)
        yield Result(name, apps, envs, repeated(runs, hook), runs)
    git(project, "reset", "--quiet", "--hard")


def rolling(apps: int) -> list[str]:
    """The apps that replace their pods at once and that no partial app is about, of a project of so many apps."""
    return [name_of(number) for number in range(apps) if number % 4 == 1 and number // 4 % 3]


def _verbs(project: Path, rollspec: Sequence[str], size: tuple[int, int], runs: int) -> Iterator[Result]:
    """Releases of apps that replace their pods at once; each run is a commit."""
    apps, envs = size
    some_apps = rolling(apps)

    def release(names: Sequence[str], number: int) -> Sample:
        words = [f"{name}=3.{len(names)}.{number}" for name in names]
        return once((*rollspec, "-C", str(project), "release", *words, "--skip", "--commit", *_ENV))

    for name, some in (("verb --commit", some_apps[:1]), (f"verb --commit over {MANY} apps", some_apps[-MANY:])):
        if some and (len(some) == MANY or "over" not in name):
            release(some, 99)
            yield Result(name, apps, envs, repeated(runs, partial(release, some)), runs)


def _of_all(project: Path, rollspec: Sequence[str], size: tuple[int, int], runs: int) -> Iterator[Result]:
    """A change of the overlay that every app shows."""
    apps, envs = size
    runs = 1 if apps > 2000 else min(runs, 3)
    for name, words in (
        ("plan", ("plan",)),
        ("validate --base", ("validate", "--base", "HEAD")),
        ("render", ("render",)),
    ):

        def run(number: int, words: Sequence[str] = words) -> Sample:
            change_overlay(project, number)
            return once((*rollspec, "-C", str(project), *words), codes=(0, 1))

        yield Result(f"all changed: {name}", apps, envs, repeated(runs, run), runs)


def change_overlay(project: Path, number: int) -> None:
    """Another change of the first environment's overlay for each number; every app shows it."""
    path = project / f"overlays/{ENVS[0]}/overlay.yaml"
    text = re.sub("maxUnavailable: .*?}", f"maxUnavailable: {2 + number}}}", path.read_text())
    path.write_text(re.sub("replicas: .*", f"replicas: {5 + number}", text))


def _again(command: Sequence[str], _: int) -> Sample:
    return once(command)


def log_results(place: Path, rollspec: Sequence[str], runs: int) -> Iterator[Result]:
    """`history` and `status` of a small project after few commits and after many."""
    apps = 100
    for commits in LOG:
        project = generate_ordered(place / f"log-{commits}", apps, 1)
        once((*rollspec, "-C", str(project), "render"))
        commit(project)
        _many_commits(project, commits)
        for name, words in (("history", ("history", name_of(5))), ("status", ("status",))):
            command = (*rollspec, "-C", str(project), *words)
            once(command)
            yield Result(f"{name}, {commits:,} commits", apps, 1, repeated(runs, partial(_again, command)), runs)


def _many_commits(project: Path, commits: int) -> None:
    """Commits that each give another app another tag."""
    texts = {number: (project / f"apps/{name_of(number)}.yaml").read_text() for number in range(100)}
    lines = []
    for number in range(commits):
        app = number % 100
        text = texts[app].replace("LOG_LEVEL: info", f"LOG_LEVEL: commit{number}").encode()
        parent = "from refs/heads/main^0\n" if number == 0 else ""
        head = f"commit refs/heads/main\ncommitter bench <bench@example.com> {1_700_000_000 + number} +0000\n"
        head += f"data 1\nx\n{parent}M 100644 inline apps/{name_of(app)}.yaml\ndata {len(text)}\n"
        lines.append(head.encode() + text + b"\n")
    git(project, "fast-import", "--quiet", "--force", given=b"".join(lines))
    git(project, "reset", "--quiet", "--hard", "main")


def generate_ordered(folder: Path, apps: int, envs: int) -> Path:
    """A generated project with an order of promotion."""
    project = generate(folder, apps, envs)
    with (project / "rollspec.yaml").open("a") as file:
        file.write(f"  promotion: [{', '.join(reversed(ENVS[:envs]))}]\n")
    return project


def commit(project: Path) -> None:
    """A repository with everything in it."""
    (project / ".gitignore").write_text(".rollspec/\n")
    git(project, "init", "--quiet", "--initial-branch=main")
    for key, value in (("user.name", "bench"), ("user.email", "bench@example.com"), ("gc.auto", "0")):
        git(project, "config", key, value)
    git(project, "add", "-A")
    git(project, "commit", "--quiet", "-m", "Start")


def git(project: Path, *words: str, given: bytes | None = None) -> None:
    """Run git there."""
    subprocess.run(("git", "-C", str(project), *words), check=True, input=given, stdout=subprocess.DEVNULL)
