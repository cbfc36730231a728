"""Sync windows against the cron library of Argo CD: open when the freeze is, or `read_differently` says why not."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from renderer.freeze import Window, window_faults
from renderer.sync_windows import go_duration, read_differently
from tests.tools import go

CRON = "v3.0.1"  # of github.com/robfig/cron/v3, as in Argo CD 3.6
SCHEDULES = 1000
TIMES = 40
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def build(folder: Path) -> Path:
    """The program, with the module that it needs."""
    source = Path(__file__).with_name("cron") / "main.go"
    (folder / "main.go").write_text(source.read_text())
    (folder / "go.mod").write_text(f"module cron\n\ngo 1.24\n\nrequire github.com/robfig/cron/v3 {CRON}\n")
    command = [str(go.go()), "build", "-o", "cron", "."]
    subprocess.run(command, cwd=folder, env=go.environment(GOFLAGS="-mod=mod"), check=True)
    return folder / "cron"


def term(random: Random, low: int, high: int) -> str:
    one, other = sorted((random.randint(low, high), random.randint(low, high)))
    step = f"/{random.randint(1, 5)}" if random.random() < 0.3 else ""
    return random.choice((str(one), f"{one}{step}", f"{one}-{other}{step}", f"*{step}"))


def field(random: Random, number: int) -> str:
    low, high = RANGES[number]
    special = {2: ("L", "LW"), 3: ("JAN", "feb-JUN"), 4: ("5#2", "5L", "MON", "mon-FRI")}.get(number, ())
    if random.random() < (0.5 if number > 1 else 0.1):
        return "*"
    if special and random.random() < 0.15:
        return random.choice(special)
    return ",".join(term(random, low, high) for _ in range(random.choice((1, 1, 1, 2))))


def windows(random: Random) -> list[Window]:
    """Random windows that `freeze` accepts."""
    found: list[Window] = []
    while len(found) < SCHEDULES:
        schedule = " ".join(field(random, number) for number in range(5))
        duration = timedelta(minutes=random.choice((1, 7, 60, 600, 3000, 40000)), seconds=random.choice((0, 0, 30)))
        entry = {"schedule": schedule, "duration": f"{int(duration.total_seconds())}s"}
        if not window_faults([{**entry, "duration": "1h"}]):
            found.append(Window(schedule, duration))
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_a_sync_window_is_open_when_the_freeze_is(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    some = windows(random)
    # Half a minute away from each opening and end: Argo CD counts the moment itself to the other side.
    times = [1_767_225_615 + random.randrange(525_600) * 60 for _ in range(TIMES)]
    asked = [
        json.dumps({"Schedule": window.schedule, "Duration": go_duration(window.duration), "Times": times})
        for window in some
    ]
    done = subprocess.run(
        [build(tmp_path)], input="\n".join(asked), capture_output=True, text=True, check=True, timeout=60
    )
    wrong, refused, differ = [], 0, 0
    for window, said in zip(some, done.stdout.splitlines(), strict=True):
        ours = "".join(str(int(bool(window.closes(datetime.fromtimestamp(time, UTC))))) for time in times)
        refused += said == "refused"
        differ += said not in ("refused", ours)
        if said != ours and not read_differently(window.schedule):
            wrong.append((window.schedule, str(window.duration), said, ours))
    assert wrong == []
    assert refused > 20
    assert differ > 2
    agreed = sum(not read_differently(window.schedule) for window in some)
    assert agreed > SCHEDULES / 2
