"""One command as a whole process: wall time, processor time, peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent.parent
_MEMORY = Path("/dev/shm")  # a disk in memory, so that the disk's mood does not decide
_NEEDED = 4 << 30  # bytes


@dataclass(frozen=True)
class Sample:
    """`wall` and `cpu` (user and system, all processes) in seconds, `peak` of the largest process in MB."""

    wall: float
    cpu: float
    peak: float


@dataclass(frozen=True)
class Result:
    """What was measured: medians of `runs` runs over `apps` apps in `envs` environments.

    The machine was `slowness` times as slow then as the one on which the goals were set.
    """

    name: str
    apps: int
    envs: int
    sample: Sample
    runs: int
    slowness: float = 1.0

    @property
    def each(self) -> float:
        """Wall time an app and environment, in ms."""
        return self.sample.wall * 1000 / (self.apps * self.envs)


def workplace() -> tempfile.TemporaryDirectory[str]:
    """A folder to work in: in memory where there is room, else on the disk."""
    room = _MEMORY.is_dir() and os.statvfs(_MEMORY).f_bavail * os.statvfs(_MEMORY).f_frsize >= _NEEDED
    return tempfile.TemporaryDirectory(prefix="rollspec-bench-", dir=_MEMORY if room else None)


def environment() -> dict[str, str]:
    """Of what is measured: with nothing that makes Python slower, such as modules compiled anew by each process."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}


def once(
    command: Sequence[str | Path], output: Path | None = None, codes: Sequence[int] = (0,), within: Path = CHECKOUT
) -> Sample:
    """One run. Raises RuntimeError with what it said where it ends with another exit code."""
    os.sync()
    with open(output or os.devnull, "wb") as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, env=environment(), cwd=within)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in codes:
            err.seek(0)
            raise RuntimeError(f"{command} ended with {process.returncode}: {err.read().decode()[:2000]}")
    return Sample(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def repeated(runs: int, run: Callable[[int], Sample]) -> Sample:
    """The medians of several runs; `run` is given the number of the run."""
    return median([run(number) for number in range(runs)])


def median(samples: Sequence[Sample]) -> Sample:
    """The median of each time, and the largest peak."""
    wall, cpu = (statistics.median(getattr(each, name) for each in samples) for name in ("wall", "cpu"))
    return Sample(wall, cpu, max(each.peak for each in samples))
