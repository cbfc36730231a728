"""rollspec killed at any moment: what it leaves is recognised, and the next command puts it right."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from renderer.usecases import verb
from tests.support.attacks import APP
from tests.support.cases import OVERLAY, PROJECT, run, snapshot
from tests.support.repository import IDENTITY, git, init, save

EVENTS = ("open", "os.rename", "os.remove", "os.link", "os.mkdir", "subprocess.Popen")
KILLS = 65  # of a render
VERBS = 20  # at once
EVERY = 4  # of the steps of a verb; each kill costs two runs
VERB = ("release", "web", "9.9.9", "--env", "production", "--commit")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    project = init(apps(tmp_path / "original", 1))
    (project / "apps/app0.yaml").rename(project / "apps/web.yaml")
    (project / "apps/web.yaml").write_text(APP)
    (project / "staged.txt").write_text("before\n")
    assert run(project, "render").code == 0
    save(project)
    return project


def killed(folder: Path, number: int, *command: str) -> bool:
    """Run a command in a process that is killed at its `number`th step towards the disk or another process."""
    child = os.fork()
    if not child:
        count = 0

        def step(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal count
            if event in EVENTS and not (
                event == "open" and arguments[1] in ("r", "rb") and not arguments[2] & os.O_CREAT
            ):
                count += 1
                if count == number:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(step)
        os._exit(run(folder, *command).code)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_a_verb_killed_at_any_moment_leaves_what_the_next_one_puts_right(repository: Path, tmp_path: Path) -> None:
    number = 1 - EVERY
    while True:
        number += EVERY
        copy = shutil.copytree(repository, tmp_path / f"copy{number}")
        (copy / "staged.txt").write_text("after\n")
        git(copy, "add", "staged.txt")
        if not killed(copy, number, *VERB):
            break
        again = run(copy, *VERB)
        assert again.code in (0, 1), (number, again)
        assert "already" in again.err or not again.code, (number, again)
        assert {path.name for path in (copy / ".git").glob("rollspec-*")} == set(), number
        assert {path.name for path in (copy / ".git").glob("index.*") if "-next-" not in path.name} == set(), number
        assert git(copy, "status", "--porcelain") == "M  staged.txt\n", (number, again)
        assert "tag: 9.9.9" in git(copy, "show", "HEAD:overlays/production/apps/web.yaml"), number
        assert run(copy, "render", "--check").code == 0, number
        shutil.rmtree(copy)
    assert number > 40, "the steps are not counted"


def test_what_somebody_changed_since_the_kill_stays(repository: Path) -> None:
    child = os.fork()
    if not child:
        verb._commit = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
        os._exit(run(repository, *VERB).code)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    path = repository / "overlays/production/apps/web.yaml"
    path.write_text(path.read_text() + "# mine\n")
    done = run(repository, *VERB)
    assert (done.code, "overlays/production/apps/web.yaml: not committed yet" in done.err) == (1, True), done
    assert path.read_text().endswith("# mine\n")
    assert "9.9.9" not in (repository / "rendered/production/web/deployment.yaml").read_text()
    path.unlink()
    assert run(repository, *VERB).code == 0


def test_a_verb_stopped_again_while_it_takes_its_edits_back_is_undone_by_the_next_one(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = repository / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    write = verb._write

    def stopped(*given: Any, mark: bool = True) -> None:
        if not mark:
            raise KeyboardInterrupt
        write(*given, mark=mark)

    with monkeypatch.context() as second:
        second.setattr(verb, "_write", stopped)
        assert run(repository, *VERB).code
    assert git(repository, "status", "--porcelain")
    hook.unlink()
    again = run(repository, *VERB)
    assert (again.code, "a verb that was killed left" in again.err) == (0, True), again
    assert git(repository, "status", "--porcelain") == ""
    assert [*(repository / ".git").glob("rollspec-*")] == []


def test_a_render_killed_at_any_moment_is_finished_by_the_next_one(tmp_path: Path) -> None:
    project = apps(tmp_path / "original", 12)
    assert run(project, "render").code == 0
    for path in (project / "apps").iterdir():
        path.write_text(path.read_text().replace("1.0.0", "1.0.1"))
    finished = shutil.copytree(project, tmp_path / "finished")
    assert run(finished, "render").code == 0
    kills = 0
    for number in range(1, KILLS + 1):
        copy = shutil.copytree(project, tmp_path / "copy")
        kills += killed(copy, number, "render")
        assert run(copy, "render").code == 0, number
        assert snapshot(copy / "rendered") == snapshot(finished / "rendered"), number
        shutil.rmtree(copy)
    assert kills == KILLS


def test_twenty_verbs_at_once_make_twenty_commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    project = init(apps(tmp_path / "project", VERBS))
    assert run(project, "render").code == 0
    save(project)
    children = []
    for number in range(VERBS):
        child = os.fork()
        if not child:
            os._exit(run(project, "release", f"app{number}", "9.9.9", "--env", "production", "--commit").code)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * VERBS
    assert git(project, "rev-list", "--count", "HEAD") == f"{VERBS + 1}\n"
    assert git(project, "status", "--porcelain") == ""
    assert run(project, "render", "--check").code == 0


def apps(folder: Path, count: int) -> Path:
    """A project with so many apps."""
    files = {f"apps/app{number}.yaml": APP.replace("name: web}", f"name: app{number}}}") for number in range(count)}
    files |= {"rollspec.yaml": PROJECT, "overlays/production/overlay.yaml": OVERLAY, ".gitignore": ".rollspec/\n"}
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder
