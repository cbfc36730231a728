"""docs/plan.md: classes, rules of transition and kinds as one Markdown text, made from the code."""

from __future__ import annotations

from inspect import cleandoc

from renderer.plan.classes import CLASSES
from renderer.plan.fields import SCHEMAS, table
from renderer.plan.ran import HISTORY_RULES
from renderer.plan.transition import FIRST_RULES, TRANSITION_RULES

_OPENING = """\
# Plans

`rollspec plan` tells what a change of specs will do to the running system, from two revisions and offline. Each app in
each environment gets a class. It follows from two things: what the release does (judged by pod templates and step
lists, as the controllers do), and what the changed paths are about. The harshest wins, and names the paths that forced
it. What happens on the way (shares, Ready pods, pods at most) comes from a simulation of the controllers, which takes
it that the cluster has what the base revision says.

This page is made from the code: `make docs`.
"""
_RULES = """\
## Transitions

Changes that the controllers would carry out otherwise than Git says: problems of `rollspec validate --base`, shown by
`rollspec plan` too. Each names the verb that does it right.
"""
_FIELDS = """\
## What a field is about

A path inside a field of Kubernetes, Argo Rollouts or Istio takes the class of its nearest prefix here. Patches,
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
