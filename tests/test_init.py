"""`rollspec init` with options that do not fit, and in a project: what it refuses, what it adds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cases import run
from tests.support.repository import git


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--after", "production"], "--after is for one more environment of a project: create the project first"),
        (["--image", "Not An Image"], "(/spec/image)"),
        (["--app", "Web"], "`Web` is not a valid name for the app"),
    ],
)
def test_a_new_project_is_refused_with_a_reason(words: list[str], message: str, tmp_path: Path) -> None:
    outcome = run(tmp_path, "init", *words)
    assert (outcome.code, message in outcome.err) == (2, True), outcome.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["--hooks", "git"], ["--env", "staging"], ["--editor", ".schemas"]])
def test_a_project_with_problems_gets_no_addition(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "rollspec.yaml").write_text("apiVersion: rollspec/v1\nkind: Project\nspec: {app: services}\n")
    outcome = run(tmp_path, "init", *words)
    assert (outcome.code, "rollspec.yaml:3:8: unknown-field" in outcome.err) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["rollspec.yaml"]


def test_the_config_of_pre_commit_is_written_in_a_project_that_lacks_it(tmp_path: Path) -> None:
    run(tmp_path, "init")
    config, words = tmp_path / ".pre-commit-config.yaml", ("init", "--hooks", "pre-commit")
    text = config.read_text()
    assert run(tmp_path, *words).out == "not changed: .pre-commit-config.yaml\n"
    config.unlink()
    assert run(tmp_path, *words).out == "created .pre-commit-config.yaml\n"
    assert config.read_text() == text
    config.write_text("repos: []\n")
    assert "add this under `repos` in .pre-commit-config.yaml" in run(tmp_path, *words).out


def test_a_new_environment_in_a_stage_with_others_is_said(tmp_path: Path) -> None:
    run(tmp_path, "init", "--env", "dev")
    for env in ("staging", "qa"):
        said = run(tmp_path, "init", "--env", env, "--after", "dev").out
    assert "`promotion`, in which qa comes after dev, in one stage with staging\n" in said


def test_a_new_project_can_have_the_merge_driver_at_once(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert run(tmp_path, "init", "--merge-driver").code == 0
    assert "rollspec" in git(tmp_path, "config", "--get-regexp", r"^merge\.")
    assert "merge=" in (tmp_path / ".gitattributes").read_text()


def test_a_spec_that_is_not_text_is_left_without_the_line_of_its_schema(tmp_path: Path) -> None:
    run(tmp_path, "init")
    (tmp_path / "apps/latin.yaml").write_bytes(b"# caf\xe9\n")
    outcome = run(tmp_path, "init", "--editor", "https://schemas.example.com")
    assert outcome.code == 0, outcome.err
    assert (tmp_path / "apps/latin.yaml").read_bytes() == b"# caf\xe9\n"
    assert (tmp_path / "apps/hello.yaml").read_text().startswith("# yaml-language-server: $schema=https://schemas.")


def test_a_new_environment_names_the_apps_that_have_no_tag_there(tmp_path: Path) -> None:
    assert run(tmp_path, "init").code == 0
    app = tmp_path / "apps/hello.yaml"
    tag = next(line for line in app.read_text().splitlines() if line.startswith("  tag: "))
    app.write_text(app.read_text().replace(f"{tag}\n", ""))
    done = run(tmp_path, "init", "--env", "qa")
    assert "Next: hello has no tag in qa: write one into overlays/qa/apps/APP.yaml for each" in done.out
    app.with_stem("world").write_text(app.read_text().replace("hello", "world"))
    done = run(tmp_path, "init", "--env", "live")
    assert "Next: hello, world have no tag in live: write one into overlays/live/apps/APP.yaml for each" in done.out


def test_git_ignores_the_drafts_that_a_killed_run_leaves(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    run(tmp_path, "init")
    git(tmp_path, "add", "--all")
    for draft in (".rollspec-7-0.tmp", "apps/.rollspec-7-1.tmp", "rendered/production/.rollspec-7-2.tmp/service.yaml"):
        (tmp_path / draft).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / draft).write_text("half")
    assert "\n?? " not in git(tmp_path, "status", "--porcelain", "--untracked-files=all")
