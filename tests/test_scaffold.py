"""A project that `init` made is right, whatever its parts are called."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from renderer.scaffold import HOOKS, PRE_COMMIT
from tests.support.cases import Outcome, run, snapshot
from tests.support.repository import git, init


@pytest.mark.parametrize("name", ["null", "true", "yes", "on", "n", "e1", "production"])
def test_a_name_that_yaml_takes_for_something_else_is_a_name(name: str, tmp_path: Path) -> None:
    assert run(tmp_path, "init", "--env", name, "--namespace", name, "--app", name).code == 0
    assert run(tmp_path, "validate") == Outcome(0, "", "")
    assert run(tmp_path, "fmt", "--check").code == 0
    assert run(tmp_path, "render").code == 0
    assert (tmp_path / "rendered" / name / name / "deployment.yaml").is_file()


def test_an_overlay_reads_as_people_write_it(tmp_path: Path) -> None:
    run(tmp_path, "init", "--namespace", "shop")
    text = (tmp_path / "overlays/production/overlay.yaml").read_text()
    assert text.startswith(
        "# One environment. `rollspec schema Overlay` has every field.\n"
        "apiVersion: rollspec/v1\nkind: Overlay\nmetadata:\n  name: production\nspec:\n  namespace: shop\n"
    )
    assert yaml.safe_load(text)["spec"]["policy"] == {"podSecurity": "baseline", "kinds": ["namespaced"]}


STRICT = {
    "podSecurity": "restricted",
    "kinds": [],
    "requests": "required",
    "probes": "required",
    "disruptionBudget": "required",
}


@pytest.mark.parametrize("ports", [[], ["--port", "http=80:8080"], ["--port", "tcp=5432"]])
@pytest.mark.parametrize("strategy", ["RollingUpdate", "Recreate", "Canary", "BlueGreen"])
def test_a_new_app_keeps_the_strictest_policy(strategy: str, ports: list[str], tmp_path: Path) -> None:
    if strategy == "BlueGreen" and not ports:
        pytest.skip("it needs a port")
    run(tmp_path, "init")
    file = tmp_path / "overlays/production/overlay.yaml"
    overlay = yaml.safe_load(file.read_text())
    overlay["spec"]["policy"] = STRICT
    file.write_text(yaml.safe_dump(overlay))
    router = ["--router", "replica"] if strategy == "Canary" else []
    made = run(tmp_path, "new", "web", "--image", "a/b", "--tag", "1", *ports, "--strategy", strategy, *router)
    assert (made.code, made.err) == (0, "")
    assert run(tmp_path, "fmt", "--check").out.count("web.yaml") == 0
    assert "# If the image needs root, " in (tmp_path / "apps/web.yaml").read_text()


def test_a_project_below_the_top_of_a_repository_gets_no_config_that_pre_commit_never_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = init(tmp_path)
    run(top / "whole", "init")  # prints the hooks
    outcome = run(top / "deploy/shop", "init")
    assert not (top / "deploy/shop" / PRE_COMMIT).exists()
    start, said, rest = outcome.out.split("\n\n", 2)
    assert said == "To check commits with pre-commit, add this under `repos` in ../../.pre-commit-config.yaml:"
    assert PRE_COMMIT not in start
    hooks, following = rest.split("\n\n")
    assert following.startswith("Next: ")
    (top / PRE_COMMIT).write_text(f"repos:\n{hooks}\n")
    local = yaml.safe_load((top / PRE_COMMIT).read_text())["repos"][0]["hooks"]
    assert [hook["entry"] for hook in local] == ["rollspec validate --hook --cached", "rollspec render --hook"]
    git(top, "add", "--all")
    monkeypatch.setenv("PRE_COMMIT", "1")
    assert run(top, "render", "--hook", "deploy/shop/apps/hello.yaml").out.startswith("3 written")
    assert "pre-commit" not in run(top / "other", "init").out


def test_a_project_that_is_a_repository_gets_the_config(tmp_path: Path) -> None:
    assert f"created {PRE_COMMIT}" in run(init(tmp_path), "init").out
    assert (tmp_path / PRE_COMMIT).read_text().startswith("# `pre-commit install`")


@pytest.mark.parametrize("folder", ["apps", "overlays/staging", "templates", "rendered"])
def test_no_project_is_made_in_a_folder_that_is_a_projects_own(folder: str, tmp_path: Path) -> None:
    """The one above would take its files for specs, or for manifests to remove."""
    run(tmp_path, "init")
    outcome = run(tmp_path / folder, "init")
    where = f"{folder.partition('/')[0]}/ of the project in {'../..' if '/' in folder else '..'}"
    said = f"rollspec: this folder is in {where}: to add an app, run `rollspec new APP`\n"
    assert outcome == Outcome(2, "", said)
    assert not (tmp_path / folder / "rollspec.yaml").exists()


def test_a_project_beside_the_folders_of_one_above_is_a_project(tmp_path: Path) -> None:
    run(tmp_path, "init")
    project = (tmp_path / "rollspec.yaml").read_text()
    (tmp_path / "rollspec.yaml").write_text(f"{project}  apps: services\n")
    assert run(tmp_path / "apps", "init").code == 0
    assert run(tmp_path / "services/shop", "init").code == 2
    (tmp_path / "rollspec.yaml").write_text("nothing: that can be read\n")
    assert run(tmp_path / "templates", "init").code == 2


def test_one_more_environment_is_an_overlay_and_nothing_else(tmp_path: Path) -> None:
    run(tmp_path, "init")
    (tmp_path / "rollspec.yaml").write_text((tmp_path / "rollspec.yaml").read_text() + "  overlays: envs\n")
    (tmp_path / "overlays").rename(tmp_path / "envs")
    before = snapshot(tmp_path)
    outcome = run(tmp_path, "init", "--env", "staging", "--namespace", "shop-staging")
    assert (outcome.code, outcome.out.splitlines()[0]) == (0, "created envs/staging/overlay.yaml")
    made = snapshot(tmp_path)
    overlay = made.pop("envs/staging/overlay.yaml")
    assert "metadata:\n  name: staging\nspec:\n  namespace: shop-staging\n" in overlay
    assert made.pop("envs/staging/network-policy.yaml") == before["envs/production/network-policy.yaml"]
    assert made == before
    assert run(tmp_path, "render").code == 0
    assert (tmp_path / "rendered/staging/hello/deployment.yaml").is_file()


def test_a_second_init_says_what_adds_to_the_project(tmp_path: Path) -> None:
    run(tmp_path, "init")
    said = "rollspec.yaml already exists: `rollspec new APP` adds an app, `rollspec init --env ENV` an environment"
    for options in ([], ["--env", "staging", "--app", "web"], ["--namespace", "shop"]):
        assert run(tmp_path, "init", *options) == Outcome(2, "", f"rollspec: {said}\n")
    there = "rollspec: the environment `production` already exists: overlays/production/overlay.yaml\n"
    assert run(tmp_path, "init", "--env", "production") == Outcome(2, "", there)
    assert run(tmp_path, "init", "--env", "No").code == 2


def test_a_config_of_pre_commit_that_is_there_is_kept_and_the_hooks_are_told(tmp_path: Path) -> None:
    config = init(tmp_path / "shop") / PRE_COMMIT
    config.write_text("repos: []\n")
    outcome = run(tmp_path / "shop", "init")
    assert f"not changed: {PRE_COMMIT}\n" in outcome.out
    assert f"add this under `repos` in {PRE_COMMIT}:\n\n{HOOKS}\nNext: " in outcome.out
    assert config.read_text() == "repos: []\n"
    other = init(tmp_path / "other") / PRE_COMMIT
    other.write_text(f"repos:\n{HOOKS}")
    assert "under `repos`" not in run(tmp_path / "other", "init").out
    assert "under `repos`" not in run(init(tmp_path / "new"), "init").out
