"""Problems as lines of text, as JSON, as annotations of a GitHub Actions run, as SARIF, or as a JUnit report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from renderer.problem import Problem, Severity, printable
from renderer.report.as_json import as_json

FORMATS = ("text", "json", "github", "sarif", "junit")
_JSON_FORMAT = 1
_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "note": "notice"}  # of GitHub's workflows


def problems_text(problems: Sequence[Problem], form: str) -> str:
    """The problems in one of FORMATS, with a final newline; without problems, text and annotations are empty."""
    return {"text": _text, "json": _json, "github": _github, "sarif": _sarif, "junit": _junit}[form](problems)


def _text(problems: Sequence[Problem]) -> str:
    return "".join(f"{problem}\n" for problem in problems)


def _json(problems: Sequence[Problem]) -> str:
    data = {"format": _JSON_FORMAT, "problems": [asdict(problem) for problem in problems]}
    return as_json(data)


def _github(problems: Sequence[Problem]) -> str:
    """Workflow commands: https://docs.github.com/actions, "Workflow commands for GitHub Actions"."""
    return "".join(
        f"::{_COMMANDS[problem.severity]} file={_property(problem.file)},line={max(problem.line, 1)},"
        f"col={max(problem.column, 1)},title={_property(problem.rule)}::{_data(_message(problem))}\n"
        for problem in problems
    )


def _sarif(problems: Sequence[Problem]) -> str:
    from renderer.report.sarif import problems_sarif  # it imports every rule, for their manual pages

    return problems_sarif(problems)


def _junit(problems: Sequence[Problem]) -> str:
    from renderer.report.junit import problems_junit  # the XML of the standard library

    return problems_junit(problems)


def _message(problem: Problem) -> str:
    return f"{problem.message} ({problem.pointer})" if problem.pointer else problem.message


def _data(text: str) -> str:
    """On one line, since each line may be a command; `%0A` would be read as a break again."""
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
