"""--staged judges the index alone: a hook without pre-commit's stash sees what the commit would have."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.past import Repository

NEXT = "  tag: 1.5.0\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A project, rendered and committed."""
    made = Repository(tmp_path / "repository")
    made.rendered()
    return made


def test_a_spec_that_is_staged_without_its_rendered_file(repository: Repository) -> None:
    repository.partial(NEXT)
    assert repository.run("render").code == 0
    repository.git("add", "overlays")
    assert repository.run("render", "--check").code == 0
    done = repository.run("render", "--check", "--staged")
    assert done.code == 1
    assert "changed: rendered/production/web/rollout.yaml" in done.err
    repository.git("add", "rendered")
    assert repository.run("render", "--check", "--staged").code == 0


def test_what_is_not_staged_does_not_count(repository: Repository) -> None:
    repository.partial("  tag: [1]\n")
    assert repository.run("validate").code == 1
    assert repository.run("validate", "--staged").code == 0
    assert repository.run("render", "--check", "--staged").code == 0
    repository.git("add", "overlays")
    repository.partial(NEXT)
    done = repository.run("validate", "--staged")
    assert done.code == 1
    assert done.err.startswith("overlays/production/apps/web.yaml:6:8: ")


def test_a_conflict_is_not_judged(repository: Repository) -> None:
    repository.git("checkout", "-q", "-b", "other")
    repository.partial("  tag: 1.6.0\n")
    repository.commit("other")
    repository.git("checkout", "-q", "main")
    repository.partial(NEXT)
    repository.commit("main")
    with pytest.raises(AssertionError):
        repository.git("merge", "other")
    done = repository.run("validate", "--staged")
    assert done.code == 3
    assert "overlays/production/apps/web.yaml: a merge conflict" in done.err


@pytest.mark.parametrize("words", [["render", "--staged"], ["validate", "--staged", "--base", "HEAD"]])
def test_what_cannot_be_combined(repository: Repository, words: list[str]) -> None:
    assert repository.run(*words).code == 2
