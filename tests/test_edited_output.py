"""A verb loses no edit of a rendered file that nobody committed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.past import WEB, Repository

ROLLOUT = "rendered/production/web/rollout.yaml"
SAID = f"rollspec: {ROLLOUT}: edited and not committed, and the specs render something else, so the edit would be lost"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An app with a canary in flight, rendered."""
    made = Repository(tmp_path / "repository")
    made.partial("  replicas: 4\n")
    made.app("api", WEB)
    made.rendered()
    made.verb("release", "web", "1.5.0", "--weight", "20")
    return made


def edit(repository: Repository) -> bytes:
    """An edit by hand; the file as it is then."""
    path = repository.folder / ROLLOUT
    path.write_text(path.read_text().replace("replicas: 4", "replicas: 9"))
    return path.read_bytes()


@pytest.mark.parametrize("more", [[], ["--commit"]])
@pytest.mark.parametrize("words", [["weight", "web", "50"], ["promote", "web"], ["restart", "web"]])
def test_a_verb_refuses(repository: Repository, words: list[str], more: list[str]) -> None:
    content = edit(repository)
    done = repository.run(*words, *more)
    assert (done.code, SAID in done.err) == (1, True), done
    assert (repository.folder / ROLLOUT).read_bytes() == content
    assert repository.git("status", "--porcelain").split() == ["M", ROLLOUT]
    assert repository.run("render").code == 0  # what the message says
    assert repository.run(*words, *more).code == 0


@pytest.mark.parametrize("words", [["abort", "web"], ["weight", "web", "10"], ["pause", "web"]])
def test_a_rescue_goes_on_and_keeps_the_edit(repository: Repository, words: list[str]) -> None:
    content = edit(repository)
    done = repository.run(*words, "--commit")
    assert (done.code, "an edit that was not committed is overwritten; `git show " in done.err) == (0, True), done
    oid = done.err.partition("`git show ")[2].partition("`")[0]
    assert repository.git("show", oid).encode() == content
    assert "replicas: 9" not in (repository.folder / ROLLOUT).read_text()


def test_a_committed_edit_is_taken_back_with_a_word(repository: Repository) -> None:
    edit(repository)
    repository.commit("by hand")
    done = repository.run("weight", "web", "50", "--commit")
    assert done.code == 0
    assert f"rollspec: {ROLLOUT}: not what the specs render to, edited by hand or not rendered" in done.err
    assert "replicas: 9" not in (repository.folder / ROLLOUT).read_text()
    done = repository.run("weight", "web", "60", "--commit")
    assert (done.code, "edited by hand" in done.err) == (0, False), done.err


def test_the_draft_of_a_killed_run_is_nobody_s_edit(repository: Repository) -> None:
    draft = repository.folder / "rendered/production/web/.rollspec-1-0.tmp"
    draft.write_text("half of a fi")
    assert repository.run("weight", "web", "50", "--commit").code == 0
    assert not draft.exists()


def test_a_dry_run_says_what_the_run_would_say(repository: Repository) -> None:
    content = edit(repository)
    done, tried = repository.run("weight", "web", "50"), repository.run("weight", "web", "50", "--dry-run")
    assert (tried.code, tried.err) == (done.code, done.err)
    assert tried.code == 1
    assert "+    weight: 50\n" in tried.out
    aborted = repository.run("abort", "web", "--dry-run")
    assert (aborted.code, "would be overwritten; Git keeps a copy" in aborted.err) == (0, True)
    assert (repository.folder / ROLLOUT).read_bytes() == content


def test_other_apps_do_not_care(repository: Repository) -> None:
    content = edit(repository)
    assert repository.run("release", "api", "1.5.0", "--weight", "20", "--commit").code == 0
    assert (repository.folder / ROLLOUT).read_bytes() == content


def test_what_rollspec_rendered_is_no_edit(repository: Repository) -> None:
    assert repository.run("weight", "web", "50").code == 0
    assert repository.run("weight", "web", "60").code == 0
    (repository.folder / ROLLOUT).unlink()
    assert repository.run("weight", "web", "70").code == 0


def test_a_stale_file_that_is_committed_is_no_edit(repository: Repository) -> None:
    edit(repository)
    repository.commit("by hand")
    assert repository.run("weight", "web", "50", "--commit").code == 0


def test_without_git_nothing_is_asked(tmp_path: Path) -> None:
    made = Repository(tmp_path / "repository")
    assert made.run("render").code == 0
    assert made.run("release", "web", "1.5.0", "--weight", "20").code == 0  # no commit yet
    (tmp_path / "repository/.git").rename(tmp_path / "gone")
    assert made.run("weight", "web", "50").code == 0
