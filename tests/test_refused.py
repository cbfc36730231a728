"""Refusals and rare answers of several commands, each met from outside."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from renderer.board.actions import Action
from renderer.board.model import AppPage
from renderer.failure import Failure
from renderer.layout import CACHE_FOLDER, Layout
from renderer.plan.classes import Flag
from renderer.report.diff import diff_text
from renderer.report.plan_timeline import flag_text
from renderer.usecases.board_actions import commit_action, last_commit
from renderer.usecases.checkout import Ignored
from renderer.usecases.child import in_child
from renderer.usecases.known_files import known_files
from renderer.web.source import UnreadProject
from tests.support.board import Browser, Values, board
from tests.support.past import PROJECT, WEB, Repository
from tests.support.repository import git


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    made.rendered()
    return made


def test_history_needs_a_project_and_an_app_in_the_last_commit(repository: Repository) -> None:
    repository.write("apps/a*.yaml", WEB)
    repository.commit("an app whose name is not valid")
    done = repository.run("history", "a*")
    assert (done.code, done.err) == (2, "rollspec: there is no app `a*`\n")
    repository.git("rm", "--quiet", "--cached", "rollspec.yaml")
    repository.git("commit", "--quiet", "-m", "without the project")
    assert "rollspec.yaml is not in the last commit" in repository.run("history", "web").err


def test_a_verb_is_refused_where_the_environment_lacks_the_app(repository: Repository) -> None:
    repository.overlay("staging", "  apps: []\n")
    done = repository.run("pause", "web", "--env", "staging")
    assert (done.code, "staging does not have the app `web`" in done.err) == (2, True), done.err


def test_a_cache_that_git_tracks_is_not_used_for_formatting(repository: Repository) -> None:
    assert known_files(str(repository.folder), Layout(), "formatted", [])
    repository.write(f"{CACHE_FOLDER}/formatted", "{}")
    repository.git("add", "--force", CACHE_FOLDER)
    repository.commit("track the cache")
    assert known_files(str(repository.folder), Layout(), "formatted", []) is None


def test_a_process_that_was_killed_is_a_bug_that_is_named() -> None:
    answer = in_child(signal.raise_signal, signal.SIGKILL)
    assert (answer.value, answer.code, answer.said) == (None, 4, ("the process that did this was killed",))


def test_an_error_in_another_process_means_what_it_means_on_the_command_line(tmp_path: Path) -> None:
    missing = in_child(os.listdir, str(tmp_path / "gone"))
    assert (missing.code, missing.said) == (3, (f"rollspec: {tmp_path / 'gone'}: No such file or directory",))
    bug = in_child(int, "x")
    assert (bug.value, bug.code) == (None, 4)
    assert "ValueError: invalid literal for int() with base 10: 'x'" in bug.said
    assert bug.said[-1].startswith("rollspec: this is a bug in rollspec. Please report it with the lines above")


@pytest.mark.parametrize(("code", "why"), [(143, "was stopped by signal 15"), (1, "ended with exit code 1")])
def test_a_process_that_ended_without_an_answer_was_not_killed(code: int, why: str) -> None:
    answer = in_child(sys.exit, code)
    assert (answer.code, answer.said) == (4, (f"the process that did this {why} before it had an answer",))


def test_a_terminal_shows_what_is_new_and_what_is_gone_in_colour() -> None:
    text = diff_text({"a.yaml": b"a: 1\n"}, {"a.yaml": b"a: 2\n"}, colour=True)
    assert "\033[31m-a: 1\033[0m\n" in text
    assert "\033[32m+a: 2\033[0m\n" in text


def test_a_flag_can_last() -> None:
    assert flag_text(Flag("unready", "v1", 0, 0, None)).endswith(", and it lasts")


def test_an_action_of_the_board_needs_a_tag(repository: Repository) -> None:
    with pytest.raises(Failure, match="say which tag to release"):
        commit_action(str(repository.folder), Action("release", "production", "web"), last(repository), pushed=False)


def test_the_board_does_not_merge_commits_of_others(repository: Repository, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "remote")
    repository.git("remote", "add", "origin", str(tmp_path / "remote"))
    branch = git(repository.folder, "symbolic-ref", "--short", "HEAD").strip()
    repository.git("push", "--quiet", "origin", branch)
    git(tmp_path, "clone", "--quiet", "--branch", branch, str(tmp_path / "remote"), "other")
    repository.write("note", "x")
    repository.commit("only here")
    other = tmp_path / "other"
    git(other, "-c", "user.name=o", "-c", "user.email=o@example.com", "commit", "--quiet", "--allow-empty", "-m", "x")
    git(other, "push", "--quiet", "origin", branch)
    with pytest.raises(Failure, match="has commits that are not here, and there are commits here that it lacks"):
        commit_action(str(repository.folder), Action("pause", "production", "web"), last(repository), pushed=True)


def last(repository: Repository) -> str:
    return last_commit(str(repository.folder))


def test_a_weight_needs_the_app_at_the_revision_that_is_live(repository: Repository) -> None:
    repository.app("late", WEB.replace("web", "late") + "  canary: {tag: 1.5.0, weight: 20}\n")
    done = repository.run("weight", "late", "50", "--live", "HEAD")
    assert (done.code, done.err) == (2, "rollspec: there is no app `late` at HEAD\n")


def test_the_application_of_one_app_is_not_written_where_a_file_of_another_cannot_be_read(
    repository: Repository,
) -> None:
    argocd = "  repository: {url: https://git.example.com/shop.git}\n  argocd: {kind: ApplicationSet}\n"
    repository.write("rollspec.yaml", PROJECT + argocd)
    repository.app("late", WEB.replace("web", "late"))
    repository.rendered()
    repository.app("late", WEB.replace("web", "late") + "  extraResources: [../resources/link.yaml]\n")
    (repository.folder / "resources").mkdir()
    (repository.folder / "resources/link.yaml").symlink_to("/etc/hostname")
    done = repository.run("render", "--app", "web")
    assert (done.code, "apps/late.yaml:" in done.err) == (1, True), done


def test_what_cannot_be_asked_of_git_is_not_ignored(tmp_path: Path) -> None:
    (tmp_path / "empty/.git").mkdir(parents=True)
    (tmp_path / "dangling").mkdir()
    (tmp_path / "dangling/.git").symlink_to("nowhere")
    for name in ("empty", "dangling"):
        assert Ignored(str(tmp_path / name)).line("a.yaml") == ""


def test_a_page_of_an_app_that_cannot_be_read_says_why() -> None:
    class Broken(Values):
        async def page(self, env: str, app: str) -> AppPage | UnreadProject:
            return UnreadProject(("apps/web.yaml:1:1: yaml-syntax",))

    own = Browser(Broken(board())).log_in()
    (app, env) = next(iter(board().cells))
    page = own.get(f"/apps/{env}/{app}.html").text
    assert "The app cannot be read" in page
    assert "apps/web.yaml:1:1: yaml-syntax" in page
