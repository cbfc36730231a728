"""A stream that is closed is no defect of ours: what cannot be said there is an exit code, or nobody's loss."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cases import FIXTURES, lay_out, probed, run

COULD_NOT = "rollspec: output: Bad file descriptor\n"


def shell(folder: Path, command: str) -> tuple[int, str]:
    """The exit code of a command line of the shell, and what it says on the streams that are left."""
    ours = command.replace("rollspec", f"{sys.executable} -m renderer -C {folder}")
    done = subprocess.run(["/bin/sh", "-c", ours], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return probed(lay_out(FIXTURES / "ok/rolling-update", tmp_path / "project", leave=frozenset(["expected"])))


@pytest.mark.parametrize("command", ["rollspec --help", "rollspec schema App"])
def test_what_cannot_be_said_is_not_passed_over(command: str, project: Path) -> None:
    """As on a full disk."""
    assert shell(project, f"{command} >&-") == (3, COULD_NOT)


@pytest.mark.parametrize("streams", [">&-", "<&- >&- 2>&-"])
def test_who_has_nothing_to_say_needs_no_stream(streams: str, project: Path) -> None:
    assert shell(project, f"rollspec validate {streams}") == (0, "")


def test_no_file_takes_the_place_of_a_stream(project: Path) -> None:
    """A file that is opened while a stream is closed gets its number, and then what is said on the stream."""
    assert shell(project, "rollspec render <&- >&- 2>&-") == (3, "")
    assert shell(project, "rollspec render --check") == (0, "")


def test_what_is_wrong_is_an_exit_code_without_a_stderr(project: Path) -> None:
    assert shell(project, "rollspec weight 2>&-") == (2, "")


@pytest.mark.parametrize("command", ["--help", "schema App"])
def test_a_reader_that_has_seen_enough_is_no_failure(command: str, project: Path) -> None:
    """As in `rollspec status | head -1`: click ends with 1 there."""
    reader, writer = os.pipe()
    os.close(reader)
    words = [sys.executable, "-m", "renderer", "-C", str(project), *command.split()]
    done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("command", "code"), [("plan --base HEAD", 3), ("validate --base HEAD", 3), ("status --at x", 2)]
)
def test_where_there_is_no_answer_there_is_no_document(command: str, code: int, project: Path) -> None:
    done = run(project, *command.split(), "--format", "json")
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(("rollspec: ", "Usage: "))
