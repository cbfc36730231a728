"""docs/pull-requests.md says what is: its jobs run in a checkout like the host's, and say what the page shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.cases import ROOT, run
from tests.support.pages import blocks, shows
from tests.support.repository import environment, git, init, save

PAGE = (ROOT / "docs/pull-requests.md").read_text()
GITHUB, GITLAB = (ROOT / f"docs/examples/{name}.yaml" for name in ("github-pull-request", "gitlab-merge-request"))


@pytest.fixture
def branch(tmp_path: Path) -> Path:
    """A repository with `main`, on a branch for the pull request."""
    folder = init(tmp_path / "repository")
    new = ("--image", "ghcr.io/acme/checkout", "--tag", "1.4.2", "--port", "80:8080")
    assert run(folder, "init", "--env", "production").code == 0
    assert run(folder, "new", "checkout", *new, "--strategy", "Canary", "--router", "istio").code == 0
    spec = folder / "apps/checkout.yaml"
    spec.write_text(re.sub(r"replicas: \d+", "replicas: 4", spec.read_text()))
    assert run(folder, "render").code == 0
    save(folder, "start")
    git(folder, "switch", "--quiet", "--create", "branch")
    return folder


def verb(folder: Path, *words: str) -> None:
    assert run(folder, *words, "--commit").code == 0


def merged(branch: Path, depth: str) -> Path:
    """The pull request merged into main, as GitHub checks it out."""
    git(branch, "switch", "--quiet", "--detach", "main")
    git(branch, "merge", "--quiet", "--no-ff", "--message", "merge", "branch")
    git(branch, "update-ref", "refs/pull/1/merge", "HEAD")
    folder = init(branch.with_name("checkout"))
    git(folder, "remote", "add", "origin", branch.as_uri())
    shallow = ["--depth", depth] if depth != "0" else ["+refs/heads/*:refs/remotes/origin/*"]
    git(folder, "fetch", "--quiet", "origin", "+refs/pull/1/merge:refs/remotes/pull/1/merge", *shallow)
    git(folder, "checkout", "--quiet", "--detach", "refs/remotes/pull/1/merge")
    return folder


def steps() -> tuple[str, dict[str, bool]]:
    """How many commits GitHub's job fetches; the commands (ours, the shell's), and which run after a failure."""
    (job,) = yaml.safe_load(GITHUB.read_text())["jobs"].values()
    depths = [str(step["with"]["fetch-depth"]) for step in job["steps"] if "checkout" in step.get("uses", "")]
    commands = {step["run"]: "!cancelled()" in step.get("if", "") for step in job["steps"] if "run" in step}
    return depths[0], {each: anyway for each, anyway in commands.items() if not each.startswith(("pip ", "gh "))}


def played(folder: Path, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    shell = ["bash", "--noprofile", "--norc", "-e", "-c", command]
    env = environment(PATH=path, **variables)
    return subprocess.run(shell, cwd=folder, env=env, capture_output=True, text=True, check=False)


def github(folder: Path) -> tuple[dict[str, int], str, str]:
    """The exit codes of the job's steps that ran, all that they printed, and the run's summary."""
    summary = folder.with_name("summary.md")
    summary.touch()
    variables = {"RUNNER_TEMP": str(folder.parent), "GITHUB_STEP_SUMMARY": str(summary), "INTO": "origin/main"}
    codes: dict[str, int] = {}
    said = ""
    for command, anyway in steps()[1].items():
        if anyway or not any(codes.values()):
            done = played(folder, command, **variables)
            codes[command] = done.returncode
            said += done.stdout + done.stderr
    return codes, said, summary.read_text()


@pytest.mark.parametrize("file", [GITHUB, GITLAB], ids=lambda file: file.stem)
def test_the_page_shows_the_files_that_a_user_can_take(file: Path) -> None:
    assert f"```yaml\n{file.read_text()}```\n" in PAGE


def test_the_comment_on_a_release_is_the_one_that_is_shown(branch: Path) -> None:
    verb(branch, "release", "checkout", "1.5.0", "--weight", "20")
    codes, _, summary = github(merged(branch, steps()[0]))
    assert [*codes.values()] == [0, 0, 0, 0, 0]
    (shown,) = blocks(PAGE, "markdown")
    assert shows(shown.splitlines(), summary)


def test_a_shallow_clone_says_that_it_is_one(branch: Path) -> None:
    verb(branch, "release", "checkout", "1.5.0", "--weight", "20")
    outcome = run(merged(branch, "1"), "plan", "--base", "HEAD^1")
    assert (outcome.code, "the clone is shallow" in outcome.err) == (3, True)


def test_a_release_and_a_raised_weight_in_one_are_refused(branch: Path) -> None:
    verb(branch, "release", "checkout", "1.5.0", "--weight", "20")
    verb(branch, "weight", "checkout", "50")
    codes, said, _ = github(merged(branch, steps()[0]))
    assert [code for step, code in codes.items() if "validate" in step] == [1]
    assert "title=from-of-another" in said


def test_a_release_and_its_promotion_in_one_are_no_canary(branch: Path) -> None:
    verb(branch, "release", "checkout", "1.5.0", "--weight", "20")
    verb(branch, "promote", "checkout")
    assert "| **replace** | production | checkout |" in github(merged(branch, steps()[0]))[2]


def test_what_loses_traffic_stops_the_job(branch: Path) -> None:
    spec = branch / "apps/checkout.yaml"
    spec.write_text(spec.read_text().replace("port: 80\n", "port: 81\n"))
    assert run(branch, "render").code == 0
    save(branch, "another port")
    codes, _, summary = github(merged(branch, steps()[0]))
    assert [step for step, code in codes.items() if code] == ['rollspec plan --into "$INTO" --fail-on disruptive']
    assert "**disruptive**" in summary


def test_a_wrong_spec_is_told_at_its_line(branch: Path) -> None:
    spec = branch / "apps/checkout.yaml"
    spec.write_text(spec.read_text().replace("replicas: 4", "replicas: four"))
    save(branch, "no number")
    codes, said, summary = github(merged(branch, steps()[0]))
    assert (summary, set(codes.values())) == ("", {1})
    assert "::error file=apps/checkout.yaml,line=9," in said


def test_gitlab_runs_the_same_and_follows_no_link(branch: Path) -> None:
    (branch / "plan.md").symlink_to("../outside")
    save(branch, "a link")
    verb(branch, "release", "checkout", "1.5.0", "--weight", "20")
    (job,) = yaml.safe_load(GITLAB.read_text()).values()
    git(branch, "remote", "add", "origin", branch.as_uri())
    script = "set -e\n" + "\n".join(job["script"][1:])  # one shell runs all lines
    done = played(branch, script, CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main")
    assert done.returncode == 0, done
    assert "**canary-start**" in (branch / job["artifacts"]["paths"][0]).read_text()
    assert not branch.with_name("outside").exists()


def test_both_hosts_run_the_same_commands() -> None:
    (job,) = yaml.safe_load(GITLAB.read_text()).values()
    ours = [command.split()[1] for command in steps()[1] if command.startswith("rollspec ")]
    assert ours == [command.split()[1] for command in job["script"] if command.startswith("rollspec ")]
