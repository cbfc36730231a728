"""The commands that the problems of a plan suggest are run: each works where its message says that it is typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.support.cases import Outcome, lay_out, run
from tests.support.plan_cases import EXPECTED, FOLDER, SHARED, names
from tests.support.repository import git, init

_PROBLEM = re.compile(r"^  (?:problem|note   )  (\S+: .*)$", re.MULTILINE)
_COMMAND = re.compile(r"`rollspec ([a-z]+ [^`]*--env [^`]*)`")
# A placeholder -> what a person types there; `before` is a tag of the commit before the change.
_TYPED = {"REF": "before", "WEIGHT": "20", "FIELD=VALUE": "env.NEW=value"}


def _suggested(case: str) -> list[list[list[str]]]:
    """The words of the commands of each problem, in their order."""
    problems = _PROBLEM.findall((FOLDER / case / EXPECTED).read_text())
    found = [[shlex.split(line) for line in _COMMAND.findall(problem)] for problem in problems]
    return [[[_TYPED.get(word, word) for word in words] for words in lines] for lines in found if lines]


def _without_flight(folder: Path) -> None:
    """What a person does where a message says "remove `canary`"."""
    for path in (*folder.glob("apps/*"), *folder.glob("overlays/*/apps/*")):
        text = re.sub(r"^  (canary|preview):.*\n(   .*\n)*", "", path.read_text(), flags=re.MULTILINE)
        if text.endswith("spec:\n"):
            path.unlink()
        else:
            path.write_text(text)


CASES = [case for case in names() if _suggested(case)]


def _side(case: str, side: str, folder: Path) -> None:
    for part in (SHARED, side):
        if (FOLDER / case / part).exists():
            lay_out(FOLDER / case / part, folder)


@pytest.fixture
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The side before as the tag `before`, the change as `after`, and then `removed`, without a version in flight.

    All are rendered if they can be.
    """
    folder = init(tmp_path / "repository")
    case = request.param
    for side in ("before", "after", "removed"):
        if side == "removed":
            _without_flight(folder)
        else:
            for path in (*folder.glob("apps/*"), *folder.glob("overlays/*/apps/*")):
                path.unlink()
            _side(case, side, folder)
        run(folder, "render")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--no-verify", "--allow-empty", "--message", side)
        git(folder, "tag", side)
    return folder


def _typed(folder: Path, start: str, *commands: list[str]) -> Outcome:
    """The outcome of the last of these commands, each in a commit of its own, from a tag."""
    git(folder, "checkout", "--quiet", "--force", "--detach", start)
    git(folder, "clean", "--quiet", "--force", "-d")
    for words in commands:
        done = run(folder, *words)
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--no-verify", "--allow-empty", "--message", " ".join(words))
    return done


@pytest.mark.parametrize(("case", "repository"), [(case, case) for case in CASES], indirect=["repository"], ids=CASES)
def test_a_suggested_command_works(case: str, repository: Path) -> None:
    """After the change; or in its place, alone or after the commands that the message names before it."""
    for commands in _suggested(case):
        for number, words in enumerate(commands):
            tries = [("after", [words]), ("before", [words]), ("removed", [words])]
            tries += [(side, commands[: number + 1]) for side in ("before", "after") if number]
            said: list[str] = []
            for start, typed in tries:
                outcome = _typed(repository, start, *typed)
                if outcome.code == 0:
                    break
                said.append(outcome.err)
            else:
                pytest.fail("\n".join([shlex.join(words), *said]))


def test_there_are_many() -> None:
    assert len(CASES) >= 15
