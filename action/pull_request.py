"""What `action.yml` runs: plan, one comment that is updated, annotations, and a gate. Standard library only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KILLED = 3  # the exit code for a command that was killed, as where the memory does not suffice
LONGEST = 65_000  # GitHub takes comments of up to 65,536 characters
NO_PLAN = "### rollspec plan: none\n\nThe last commit has no plan. The log of the job says why.\n"


def main(env: Mapping[str, str]) -> int:
    """Do all of it, whatever fails on the way; the worst exit code."""
    base, directory = env["ROLLSPEC_BASE"], env["ROLLSPEC_DIRECTORY"]
    strict = ["--strict"] if env.get("ROLLSPEC_STRICT") == "true" else []
    plan, comment = (_rollspec(directory, "plan", "--base", base, "--format", form) for form in ("json", "markdown"))
    codes = [plan.returncode]
    _outputs(env, plan)
    text = comment.stdout or NO_PLAN
    _append(env.get("GITHUB_STEP_SUMMARY"), text)
    if env.get("ROLLSPEC_COMMENT") == "true":
        _comment(env, directory, text)
    codes.append(_rollspec(directory, "validate", "--base", base, "--format", "github", *strict, show=True).returncode)
    codes.append(_rollspec(directory, "render", "--check", "--format", "github", *strict, show=True).returncode)
    if env.get("ROLLSPEC_FAIL_ON") and not plan.returncode:
        gate = _rollspec(directory, "plan", "--base", base, "--fail-on", env["ROLLSPEC_FAIL_ON"])
        if gate.returncode == 1:
            print(f"::error title=rollspec::the plan has class {env['ROLLSPEC_FAIL_ON']} or a harsher one")
        codes.append(gate.returncode)
    return max(codes)


def _rollspec(directory: str, *arguments: str, show: bool = False) -> subprocess.CompletedProcess[str]:
    """The command of this Python's environment, whatever PATH says; it gets no token."""
    command = [os.path.join(os.path.dirname(sys.executable), "rollspec"), "-C", directory, *arguments]
    env = {name: value for name, value in os.environ.items() if name != "ROLLSPEC_TOKEN"}
    done = subprocess.run(command, env=env, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if show:
        print(done.stdout, end="")
    if done.stderr:
        print(done.stderr, end="", file=sys.stderr)
    if done.returncode < 0:
        print(f"::error title=rollspec::`rollspec {arguments[0]}` was killed by signal {-done.returncode}")
        done.returncode = KILLED
    return done


def _outputs(env: Mapping[str, str], plan: subprocess.CompletedProcess[str]) -> None:
    path = Path(env.get("RUNNER_TEMP", "."), "rollspec-plan.json")
    path.write_text(plan.stdout, encoding="utf-8")
    try:
        found = json.loads(plan.stdout).get("class", "")
    except ValueError:  # there is no plan; its problems were printed
        found = ""
    _append(env.get("GITHUB_OUTPUT"), f"class={found}\njson={path}\n")


def _append(path: str | None, text: str) -> None:
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)


def _comment(env: Mapping[str, str], directory: str, text: str) -> None:
    """Update this project's comment on the pull request, or create it; if the token may not, only warn."""
    event = json.loads(Path(env["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    number = event.get("pull_request", {}).get("number")
    if not number:
        return
    mark = f"<!-- rollspec plan: {json.dumps(directory)} -->"
    body = f"{mark}\n{_shortened(text)}"
    comments = f"{env['GITHUB_API_URL']}/repos/{env['GITHUB_REPOSITORY']}/issues/{number}/comments"
    try:
        mine = _mine(env, comments, mark)
        if mine:
            _call(env, "PATCH", mine, {"body": body})
        else:
            _call(env, "POST", comments, {"body": body})
    except urllib.error.HTTPError as error:
        print(f"::warning title=rollspec::no comment: {error.code} {error.reason} (the job needs pull-requests: write)")
    except OSError as error:
        print(f"::warning title=rollspec::no comment: {type(error).__name__}")


def _shortened(text: str) -> str:
    """What fits into a comment. It says first what it is, and ends before a block that it would leave open."""
    if len(text) <= LONGEST:
        return text
    end = text.rfind("\n<details>", 0, LONGEST)
    end = end if end > 0 else text.rfind("\n", 0, LONGEST)
    return f"**The plan is longer than a comment can be: the summary of the run has all of it.**\n\n{text[:end]}\n"


def _mine(env: Mapping[str, str], comments: str, mark: str) -> str | None:
    """The address of an earlier run's comment: a bot's or this token's own, since anyone can write the mark."""
    of_people: dict[str, str] = {}
    page = 1
    while found := _call(env, "GET", f"{comments}?per_page=100&page={page}"):
        for each in found:
            author = each["user"] or {}  # null: the account was deleted
            if not (each["body"] or "").startswith(mark):
                continue
            if author.get("type") == "Bot":
                return str(each["url"])
            if "login" in author:
                of_people[author["login"]] = str(each["url"])
        page += 1
    me = _login(env) if of_people else None
    return of_people.get(me) if me else None


def _login(env: Mapping[str, str]) -> str | None:
    """The account of a personal token. The job's own token is a bot's, and GitHub refuses it this question."""
    try:
        return str(_call(env, "GET", f"{env['GITHUB_API_URL']}/user")["login"])
    except urllib.error.HTTPError:
        return None


def _call(env: Mapping[str, str], method: str, url: str, data: Any = None) -> Any:
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {env['ROLLSPEC_TOKEN']}",
        "Content-Type": "application/json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(url, data=body, headers=headers, method=method)  # noqa: S310  # of GitHub's own variable
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.loads(answer.read() or b"null")


if __name__ == "__main__":
    sys.exit(main(os.environ))
