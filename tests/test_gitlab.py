"""The GitLab component: its script against a real repository and a server that records what would reach GitLab."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.support.cases import ROOT
from tests.support.host import released, served
from tests.support.repository import environment, git

COMPONENT = ROOT / "docs/examples/gitlab-component/templates/rollspec.yml"
HEADER, JOB = yaml.safe_load_all(COMPONENT.read_text())
ME = 7
TOKEN = "secret"  # noqa: S105 - of the server below


@dataclass
class GitLab:
    """The notes of one merge request, and the requests that change them."""

    url: str = ""
    notes: list[dict[str, Any]] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    refuses: bool = False


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    state = GitLab()

    def answer(request: BaseHTTPRequestHandler, body: Any) -> Any:
        assert request.headers["PRIVATE-TOKEN"] == TOKEN
        state.changes += [request.command] if request.command != "GET" else []
        if request.path == "/user":
            return {"id": ME}
        if request.command == "GET":
            return state.notes if "page=1" in request.path.split("&") else []
        if request.command == "POST":
            state.notes.append({**body, "id": len(state.notes) + 1, "author": {"id": ME}})
        else:
            state.notes[int(request.path.rpartition("/")[2]) - 1].update(body)
        return {}

    with served(answer, lambda _: state.refuses) as state.url:
        yield state


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return released(tmp_path / "builds/checkout")


def played(
    folder: Path, gitlab: GitLab, token: str = TOKEN, path: str = "", **inputs: str
) -> subprocess.CompletedProcess[str]:
    """The lines of `script` and `after_script` but for pip's, as GitLab's runner plays them."""
    given = {name: str(each["default"]).lower() for name, each in HEADER["spec"]["inputs"].items()} | inputs

    def filled(text: str) -> str:
        return re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda found: given[found[1]], text)

    job = JOB["rollspec"]
    outer = {
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(folder, "rev-parse", "HEAD^").strip(),
        "CI_MERGE_REQUEST_IID": "3",
        "CI_PROJECT_ID": "5",
        "CI_API_V4_URL": gitlab.url,
        "CI_BUILDS_DIR": str(folder.parent),
        "ROLLSPEC_TOKEN": token,
        "PATH": os.pathsep.join((*filter(None, [path]), str(Path(sys.executable).parent), os.environ["PATH"])),
    }
    env = environment(**{name: filled(str(value)) for name, value in job["variables"].items()}, **outer)

    def shell(lines: list[str]) -> subprocess.CompletedProcess[str]:
        script = "\n".join(["set -e", *(line for line in lines if not line.startswith("pip "))])
        return subprocess.run(["bash", "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=False)

    done = shell(job["script"])
    assert shell(job["after_script"]).returncode == 0
    return done


def test_it_comments_once_and_updates_the_comment(checkout: Path, gitlab: GitLab) -> None:
    for _ in range(2):
        done = played(checkout, gitlab)
        assert done.returncode == 0, done.stderr
    (note,) = gitlab.notes
    assert "rollspec plan: canary-start" in note["body"]
    assert gitlab.changes == ["POST", "PUT"]
    assert "canary-start" in (checkout / "rollspec-report/rollspec-plan.md").read_text()


def test_a_comment_of_somebody_else_is_left_alone(checkout: Path, gitlab: GitLab) -> None:
    theirs = {"body": '<!-- rollspec plan: "." -->\nmine', "id": 1, "author": {"id": 1}}
    gitlab.notes.append(dict(theirs))
    assert played(checkout, gitlab).returncode == 0
    assert gitlab.notes[0] == theirs
    assert len(gitlab.notes) == 2


def test_a_commit_without_a_plan_takes_the_old_plan_off_the_comment(checkout: Path, gitlab: GitLab) -> None:
    assert played(checkout, gitlab).returncode == 0
    (checkout / "overlays/production/apps/checkout.yaml").write_text("spec: [")
    git(checkout, "commit", "--quiet", "--all", "--message", "broken")
    assert played(checkout, gitlab).returncode == 1
    (note,) = gitlab.notes
    assert "### rollspec plan: none" in note["body"]
    assert "canary-start" not in note["body"]


def test_without_a_token_the_plan_is_an_artifact(checkout: Path, gitlab: GitLab) -> None:
    assert played(checkout, gitlab, token="").returncode == 0
    assert gitlab.changes == []
    assert (checkout / "rollspec-report/rollspec-plan.md").read_text()


def test_a_token_that_may_not_comment_does_not_fail_the_job(checkout: Path, gitlab: GitLab) -> None:
    gitlab.refuses = True
    done = played(checkout, gitlab)
    assert done.returncode == 0
    assert "no comment: 403" in done.stdout


@pytest.mark.parametrize(("gate", "code"), [("disruptive", 0), ("canary-start", 1)])
def test_the_gate_fails_for_a_harsh_class(checkout: Path, gitlab: GitLab, gate: str, code: int) -> None:
    assert played(checkout, gitlab, **{"fail-on": gate}).returncode == code


def test_problems_are_a_test_report(checkout: Path, gitlab: GitLab) -> None:
    spec = checkout / "overlays/production/apps/checkout.yaml"
    spec.write_text(spec.read_text().replace("weight: 20", "weight: 120"))
    git(checkout, "commit", "--quiet", "--all", "--message", "broken")
    assert played(checkout, gitlab).returncode == 1
    report = ET.parse(checkout / "rollspec-report/rollspec.xml")  # noqa: S314 - our own output
    assert [case.get("file") for case in report.iter("testcase")] == ["overlays/production/apps/checkout.yaml"]


def test_a_command_that_is_killed_fails_the_job(checkout: Path, gitlab: GitLab, tmp_path: Path) -> None:
    own = Path(sys.executable).with_name("rollspec")
    program = tmp_path / "bin/rollspec"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nif [ "$3" = plan ]; then kill -9 $$; fi\nexec "{own}" "$@"\n')
    program.chmod(0o755)
    done = played(checkout, gitlab, path=str(program.parent))
    assert done.returncode == 3
    assert "rollspec: `rollspec plan` was killed by signal 9" in done.stdout
