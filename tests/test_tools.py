"""The pinned checkers: installed whole or not at all, once, and missing ones are named with their cure."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tests import tools
from tests.tools import go
from tests.tools.cache import cache, once


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache("tools", "x") == tmp_path / "rollspec" / "tools" / "x"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache() == tmp_path / ".cache" / "rollspec"


def test_a_thing_is_made_once_by_many_runs(tmp_path: Path) -> None:
    runs, made = 8, []
    start = Barrier(runs)

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "tool").write_text("whole")

    def run() -> str:
        start.wait()
        return (once(tmp_path / "tool-1", make) / "tool").read_text()

    with ThreadPoolExecutor(runs) as pool:
        answers = [task.result() for task in [pool.submit(run) for _ in range(runs)]]
    assert answers == ["whole"] * runs
    assert len(made) == 1


def test_a_failed_run_leaves_nothing_and_the_next_one_works(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise OSError("no network")

    with pytest.raises(OSError, match="no network"):
        once(tmp_path / "tool-1", fail)
    assert [path.name for path in tmp_path.iterdir()] == [".tool-1.lock"]
    assert list(once(tmp_path / "tool-1", lambda folder: (folder / "tool").touch()).iterdir()) == [
        tmp_path / "tool-1" / "tool"
    ]


def test_a_missing_tool_says_what_to_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for tool in (tools.kubeconform, tools.kubectl):
        with pytest.raises(FileNotFoundError, match="run `make tools`"):
            tool()


def test_an_old_or_broken_go_is_not_taken(tmp_path: Path) -> None:
    old = tmp_path / "go"
    old.write_text("#!/bin/sh\necho go version go1.21.13 linux/amd64\n")
    old.chmod(0o755)
    assert go.version(old) == (1, 21, 13) < go.MINIMUM
    old.write_text("#!/bin/sh\nexit 1\n")
    assert go.version(old) == () < go.MINIMUM
