"""GitHub's files against actionlint: our workflows, the examples, and a workflow that uses our action."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.integrations.programs import actionlint
from tests.support.cases import ROOT
from tests.support.pages import blocks
from tests.support.repository import environment, git, init, save

WORKFLOWS = [*(ROOT / ".github/workflows").glob("*.y*ml"), *(ROOT / "docs/examples").glob("github-*.yaml")]


def lint(path: Path, folder: Path) -> str:
    command = [str(actionlint()), "-shellcheck=", "-pyflakes=", str(path)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows(path: Path) -> None:
    assert lint(path, ROOT) == ""


def repository(folder: Path, workflow: str) -> Path:
    """A repository whose workflow uses our action as a local one, so that actionlint reads its inputs and outputs."""
    (folder / ".git").mkdir()
    (folder / ".github/workflows").mkdir(parents=True)
    shutil.copy(ROOT / "action.yml", folder)
    path = folder / ".github/workflows/plan.yaml"
    path.write_text(re.sub(r"uses: \S*rollspec@\S+", "uses: ./", workflow))
    return path


def test_the_action_and_the_workflow_that_the_docs_show(tmp_path: Path) -> None:
    page = (ROOT / "docs/pull-requests.md").read_text()
    (workflow,) = [text for text in blocks(page, "yaml") if "acme/rollspec@" in text]
    path = repository(tmp_path, workflow)
    assert "uses: ./" in path.read_text()
    assert lint(path, tmp_path) == ""


def test_an_input_that_the_action_lacks_is_found(tmp_path: Path) -> None:
    page = (ROOT / "docs/pull-requests.md").read_text()
    (workflow,) = [text for text in blocks(page, "yaml") if "acme/rollspec@" in text]
    path = repository(tmp_path, workflow.replace("fail-on:", "fail-at:"))
    assert 'input "fail-at" is not defined' in lint(path, tmp_path)


RELEASE = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]


def checked_out(origin: Path, folder: Path, tag: str) -> Path:
    """A clone as actions/checkout makes it: without a commit as `ref`, it writes the commit over the tag."""
    checkouts = [step for step in RELEASE["signed"]["steps"] if str(step.get("uses")).startswith("actions/checkout@")]
    (inputs,) = [step["with"] for step in checkouts]
    sha = git(origin, "rev-parse", f"{tag}^{{commit}}").strip()
    init(folder)
    fetched = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
    git(folder, "fetch", "--quiet", str(origin), *fetched)
    if inputs.get("ref") != "${{ github.sha }}":
        git(folder, "fetch", "--quiet", str(origin), f"+{sha}:refs/tags/{tag}")
    git(folder, "checkout", "--quiet", "--detach", sha)
    return folder


def refusal(clone: Path, tag: str) -> str:
    """What the step that refuses a tag says; empty if it lets the tag pass."""
    (step,) = [step["run"] for step in RELEASE["signed"]["steps"] if "verify-tag" in step.get("run", "")]
    temporary = clone.with_name("temporary")
    temporary.mkdir()
    sha = git(clone, "rev-parse", "HEAD").strip()
    env = environment(GITHUB_REF_NAME=tag, GITHUB_SHA=sha, RUNNER_TEMP=str(temporary))
    done = subprocess.run(["bash", "-e", "-c", step], cwd=clone, env=env, capture_output=True, text=True, check=False)
    return f"{done.returncode}: {done.stderr}" if done.returncode else ""


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, Path]:
    """New SSH keys, by the name of who holds them."""
    found = {name: tmp_path / name for name in ("maintainer", "somebody")}
    for name, key in found.items():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key)], check=True)
    return found


@pytest.fixture
def origin(tmp_path: Path, keys: Mapping[str, Path]) -> Path:
    """A repository with version 0.1.0, whose branch main names the maintainer's key."""
    folder = init(tmp_path / "origin")
    write(folder, keys["maintainer"], "0.1.0")
    save(folder, "Release 0.1.0")
    return folder


def write(folder: Path, key: Path, version: str) -> None:
    """Write who may sign, and the version."""
    public = key.with_suffix(".pub").read_text()
    for path, text in {
        ".github/allowed_signers": f"dev@example.com {public}",
        "renderer/__init__.py": f'__version__ = "{version}"\n',
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def sign(folder: Path, tag: str, key: Path | None) -> None:
    signing = ["-c", "gpg.format=ssh", "-c", f"user.signingKey={key}"] if key else []
    git(folder, *signing, "tag", *(["--sign"] if key else []), tag, "--message", "rollspec")


@pytest.mark.parametrize(
    ("tag", "key", "accepted"),
    [
        ("v0.1.0", "maintainer", True),
        ("v0.1.0", "somebody", False),
        ("v0.1.0", None, False),
        ("v0.2.0", "maintainer", False),
    ],
    ids=["signed", "signed by somebody else", "not signed", "of another version"],
)
def test_only_a_tag_that_a_maintainer_signed_is_released(
    tmp_path: Path, origin: Path, keys: Mapping[str, Path], tag: str, key: str | None, accepted: bool
) -> None:
    sign(origin, tag, keys[key] if key else None)
    clone = checked_out(origin, tmp_path / "clone", tag)
    assert (refusal(clone, tag) == "") == accepted


def test_main_says_who_may_sign_and_not_the_tagged_commit(
    tmp_path: Path, origin: Path, keys: Mapping[str, Path]
) -> None:
    write(origin, keys["somebody"], "0.1.0")
    save(origin, "Let somebody sign")
    sign(origin, "v0.1.0", keys["somebody"])
    write(origin, keys["maintainer"], "0.1.0")
    save(origin, "Take the key back")
    assert refusal(checked_out(origin, tmp_path / "clone", "v0.1.0"), "v0.1.0")


def test_a_commit_that_is_not_on_main_is_not_released(tmp_path: Path, origin: Path, keys: Mapping[str, Path]) -> None:
    git(origin, "checkout", "--quiet", "-b", "own")
    write(origin, keys["maintainer"], "0.2.0")
    save(origin, "Skip the review")
    sign(origin, "v0.2.0", keys["maintainer"])
    assert refusal(checked_out(origin, tmp_path / "clone", "v0.2.0"), "v0.2.0")


def test_a_tag_that_moved_after_its_push_is_refused(tmp_path: Path, origin: Path, keys: Mapping[str, Path]) -> None:
    sign(origin, "v0.1.0", keys["maintainer"])
    (origin / "more.txt").write_text("more")
    save(origin, "More")
    clone = checked_out(origin, tmp_path / "clone", "v0.1.0")
    git(clone, "checkout", "--quiet", "--detach", "origin/main")
    assert refusal(clone, "v0.1.0")


def test_an_older_commit_of_main_is_released(tmp_path: Path, origin: Path, keys: Mapping[str, Path]) -> None:
    sign(origin, "v0.1.0", keys["maintainer"])
    (origin / "more.txt").write_text("more")
    save(origin, "More")
    assert refusal(checked_out(origin, tmp_path / "clone", "v0.1.0"), "v0.1.0") == ""
