"""Problems as SARIF 2.1.0, the format that GitHub code scanning and other viewers of findings read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from renderer import __version__
from renderer.problem import Problem, printable
from renderer.report.as_json import as_json
from renderer.rules import MANIFEST_RULES
from renderer.rules.spec_table import SPEC_RULES

_FINGERPRINT = "rollspecFinding/v1"
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def problems_sarif(problems: Sequence[Problem]) -> str:
    """One SARIF log with one run; without problems it has no results, which clears earlier findings."""
    rules = sorted({problem.rule for problem in problems})
    driver = {"name": "rollspec", "version": __version__, "rules": list(_rules(rules))}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [
            {**_result(problem, rules.index(problem.rule)), "partialFingerprints": {_FINGERPRINT: fingerprint}}
            for problem, fingerprint in zip(problems, _fingerprints(problems), strict=True)
        ],
    }
    return as_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _fingerprints(problems: Sequence[Problem]) -> Iterator[str]:
    """What stays the same of each finding when lines move: its file, rule and field, or its text if it has no field."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for problem in problems:
        key = (problem.file, problem.rule, problem.pointer or problem.message)
        text = "\0".join([*key, str(seen[key])])
        seen[key] += 1
        yield sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


def _rules(names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Each rule with its manual page, if it has one."""
    pages: dict[str, Callable[..., Any]] = {**SPEC_RULES, **MANIFEST_RULES}
    for name in names:
        page = (pages[name].__doc__ or "").strip() if name in pages else ""
        described: Mapping[str, Any] = {
            "shortDescription": {"text": page.partition("\n\n")[0].replace("\n", " ")},
            "help": {"text": page},
        }
        yield {"id": name, **(described if page else {})}


def _result(problem: Problem, rule: int) -> dict[str, Any]:
    message = printable(f"{problem.message} ({problem.pointer})" if problem.pointer else problem.message)
    return {
        "ruleId": problem.rule,
        "ruleIndex": rule,
        "level": problem.severity,
        "message": {"text": message.replace("[", r"\[").replace("]", r"\]")},  # `[text](target)` would be a link
        "locations": [{"physicalLocation": _location(problem)}],
    }


def _location(problem: Problem) -> dict[str, Any]:
    """The file from the top of the repository; a problem of a whole file has no region."""
    found: dict[str, Any] = {
        "artifactLocation": {"uri": quote(problem.file, errors="surrogateescape"), "uriBaseId": "%SRCROOT%"}
    }
    if problem.line:
        found["region"] = {"startLine": problem.line, "startColumn": max(problem.column, 1)}
    return found
