"""The audit hook under which every attack runs sees what it must: a program, an address, a file elsewhere."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.audit import watched
from tests.support.cases import run
from tests.support.past import Repository


@pytest.mark.parametrize(
    ("act", "seen"),
    [
        (lambda: subprocess.run([sys.executable, "-c", ""], check=True), f"starts {sys.executable!r}"),
        (lambda: socket.getaddrinfo("127.0.0.1", 80), "socket.getaddrinfo ('127.0.0.1', 80, 0, 0, 0)"),
    ],
)
def test_it_sees_a_program_and_an_address(act: Callable[[], object], seen: str, tmp_path: Path) -> None:
    with watched(tmp_path) as found:
        act()
    assert seen in found


def test_it_sees_a_file_outside_the_project(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "elsewhere").write_text("")
    with watched(tmp_path / "project") as found:
        (tmp_path / "elsewhere").read_text()
    (tmp_path / "elsewhere").read_text()
    assert found == [f"opens {tmp_path}/elsewhere"]


@pytest.mark.parametrize(
    "command", ["render", "plan --base HEAD", "release web 2.0.0 -w 20 --commit", "status", "board"]
)
def test_what_a_release_does_is_on_the_lists(command: str, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    assert repository.run("render").code == 0
    repository.commit("begin")
    with watched(tmp_path) as found:
        done = run(repository.folder, *command.split())
    assert (done.code, found) == (0, [])
