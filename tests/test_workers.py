"""Shares of work in several processes: each outcome ends them all, whether the second phase is wanted or not."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from renderer import workers
from renderer.failure import Failure
from renderer.workers import (
    SMALL,
    START_METHOD,
    Processes,
    StartMethod,
    _serve,
    _start_method,
    crew,
    processes,
    reports,
)
from tests.bench.projects import generate
from tests.support.cases import ROOT, run
from tests.support.works import Counting, Dying, Failing, Listing, Slow, Writing

ITEMS = range(SMALL * 3)
METHODS: tuple[StartMethod, ...] = ("fork", "spawn")
each_method = pytest.mark.parametrize("method", METHODS)


@each_method
@pytest.mark.parametrize("number", [1, 2, 3])
def test_every_item_is_in_one_share(number: int, method: StartMethod) -> None:
    with crew(ITEMS, Counting(), Processes(number, method)) as started:
        assert sorted(item for report in started.reports for item in report) == list(ITEMS)
        assert sum(started.finish()) == len(ITEMS)


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_a_process_reports_one_part_after_the_other(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_BLOCK", block)
    with crew(ITEMS, Counting(), Processes(2, "fork")) as both:
        assert max(map(len, both.reports)) == min(block, len(ITEMS) // 2)
        assert [item for report in both.reports for item in report] == [*ITEMS[::2], *ITEMS[1::2]]
        assert both.finish() == [len(report) for report in both.reports]


@each_method
def test_the_parts_are_the_same_however_processes_start(method: StartMethod) -> None:
    items = range(2 * 700)
    with crew(items, Counting(), Processes(2, method)) as both:
        assert [*map(len, both.reports)] == [500, 200, 500, 200]
        assert [item for report in both.reports for item in report] == [*items[::2], *items[1::2]]
        assert both.finish() == [500, 200, 500, 200]


@each_method
@pytest.mark.parametrize("number", [1, 2])
def test_without_finish_nobody_waits(number: int, method: StartMethod, tmp_path: Path) -> None:
    with crew(ITEMS, Writing(tmp_path), Processes(number, method)) as started:
        assert sum(map(len, started.reports)) == len(ITEMS)
    assert not (tmp_path / "done").exists()


@each_method
def test_what_one_raises_is_raised_here_and_ends_the_others(method: StartMethod) -> None:
    with (
        pytest.raises(ValueError, match="the second share"),
        crew(ITEMS, Failing(ValueError), Processes(3, method)),
    ):
        pass


@each_method
def test_a_worker_that_is_killed_at_work_is_told_of(method: StartMethod) -> None:
    with pytest.raises(Failure, match="was killed"), crew(ITEMS, Dying(), Processes(2, method)):
        pass


@each_method
def test_a_worker_that_is_killed_between_the_phases_is_told_of(method: StartMethod) -> None:
    with crew(ITEMS, Counting(), Processes(2, method)) as started:
        for process in multiprocessing.active_children():
            process.kill()
            process.join()
        with pytest.raises(Failure, match="was killed"):
            started.finish()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_worker_whose_parent_is_gone_ends_without_a_word(error: type[BaseException]) -> None:
    here, there = multiprocessing.Pipe()
    here.close()
    _serve(there, lambda: (Failing(error), range(1, 2)))


@each_method
def test_a_run_hears_how_far_all_processes_are(method: StartMethod) -> None:
    heard: list[int] = []
    with crew(ITEMS, Slow(), Processes(2, method), heard.append):
        pass
    assert heard == sorted(heard)
    assert len(heard) > 2
    assert 0 < heard[0] < heard[-1] <= len(ITEMS)


def test_a_spawned_process_gets_its_own_part_and_imports_what_that_needs() -> None:
    held = {item: f"item {item}" for item in ITEMS}
    one, other = reports(ITEMS, Listing(held), Processes(2, "spawn"))
    assert [name for name in one if name.startswith("item")] == [held[item] for item in ITEMS[::2]]
    assert [name for name in other if name.startswith("item")] == [held[item] for item in ITEMS[1::2]]
    assert {name for name in one if name.startswith("renderer")} == {"renderer", "renderer.failure", "renderer.workers"}


def test_few_items_are_not_worth_a_process() -> None:
    work = Counting()
    for method in METHODS:
        assert [Processes(2, method).start(work, range(number)) for number in (SMALL - 1, SMALL)] == [False, True]
        assert not Processes(1, method).start(work, ITEMS)


def test_work_that_takes_less_than_the_start_of_a_new_python_is_not_spawned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Counting, "seconds", 0.001)
    sizes = range(100, 1000, 100)
    assert [number for number in sizes if Processes(2, "spawn").start(Counting(), range(number))] == [*sizes[4:]]
    assert all(Processes(2, "fork").start(Counting(), range(number)) for number in sizes)


def test_the_start_method_is_the_one_that_is_named_or_the_fastest_that_is_safe() -> None:
    assert [_start_method("", platform) for platform in ("linux", "darwin")] == ["fork", "spawn"]
    assert [_start_method("fork", platform) for platform in ("linux", "darwin")] == ["fork", "fork"]
    assert processes(3, {START_METHOD: "spawn"}) == Processes(3, "spawn")
    with pytest.raises(Failure, match=r"ROLLSPEC_START_METHOD=forkserver: .* write fork or spawn, or unset it"):
        processes(3, {START_METHOD: "forkserver"})


# Seconds after the start of the processes: a spawned one is still importing for about a tenth of a second.
@pytest.mark.parametrize(("method", "wait"), [("fork", None), ("spawn", None), ("spawn", 0.0), ("spawn", 0.05)])
def test_ctrl_c_ends_the_workers_without_a_word(method: StartMethod, wait: float | None) -> None:
    with _started(method) as process:
        assert process.stdout
        assert process.stdout.read(1) == "!"
        if wait is None:
            assert process.stdout.read(2) == ".."  # both are at it
        else:
            time.sleep(wait)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate()
    assert (process.returncode, err) == (130, "")


@each_method
def test_the_workers_of_a_killed_run_end_by_themselves(method: StartMethod) -> None:
    with _started(method) as process:
        assert process.stdout
        assert process.stdout.read(3) == "!.."
        process.kill()
        assert process.communicate(timeout=30) == ("", "")  # they had these pipes, too


def _started(method: StartMethod) -> subprocess.Popen[str]:
    """A long run of two processes, in a group of its own."""
    program = f"import sys; from tests.support.works import ticking; sys.exit(ticking({method!r}))"
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", program]
    return subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, start_new_session=True, text=True)


SCRIPT = """\
import sys
from renderer.cli import main
if __name__ == "__main__":
    sys.exit(main())
"""


@pytest.mark.parametrize("start", ["module", "script"])
def test_a_spawned_process_does_not_run_the_command_again(start: str, tmp_path: Path) -> None:
    project = generate(tmp_path / "p", 450, 1)  # enough for two processes
    (tmp_path / "rollspec").write_text(SCRIPT)  # as pip writes it
    words = ["-m", "renderer"] if start == "module" else [str(tmp_path / "rollspec")]
    command = [sys.executable, *words, "-C", str(project), "render", "--jobs", "2"]
    environment = {**os.environ, START_METHOD: "spawn", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("2475 written, 0 unchanged, 0 removed\n", "")


CHILD = """
import os
from renderer.usecases.child import in_child
from renderer.workers import Processes, Work, reports

class Asking(Work):
    seconds = 1.0
    def __call__(self, items, tick):
        return os.environ.get("PYTHONSAFEPATH")

if __name__ == "__main__":
    print(in_child(os.getenv, "PYTHONSAFEPATH").value, *reports(range(100), Asking(), Processes(2, "spawn")))
"""


@pytest.mark.parametrize("given", [None, "", "1"])
def test_a_new_python_imports_nothing_from_the_working_directory(given: str | None, tmp_path: Path) -> None:
    for name in ("multiprocessing", "signal", "runpy"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a stranger is here')\n")
    own = tmp_path / "own"
    own.mkdir()
    (own / "program.py").write_text(CHILD)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONSAFEPATH"}
    environment |= {"PYTHONPATH": str(ROOT), **({} if given is None else {"PYTHONSAFEPATH": given})}
    command = [sys.executable, str(own / "program.py")]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (f"{given} {given} {given}\n", "")


@pytest.mark.parametrize("arguments", [(), ("--no-cache",)])
def test_what_a_killed_run_left_goes_whoever_writes_beside_it(arguments: tuple[str, ...], tmp_path: Path) -> None:
    project = generate(tmp_path / "p", SMALL, 1)
    assert run(project, "render", "--jobs", "3").code == 0
    folders = [path.parent for path in (project / "rendered").rglob("service.yaml")]
    for folder in folders:
        (folder / ".rollspec-7-0.tmp").write_text("half")
    assert run(project, "render", "--check", *arguments).code == 0
    assert len(list(project.rglob("*.tmp"))) == len(folders) == SMALL
    assert run(project, "render", "--jobs", "3", *arguments).code == 0
    assert list(project.rglob("*.tmp")) == []
