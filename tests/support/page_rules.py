"""docs/rules.md: the rules' manual pages as one Markdown text, made from their docstrings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from inspect import cleandoc
from typing import Any

from renderer.rules import SECTIONS
from renderer.rules.specs import SPEC_RULES

Rules = Mapping[str, Callable[..., Any]]

_OPENING = """\
# Rules

What `rollspec` checks beyond the schemas, before a byte is written: every effective spec, and every manifest after
patches. The id of a rule stands in each of its problems. An error stops the run. A warning is
printed, and is an error under `--strict`. A note is printed and never stops a run. `Source` says whose rule it is, `Do`
what to do about it.

This page is made from the docstrings of `renderer/rules` by `make docs`.
"""


def page() -> str:
    """Every rule with its page: those over specs first, then those over manifests by kind."""
    sections: list[tuple[str, Rules]] = [("Specs", SPEC_RULES), *((title, rules) for title, rules, _ in SECTIONS)]
    return "\n".join([_OPENING, _contents(sections), *(_section(title, rules) for title, rules in sections)])


def _contents(sections: Iterable[tuple[str, Rules]]) -> str:
    lines = [f"- {title}: {', '.join(f'`{rule}`' for rule in rules)}" for title, rules in sections]
    return "\n".join([*lines, ""])


def _section(title: str, rules: Rules) -> str:
    return "\n".join([f"## {title}", "", *(_page(rule, judge) for rule, judge in rules.items())])


def _page(rule: str, judge: Callable[..., Any]) -> str:
    """A docstring as Markdown; its `Source:` and `Do:` lines become a list."""
    lines: list[str] = []
    listed = False
    for line in cleandoc(judge.__doc__ or "").splitlines():
        if line.startswith(("Source: ", "Do: ")):
            lines += [f"- {line}"] if listed else ["", f"- {line}"]
            listed = True
        else:
            lines.append(f"  {line}" if listed else line)
    return "\n".join([f"### {rule}", "", *lines, ""])
