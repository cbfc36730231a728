"""The GitHub Action: its script against a real repository and a server that records what would reach GitHub."""

from __future__ import annotations

import hashlib
import json
import os
import runpy
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.cases import ROOT
from tests.support.host import released, served
from tests.support.repository import environment, git

SCRIPT = ROOT / "action/pull_request.py"
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())


@dataclass
class GitHub:
    """The comments of one pull request, and every request for them."""

    url: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    refuses: bool = False
    login: str = ""  # the account of a personal token; the job's own token is a bot's, and may not ask who it is


@pytest.fixture
def github() -> Iterator[GitHub]:
    state = GitHub()

    def answer(request: BaseHTTPRequestHandler, body: Any) -> Any:
        state.requests.append((request.command, request.path))
        assert request.headers["Authorization"] == "Bearer secret"
        if request.path == "/user":
            return {"login": state.login}
        if request.command == "GET":
            return state.comments if "page=1" in request.path.split("&") else []
        if request.command == "POST":
            url = f"{state.url}/repos/acme/shop/issues/comments/{len(state.comments)}"
            author = {"type": "User", "login": state.login} if state.login else {"type": "Bot", "login": "actions"}
            state.comments.append({**body, "url": url, "user": author})
        else:
            state.comments[int(request.path.rpartition("/")[2])].update(body)
        return None

    def refused(path: str) -> bool:
        return state.refuses or (path == "/user" and not state.login)

    with served(answer, refused) as state.url:
        yield state


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return released(tmp_path / "checkout")


def played(
    folder: Path, github: GitHub, *, python: str = sys.executable, **inputs: str
) -> subprocess.CompletedProcess[str]:
    event = folder.with_name("event.json")
    event.write_text(json.dumps({"pull_request": {"number": 7}}))
    given = (
        {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()} | inputs | {"token": "secret"}
    )
    (step,) = [step for step in ACTION["runs"]["steps"] if step.get("id") == "run"]
    inner = {name: given[value.split("inputs.")[1].removesuffix(" }}")] for name, value in step["env"].items()}
    outer = {
        "GITHUB_API_URL": github.url,
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_OUTPUT": str(folder.with_name("output")),
        "GITHUB_STEP_SUMMARY": str(folder.with_name("summary")),
        "RUNNER_TEMP": str(folder.parent),
        "PATH": os.environ["PATH"],
    }
    env = environment(**inner, **outer)
    command = [python, "-I", str(SCRIPT)]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_it_comments_once_and_updates_the_comment(checkout: Path, github: GitHub) -> None:
    assert played(checkout, github).returncode == 0
    assert played(checkout, github).returncode == 0
    (comment,) = github.comments
    assert "### rollspec plan: canary-start" in comment["body"]
    assert [method for method, _ in github.requests if method != "GET"] == ["POST", "PATCH"]
    assert "canary-start" in checkout.with_name("summary").read_text()


@pytest.mark.parametrize("author", [{"type": "User", "login": "somebody"}, None])
@pytest.mark.parametrize("login", ["", "machine"])
def test_a_comment_of_somebody_else_is_left_alone(
    checkout: Path, github: GitHub, login: str, author: dict[str, str] | None
) -> None:
    github.login = login
    theirs = {"body": '<!-- rollspec plan: "." -->\nmine', "url": "http://x", "user": author}
    github.comments.append(dict(theirs))
    assert played(checkout, github).returncode == 0
    assert github.comments[0] == theirs
    assert len(github.comments) == 2


def test_a_personal_token_finds_its_own_comment(checkout: Path, github: GitHub) -> None:
    github.login = "machine"
    assert played(checkout, github).returncode == 0
    assert played(checkout, github).returncode == 0
    assert len(github.comments) == 1


def test_a_commit_without_a_plan_takes_the_old_plan_off_the_comment(checkout: Path, github: GitHub) -> None:
    assert played(checkout, github).returncode == 0
    (checkout / "overlays/production/apps/checkout.yaml").write_text("spec: [")
    git(checkout, "commit", "--quiet", "--all", "--message", "broken")
    assert played(checkout, github).returncode == 1
    (comment,) = github.comments
    assert "### rollspec plan: none" in comment["body"]
    assert "canary-start" not in comment["body"]


def test_a_long_plan_ends_before_a_block_that_it_would_leave_open_and_says_so_first() -> None:
    """In a block that is folded, nobody would see that something is missing."""
    script = runpy.run_path(str(SCRIPT))
    short = "a plan\n"
    block = "\n<details><summary>web</summary>\n\n```text\n" + "share 1.4.2\n" * 500 + "```\n\n</details>"
    text = script["_shortened"](short + block * 20)
    assert script["_shortened"](short) == short
    assert text.startswith(
        "**The plan is longer than a comment can be: the summary of the run has all of it.**\n\na plan"
    )
    assert text.count("<details>") == text.count("</details>") > 5
    table = script["_shortened"]("| one | row |\n" * 10_000)
    assert table.endswith("| one | row |\n")
    assert all(len(each) < 65_536 - 100 for each in (text, table))


def test_outputs_are_the_class_and_the_plan(checkout: Path, github: GitHub) -> None:
    assert played(checkout, github, comment="false").returncode == 0
    outputs = dict(line.split("=", 1) for line in checkout.with_name("output").read_text().splitlines())
    assert outputs.keys() == ACTION["outputs"].keys()
    assert outputs["class"] == json.loads(Path(outputs["json"]).read_text())["class"] == "canary-start"
    assert github.requests == []


@pytest.mark.parametrize(("gate", "code"), [("", 0), ("disruptive", 0), ("canary-start", 1)])
def test_the_gate_fails_for_a_harsh_class(checkout: Path, github: GitHub, gate: str, code: int) -> None:
    assert played(checkout, github, comment="false", **{"fail-on": gate}).returncode == code


def test_problems_are_annotations_and_there_is_no_class(checkout: Path, github: GitHub) -> None:
    spec = checkout / "overlays/production/apps/checkout.yaml"
    spec.write_text(spec.read_text().replace("weight: 20", "weight: 120"))
    git(checkout, "commit", "--quiet", "--all", "--message", "broken")
    done = played(checkout, github)
    assert done.returncode == 1
    assert "::error file=overlays/production/apps/checkout.yaml,line=" in done.stdout
    assert "class=\n" in checkout.with_name("output").read_text()


def test_a_token_that_may_not_comment_is_a_warning(checkout: Path, github: GitHub) -> None:
    github.refuses = True
    done = played(checkout, github)
    assert done.returncode == 0
    assert "::warning title=rollspec::no comment: 403" in done.stdout
    assert "secret" not in done.stdout + done.stderr


def test_a_command_that_is_killed_fails_the_job(checkout: Path, github: GitHub, tmp_path: Path) -> None:
    python = stood_in(tmp_path / "bin", killed_for="plan")
    done = played(checkout, github, python=python, **{"fail-on": "disruptive"})
    assert done.returncode == 3
    assert "::error title=rollspec::`rollspec plan` was killed by signal 9" in done.stdout


def test_a_class_that_is_misspelt_is_not_called_the_class_of_the_plan(checkout: Path, github: GitHub) -> None:
    done = played(checkout, github, **{"fail-on": "disruptiv"})
    assert done.returncode == 2
    assert "the plan has class" not in done.stdout


def test_the_program_gets_no_token(checkout: Path, github: GitHub, tmp_path: Path) -> None:
    python = stood_in(tmp_path / "bin")
    assert played(checkout, github, python=python).returncode == 0
    assert "ROLLSPEC_BASE=" in (tmp_path / "bin/environment").read_text()
    assert "secret" not in (tmp_path / "bin/environment").read_text()


def test_the_action_imports_nothing_from_the_checkout(tmp_path: Path) -> None:
    """The lines that install a package, with what a stranger's pull request may bring; no network is needed."""
    for name in ("pip", "venv", "ensurepip", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a stranger is here')\n")
    (install,) = [step["run"] for step in ACTION["runs"]["steps"] if "pip install" in step.get("run", "")]
    runner = {"RUNNER_TEMP": str(tmp_path / "runner"), "GITHUB_ACTION_PATH": str(_package(tmp_path / "action"))}
    env = environment(PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", **runner)
    script = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", install]
    done = subprocess.run(script, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    command = [str(tmp_path / "runner/rollspec/bin/python"), "-I", "-m", "pip", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert {"needed", "own"} <= set(listed.split())


def _package(folder: Path) -> Path:
    """A package `own` that builds itself, and `needed`, which its pinned requirements name."""
    (folder / "requirements").mkdir(parents=True)
    for name in ("needed", "own"):
        with zipfile.ZipFile(folder / f"{name}-1-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
            wheel.writestr(
                f"{name}-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            wheel.writestr(f"{name}-1.dist-info/RECORD", "")
    needed = folder / "needed-1-py3-none-any.whl"
    digest = hashlib.sha256(needed.read_bytes()).hexdigest()
    for name in ("build", "run"):
        (folder / f"requirements/{name}.txt").write_text(f"needed @ {needed.as_uri()} --hash=sha256:{digest}\n")
    build = 'requires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    (folder / "pyproject.toml").write_text(f'[build-system]\n{build}[project]\nname = "own"\nversion = "1"\n')
    (folder / "backend.py").write_text(
        "import shutil\n\n\ndef build_wheel(target, *_):\n"
        "    name = 'own-1-py3-none-any.whl'\n    shutil.copy(name, target)\n    return name\n"
    )
    return folder


def stood_in(folder: Path, killed_for: str = "none") -> str:
    """A Python beside a `rollspec` that notes its environment, and is killed for one command."""
    folder.mkdir()
    (folder / "python").symlink_to(sys.executable)
    own = Path(sys.executable).with_name("rollspec")
    lines = [
        "#!/bin/sh",
        f'env > "{folder}/environment"',
        f'if [ "$3" = {killed_for} ]; then kill -9 $$; fi',
        f'exec "{own}" "$@"',
    ]
    (folder / "rollspec").write_text("\n".join(lines) + "\n")
    (folder / "rollspec").chmod(0o755)
    return str(folder / "python")
