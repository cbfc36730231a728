"""Problems as lines of text, as JSON, as annotations of a GitHub Actions run, as SARIF, or as a JUnit report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from renderer.problem import Problem, Severity, printable
from renderer.report.as_json import as_json

FORMATS = ("text", "json", "github", "sarif", "junit")
DOCUMENTS = frozenset(("json", "sarif", "junit"))  # no other text goes to stdout with one
_JSON_FORMAT = 1
_FEW = 3  # apps with the same problem that are shown one by one
_LISTED = 20  # apps of a folded problem that are named
_OF_FILES = frozenset(("output-file", "app-file"))  # rules over files that are not an app's spec
_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "note": "notice"}  # of GitHub's workflows


def problems_text(problems: Sequence[Problem], form: str) -> str:
    """The problems in one of FORMATS, with a final newline; without problems, text and annotations are empty."""
    return {"text": _text, "json": _json, "github": _github, "sarif": _sarif, "junit": _junit}[form](problems)


def _text(problems: Sequence[Problem]) -> str:
    lines = []
    for first, others in folded(problems):
        lines += [str(first), *([f"  {_others(first, others)}"] if others else [])]
    return "".join(f"{line}\n" for line in lines)


def folded(problems: Sequence[Problem]) -> list[tuple[Problem, list[str]]]:
    """Each problem with the names of other apps, or files, that have the same one; of few, each is by itself."""
    groups: dict[tuple[str, ...], list[Problem]] = {}
    for problem in problems:
        groups.setdefault(_without_name(problem), []).append(problem)
    others = {id(group[0]): [_listed(each) for each in group[1:]] for group in groups.values() if len(group) > _FEW}
    hidden = {id(each) for group in groups.values() if len(group) > _FEW for each in group[1:]}
    return [(each, others.get(id(each), [])) for each in problems if id(each) not in hidden]


def _others(problem: Problem, names: Sequence[str]) -> str:
    listed = ", ".join(names[:_LISTED])
    more = f" and {len(names) - _LISTED:,} more, which --format json lists" if len(names) > _LISTED else ""
    what = "files" if problem.rule in _OF_FILES else "apps"
    return f"and the same in {len(names):,} more {what}: {printable(listed)}{more}"


def _listed(problem: Problem) -> str:
    return problem.file.rpartition("/")[2] if problem.rule in _OF_FILES else _name(problem)


def _name(problem: Problem) -> str:
    """The app that a problem is about, by the name of its file."""
    return problem.file.rpartition("/")[2].removesuffix(".yaml")


def _without_name(problem: Problem) -> tuple[str, ...]:
    """What two problems have in common that differ in the app alone, wherever in the file each is."""
    name = _name(problem)
    texts = (problem.message, problem.pointer)
    folder = problem.file.removesuffix(f"{name}.yaml")
    return (problem.severity, problem.rule, folder, *(text.replace(name, "\0") if name else text for text in texts))


def _json(problems: Sequence[Problem]) -> str:
    data = {"format": _JSON_FORMAT, "problems": [asdict(problem) for problem in problems]}
    return as_json(data)


def _github(problems: Sequence[Problem]) -> str:
    """Workflow commands: https://docs.github.com/actions, "Workflow commands for GitHub Actions"."""
    return "".join(
        f"::{_COMMANDS[problem.severity]} file={_property(problem.file)},line={max(problem.line, 1)},"
        f"col={max(problem.column, 1)},title={_property(problem.rule)}::{_data(_message(problem, others))}\n"
        for problem, others in folded(problems)
    )


def _sarif(problems: Sequence[Problem]) -> str:
    from renderer.report.sarif import problems_sarif  # it imports every rule, for their manual pages

    return problems_sarif(problems)


def _junit(problems: Sequence[Problem]) -> str:
    from renderer.report.junit import problems_junit  # the XML of the standard library

    return problems_junit(problems)


def _message(problem: Problem, others: Sequence[str]) -> str:
    found = f"{problem.message} ({problem.pointer})" if problem.pointer else problem.message
    return f"{found}; {_others(problem, others)}" if others else found


def _data(text: str) -> str:
    """On one line, since each line may be a command; `%0A` would be read as a break again."""
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
