"""docs/rules.md: the rules' manual pages as one Markdown text, made from their docstrings and their fixtures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from inspect import cleandoc
from pathlib import Path
from textwrap import fill
from typing import Any

from renderer.rules.contradictions import release_contradicted, service_removed
from renderer.rules.lost_ports import patch_loses_port
from renderer.rules.spec_table import SPEC_RULES
from renderer.rules.table import SECTIONS, Section
from tests.support.excerpts import excerpts
from tests.support.rules import FIXTURES, PATCH_FIXTURES, SPEC_FIXTURES

Rules = Mapping[str, Callable[..., Any]]
LABELS = ("Why", "Fix", "Source")
PATCH_RULES: Rules = {  # over the manifests before and after both
    "release-contradicted": release_contradicted,
    "patch-loses-port": patch_loses_port,
    "service-removed": service_removed,
}

_OPENING = """\
# Rules

`rollspec` checks every effective spec and every rendered manifest (after patches) against these rules, in addition to
the JSON Schemas. It does so before it writes a file. Every problem shows the id of its rule.

An **error** stops the run. A **warning** is shown; with `--strict` it counts as an error. A **note** is only shown.

*This render* and *this tree* are the manifests of an environment in Git: those that rollspec renders from specs, and
the plain manifests under `resources`.

The examples are parts of the test fixtures: the bad one is reported, the good one is not.

`make docs` makes this page from `renderer/rules` and `fixtures/rules`.
"""


def page() -> str:
    """Every rule with its page: those over specs first, then those over manifests by kind."""
    sections: list[tuple[str, Rules, Path]] = [("Specs", SPEC_RULES, SPEC_FIXTURES)]
    sections.append(("Patches and templates", PATCH_RULES, PATCH_FIXTURES))
    sections += [(section.title, _judges(section), FIXTURES) for section in SECTIONS]
    return "\n".join([_OPENING, _contents(sections), *(_section(*section) for section in sections)])


def _judges(section: Section) -> Rules:
    return {name: rule.judge for name, rule in section.rules.items()}


def _contents(sections: Iterable[tuple[str, Rules, Path]]) -> str:
    lines = [f"- {title}: {', '.join(f'`{rule}`' for rule in rules)}" for title, rules, _ in sections]
    return "\n".join([*lines, ""])


def _section(title: str, rules: Rules, fixtures: Path) -> str:
    return "\n".join([f"## {title}", "", *(_page(rule, judge, fixtures / rule) for rule, judge in rules.items())])


def _page(rule: str, judge: Callable[..., Any], folder: Path) -> str:
    """What is wrong, why it matters, a bad and a good example, how to fix it, and whose rule it is."""
    what, labelled = parts(judge.__doc__ or "")
    bad, good = excerpts(folder)
    blocks = [
        f"### {rule}",
        _filled(f"*{_severities(folder, labelled['Why'])}.* {what}"),
        _filled(f"**Why it matters.** {labelled['Why']}"),
        f"Bad:\n\n```yaml\n{bad}```",
        f"Good:\n\n```yaml\n{good}```",
        _filled(f"**How to fix it.** {_sentence(labelled['Fix'])}"),
        _filled(f"**Source.** {_sentence(labelled['Source'])}"),
    ]
    return "\n\n".join([*blocks, ""])


def parts(doc: str) -> tuple[str, dict[str, str]]:
    """A docstring's free text, and its labelled paragraphs."""
    head, *rest = re.split(rf"^({'|'.join(LABELS)}): ", cleandoc(doc), flags=re.MULTILINE)
    return head.strip(), {label: text.strip() for label, text in zip(rest[::2], rest[1::2], strict=True)}


def _filled(text: str) -> str:
    """The paragraphs of a text, each with lines of at most 120 characters."""
    paragraphs = (fill(part, 120, break_long_words=False, break_on_hyphens=False) for part in text.split("\n\n"))
    return "\n\n".join(paragraphs)


def _sentence(text: str) -> str:
    """The text with a capital at its start."""
    return text[:1].upper() + text[1:]


@cache
def _severities(folder: Path, why: str) -> str:
    """The severities of a rule, as its fixtures show them, or as `why` names them in parentheses."""
    texts = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml")))
    found = [
        severity
        for severity in ("error", "warning", "note")
        if re.search(f"^# {severity}: ", texts, re.M) or f"(an {severity})" in why
    ]
    return _sentence(", ".join([*found[:-2], " or ".join(found[-2:])]))
