"""What Git says that should run: read from the last commit, and again when there is another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderer.usecases.in_git import InGit
from renderer.usecases.project import open_project
from tests.support.cases import lay_out
from tests.support.past import PROJECT, WEB, Repository

ENVS = ("production", "staging")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An app in two environments, one in production alone, and two that cannot be evaluated everywhere."""
    made = Repository(tmp_path / "repository")
    made.overlay("staging", "  apps: [web, half]\n")
    for app in ("api", "half", "broken"):
        made.app(app, WEB.replace("web", app))
    made.partial("  tag: null\n", env="staging", app="half")
    made.write("apps/broken.yaml", "spec: [\n")
    made.commit("begin")
    return made


def seen(git: InGit) -> dict[str, list[str]]:
    return {env: sorted(git.expected(env)) for env in ENVS}


def test_an_app_is_expected_where_it_is_and_can_be_evaluated(repository: Repository, tmp_path: Path) -> None:
    expected = {"production": ["api", "half", "web"], "staging": ["web"]}
    assert seen(InGit(open_project(str(repository.folder)), ENVS)) == expected
    without_git = lay_out(repository.folder, tmp_path / "copy", leave=frozenset((".git",)))
    git = InGit(open_project(str(without_git)), ENVS)
    assert (seen(git), git.refresh()) == (expected, False)


def test_a_new_commit_is_read_and_one_that_cannot_be_read_changes_nothing(repository: Repository) -> None:
    git = InGit(open_project(str(repository.folder)), ENVS)
    before = seen(git)
    assert not git.refresh()
    repository.write("rollspec.yaml", PROJECT.replace("spec:", "spec: ["))
    repository.commit("break")
    assert (git.refresh(), seen(git)) == (False, before)
    repository.write("rollspec.yaml", PROJECT)
    repository.app("api", WEB.replace("web", "api").replace("1.4.2", "1.5.0"))
    repository.commit("mend")
    assert (git.refresh(), seen(git)) == (True, before)
    template = git.expected("production")["api"].workloads["Rollout"]["spec"]["template"]
    assert template["spec"]["containers"][0]["image"].endswith(":1.5.0")
