"""`python -m tests.bench.check [REF]`: fails where this checkout is over 10 % slower than REF, by default the last tag.

Both are run in turns, so that a busy machine slows both, and the least processor time of each counts.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.measure import CHECKOUT, environment, workplace
from tests.bench.projects import ENVS, generate
from tests.bench.rows import commit

MOST = 1.10  # times the processor time of the other version
ROUNDS = 9
_RUN = "from renderer.cli import main; main()"
_APPS = 300
_VERB = ["--all", "--dry-run", "--env", ENVS[0]]
COMMANDS: Mapping[str, tuple[str, Sequence[str]]] = {  # one of `laid_out`, and the command; none changes a file
    "--help": ("one app", ["--help"]),
    "render one app": ("one app", ["render", "--no-cache"]),
    f"render {_APPS} apps": ("many", ["render", "--no-cache", "--jobs", "1"]),
    f"validate {_APPS} apps": ("many", ["validate", "--jobs", "1"]),
    f"fmt --check {_APPS} apps": ("many", ["fmt", "--check"]),
    f"status {_APPS} apps": ("committed", ["status"]),
    f"restart {_APPS} apps": ("committed", ["restart", *_VERB]),
    f"abort what is in flight of {_APPS} apps": ("committed", ["abort", *_VERB]),
    f"plan, {_APPS} apps changed": ("changed", ["plan", "--base", "HEAD"]),
    f"validate --base, {_APPS} apps changed": ("changed", ["validate", "--base", "HEAD", "--jobs", "1"]),
}


def verdict(least: Mapping[str, tuple[float, float]]) -> tuple[list[str], int]:
    """A line for each command, from the least times of the other version and of this one; and the exit code."""
    lines, failed = [], False
    for name, (before, now) in least.items():
        slower = now > before * MOST
        failed |= slower
        end = f": over {MOST:.2f} times" if slower else ""
        lines.append(f"{name:36} {before * 1000:8.0f} ms {now * 1000:8.0f} ms {now / before:6.2f} times{end}")
    return lines, int(failed)


def processor_time(tree: Path, arguments: Sequence[str | Path]) -> float:
    """Seconds of one run of the rollspec in this folder, its other processes included."""
    command = [sys.executable, "-c", _RUN, *arguments]
    process = subprocess.Popen(
        command, cwd=tree, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):  # 1: a file is not as `fmt` would write it
        raise RuntimeError(f"{command} in {tree} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime


def last_tag() -> str:
    """The last tag before HEAD; empty if there is none yet."""
    command = ["git", "describe", "--tags", "--abbrev=0", "HEAD"]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False).stdout.strip()


def lay_out(reference: str, folder: Path) -> Path:
    """The program of a commit in a folder: its code, and the schemas that it reads."""
    packed = subprocess.run(
        ["git", "archive", reference, "renderer", "schemas"], cwd=CHECKOUT, stdout=subprocess.PIPE, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def laid_out(place: Path) -> dict[str, Path]:
    """The projects, by name; in the one named `changed`, an edit of the overlay since the commit changes every app."""
    projects = {"one app": generate(place / "one", 1, 1), "many": generate(place / "many", _APPS, 1)}
    for name in ("committed", "changed"):
        projects[name] = generate(place / name, _APPS, 1)
        processor_time(CHECKOUT, ["-C", projects[name], "render"])
        commit(projects[name])
    overlay = projects["changed"] / f"overlays/{ENVS[0]}/overlay.yaml"
    overlay.write_text(overlay.read_text().replace("maxUnavailable: 1", "maxUnavailable: 2"))
    return projects


def main() -> int:
    """Measure both, and say what was found."""
    reference = sys.argv[1] if len(sys.argv) > 1 and sys.argv[1] else last_tag()
    if not reference:
        print("there is no tag yet: name a commit to compare with, `make bench-check REF=commit`")
        return 0
    with workplace() as folder:
        place = Path(folder)
        trees = (lay_out(reference, place / "before"), CHECKOUT)
        projects = laid_out(place)
        times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in COMMANDS}
        for _ in range(ROUNDS + 1):
            for name, (project, arguments) in COMMANDS.items():
                for tree, found in zip(trees, times[name], strict=True):
                    found.append(processor_time(tree, ["-C", projects[project], *arguments]))
    lines, code = verdict({name: (min(before[1:]), min(now[1:])) for name, (before, now) in times.items()})
    print("\n".join([f"processor time of {reference} and of this checkout, the least of {ROUNDS} runs:", *lines]))
    return code


if __name__ == "__main__":
    sys.exit(main())
