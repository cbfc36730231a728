"""docs/plan.md: classes, rules of transition and kinds as one Markdown text, made from the code."""

from __future__ import annotations

from inspect import cleandoc

from renderer.plan.classes import CLASSES
from renderer.plan.fields import SCHEMAS, table
from renderer.plan.ran import HISTORY_RULES
from renderer.plan.transition import FIRST_RULES, TRANSITION_RULES

_OPENING = """\
# Plans

`rollspec plan` shows what a change of specs will do to the running system. It compares two revisions, offline. Each app
in each environment gets a class, which depends on two things: what the release does (judged by pod templates and step
lists, as the controllers do), and what the changed paths are about. The harshest class wins, and the plan names the
paths that caused it. Shares, Ready pods and the highest number of pods during the change come from a simulation of the
controllers. The simulation assumes that the cluster has what the base revision says.

`make docs` makes this page from the code.
"""
_RULES = """\
## Transitions

The controllers would carry out these changes differently from what Git says. They are problems of
`rollspec validate --base`, and `rollspec plan` shows them too. Each message names the verb that makes the change
safely.
"""
_FIELDS = """\
## What a field is about

A path inside a field of Kubernetes, Argo Rollouts or Istio has the class of its nearest prefix in this table. Patches,
templates and plain manifests are judged by what they change in the manifests. Any other path counts as `identity`.
"""


def page() -> str:
    """Classes, mildest first; rules; kinds."""
    return "\n".join([_OPENING, *_classes(), _RULES, *_rules(), _FIELDS, *_fields()])


def _classes() -> list[str]:
    rows = [f"| `{name}` | {words} |" for name, words in CLASSES.items()]
    return ["## Classes, mildest first", "", "| class | what happens |", "| --- | --- |", *rows, ""]


def _rules() -> list[str]:
    found = []
    for rule, judge in {**FIRST_RULES, **TRANSITION_RULES, **HISTORY_RULES}.items():
        found += [f"### {rule}", "", *_page(cleandoc(judge.__doc__ or "")), ""]
    return found


def _page(text: str) -> list[str]:
    """A docstring as Markdown; its `Source:` and `Do:` lines become a list."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("Source: "):
            lines += ["", f"- {line}"]
        else:
            lines.append(f"- {line}" if line.startswith("Do: ") else line)
    return lines


def _fields() -> list[str]:
    lines = []
    for schema in SCHEMAS:
        classes = table(schema)
        lines += [f"### {schema}", "", "| class | fields |", "| --- | --- |"]
        for name in dict.fromkeys(classes.values()):
            paths = [path for path in classes if classes[path] == name]
            lines.append(f"| {name} | {', '.join(f'`{path}`' for path in paths)} |")
        lines.append("")
    return lines
