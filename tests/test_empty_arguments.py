"""An empty option or argument, such as an unset variable of a script gives, is refused: it must not mean "all"."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.past import Repository


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    made = Repository(tmp_path_factory.mktemp("empty") / "repository")
    made.commit("begin")
    return made


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["validate"], "--base"),
        (["validate"], "--env"),
        (["validate"], "--app"),
        (["plan"], "--base"),
        (["plan"], "--head"),
        (["render"], "--output"),
        (["render"], "--shard"),
        (["status"], "--app"),
        (["history", "web"], "--env"),
        (["weight", "web", "5"], "--live"),
        (["undo", "web"], "--to"),
        (["release", "web", "2.0.0"], "--from-env"),
    ],
)
def test_an_empty_option(repository: Repository, words: list[str], option: str, joined: bool) -> None:
    done = repository.run(*words, *([f"{option}="] if joined else [option, ""]))
    assert (done.code, done.out) == (2, "")
    assert done.err == f"rollspec: {option} has no value; is a variable unset?\n"


@pytest.mark.parametrize("words", [["validate", ""], ["render", ""], ["release", "", "2.0.0"], ["history", ""], [""]])
def test_an_empty_argument(repository: Repository, words: list[str]) -> None:
    done = repository.run(*words)
    assert (done.code, done.err) == (2, "rollspec: an argument has no value; is a variable unset?\n")


def test_a_field_may_be_set_to_nothing(repository: Repository, tmp_path: Path) -> None:
    assert repository.run("release", "web", "2.0.0", "--set", "env.LOG=", "--weight", "20", "--dry-run").code == 0
