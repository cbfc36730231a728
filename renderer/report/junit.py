"""Problems as a JUnit report, which GitLab, Jenkins and most other CI servers show next to a change."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from renderer.lazy import regex
from renderer.problem import Problem, printable

_NOT_XML = regex("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def problems_junit(problems: Sequence[Problem]) -> str:
    """One suite with a case for each problem; an error is a failure. Without problems it has one case, which passed."""
    cases = [_case(problem) for problem in problems] or ['  <testcase classname="rollspec" name="no problems"/>\n']
    failures = sum(problem.severity == "error" for problem in problems)
    suite = f'<testsuite name="rollspec" tests="{len(cases)}" failures="{failures}" errors="0" skipped="0">'
    body = f"<testsuites>\n{suite}\n{''.join(cases)}</testsuite>\n</testsuites>\n"
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + body


def _case(problem: Problem) -> str:
    """A warning or a note is a case that passed, with its text as output."""
    position = f":{problem.line}:{problem.column}" if problem.line else ""
    names = f"classname={_attribute(problem.file)} name={_attribute(f'{problem.rule}{position}')}"
    text = escape(_legal(str(problem)))
    if problem.severity == "error":
        inner = f"<failure type={_attribute(problem.rule)} message={_attribute(problem.message)}>{text}</failure>"
    else:
        inner = f"<system-out>{text}</system-out>"
    return f"  <testcase {names} file={_attribute(problem.file)}>{inner}</testcase>\n"


def _attribute(text: str) -> str:
    return quoteattr(_legal(printable(text)))


def _legal(text: str) -> str:
    """The text without characters that no XML document may have."""
    return _NOT_XML.sub("\ufffd", text)
