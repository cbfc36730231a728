"""GitHub's files against actionlint: our workflows, the examples, and a workflow that uses our action."""

from __future__ import annotations

import re
import shutil
import subprocess
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


RELEASE = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]["build"]["steps"]


def checked_out(origin: Path, folder: Path, tag: str) -> Path:
    """A clone as actions/checkout makes it: without a commit as `ref`, it writes the commit over the tag."""
    (inputs,) = [step["with"] for step in RELEASE if str(step.get("uses")).startswith("actions/checkout@")]
    sha = git(origin, "rev-parse", f"{tag}^{{commit}}").strip()
    init(folder)
    fetched = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
    git(folder, "fetch", "--quiet", str(origin), *fetched)
    if inputs.get("ref") != "${{ github.sha }}":
        git(folder, "fetch", "--quiet", str(origin), f"+{sha}:refs/tags/{tag}")
    git(folder, "checkout", "--quiet", "--detach", sha)
    return folder


def signer(folder: Path, name: str) -> Path:
    """A new SSH key."""
    key = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key)], check=True)
    return key


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
    tmp_path: Path, tag: str, key: str | None, accepted: bool
) -> None:
    origin = init(tmp_path / "origin")
    keys = {name: signer(tmp_path, name) for name in ("maintainer", "somebody")}
    public = keys["maintainer"].with_suffix(".pub").read_text()
    for path, text in {
        ".github/allowed_signers": f"dev@example.com {public}",
        "renderer/__init__.py": '__version__ = "0.1.0"\n',
    }.items():
        (origin / path).parent.mkdir(parents=True)
        (origin / path).write_text(text)
    save(origin, "Release 0.1.0")
    signing = ["-c", "gpg.format=ssh", "-c", f"user.signingKey={keys[key]}"] if key else []
    git(origin, *signing, "tag", *(["--sign"] if key else []), tag, "--message", "rollspec")
    (step,) = [step["run"] for step in RELEASE if "verify-tag" in step.get("run", "")]
    clone = checked_out(origin, tmp_path / "clone", tag)
    command = ["bash", "-e", "-c", step]
    done = subprocess.run(command, cwd=clone, env=environment(GITHUB_REF_NAME=tag), capture_output=True, check=False)
    assert (done.returncode == 0) == accepted, done.stderr
