"""An `undo --to REF` is judged as an undo: its version has run before, as Git's history of the rendered files shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.past import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """1.4.2, then 1.5.0, then 1.6.0, and the configuration of 1.6.0 is edited; every change must be a canary."""
    made = Repository(tmp_path / "repository")
    made.rendered()
    for tag in ("1.5.0", "1.6.0"):
        made.verb("release", "web", tag, "--weight", "20")
        made.verb("promote", "web")
    web = made.folder / "apps/web.yaml"
    web.write_text(web.read_text().replace("  replicas:", "  podMetadata: {annotations: {a: b}}\n  replicas:"))
    made.rendered("edit")
    made.overlay("production", "  policy: {templateChanges: canary}\n")
    made.rendered("policy")
    return made


@pytest.mark.parametrize(
    ("to", "what"),
    [
        ("HEAD~4", "back to 1.5.0 from 1.6.0, at once"),
        ("HEAD~6", "back to 1.4.2 from 1.6.0, at once"),
        ("HEAD~2", "back to an earlier configuration of 1.6.0, at once"),
    ],
)
def test_it_is_an_undo_that_nothing_stops(repository: Repository, to: str, what: str) -> None:
    repository.text("undo", "web", "--to", to, "--commit")
    assert what in repository.text("plan", "--base", "HEAD~1")
    assert repository.data("plan", "--base", "HEAD~1")["class"] == "undo"
    done = repository.run("validate", "--base", "HEAD~1", "--strict")
    assert (done.code, done.err) == (0, "")


def test_a_version_that_never_ran_is_none(repository: Repository) -> None:
    repository.partial("  tag: 1.7.0\n  previous: {tag: 1.6.0, undone: true}\n")
    repository.rendered("by hand")
    assert "without-canary" in repository.run("validate", "--base", "HEAD~1").err
    assert repository.data("plan", "--base", "HEAD~1")["class"] == "replace"


def test_history_says_so(repository: Repository) -> None:
    repository.text("undo", "web", "--to", "HEAD~6", "--commit")
    assert "back to 1.4.2 from 1.6.0, in one step" in repository.text("history", "web", "--limit", "1")


@pytest.mark.parametrize("stopped", [False, True], ids=["at once", "aborted and begun again"])
def test_by_a_canary_it_is_an_undo_too(repository: Repository, stopped: bool) -> None:
    """Else a train, or a plain `undo`, would bring back what was taken away."""
    repository.text("undo", "web", "--to", "HEAD~6", "--weight", "20", "--commit")
    if stopped:
        repository.text("abort", "web", "--commit")
        repository.text("retry", "web", "--weight", "10", "--commit")
    repository.text("weight", "web", "50", "--commit")
    repository.text("promote", "web", "--commit")
    assert "1.6.0 undone" in repository.text("status")
    done = repository.run("undo", "web")
    assert (done.code, "1.6.0 was undone" in done.err) == (1, True), done.err
    repository.text("undo", "web", "--redo", "--commit")


def test_a_canary_back_to_what_was_undone_takes_nothing_back(repository: Repository) -> None:
    """As at once: the way back of the way back."""
    repository.text("undo", "web", "--to", "HEAD~6", "--commit")
    repository.text("undo", "web", "--to", "HEAD~1", "--weight", "20", "--commit")
    repository.text("promote", "web", "--commit")
    assert "undone" not in repository.text("status")
