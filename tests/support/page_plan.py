"""docs/plan.md: classes, rules of transition and kinds as one Markdown text, made from the code."""

from __future__ import annotations

from inspect import cleandoc

from renderer.plan.classes import CLASSES
from renderer.plan.fields import SCHEMAS, field_class, table
from renderer.plan.ran import HISTORY_RULES
from renderer.plan.transition import FIRST_RULES, TRANSITION_RULES

_OPENING = """\
# Plans

`rollspec plan` shows what a change of specs will do to the running system. It compares two revisions, offline. Each app
in each environment gets a class. It follows from what the release does (the plan compares pod templates and step lists,
as the controllers do), and from the subjects of the fields that change. The harshest class wins, and the plan names the
fields that caused it. Shares, Ready pods and the highest number of pods during the change come from a simulation of the
controllers. The simulation assumes that the cluster has what the base revision says.
What was changed while a controller was paused happens when it resumes: the plan of that change looks in Git for the
commit before the pause, and says so if it does not find it.

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

Each field of a spec is about one of these subjects. The plan looks at the fields that change, and at their subjects:

| subject | what its fields decide |
| --- | --- |
| template | the pod template: a change of it is another version |
| state | the release state and the step list: judged as a transition |
| scale | how many pods there are |
| traffic | which requests go where |
| behaviour | what the controllers do the next time; nothing moves now |
| metadata | labels and annotations of objects |
| identity | names, namespaces and selectors: with another value, it is another object |
| rendered | other parts of the manifests: judged by what changes in the manifests, as patches and templates are |
| none | nothing in the running system |

A field that is not in the tables below has the subject of the field around it: `/spec/canary/weight` has that of
`/spec/canary`. A field of a list's item has that of the list. Without any such field, the subject is `identity`, the
most cautious one.
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
        lines += [f"### {schema}", "", "| subject | fields |", "| --- | --- |"]
        for name in dict.fromkeys(classes.values()):
            paths = [path for path in classes if classes[path] == name and _around(schema, path) != name]
            if paths:
                lines.append(f"| {name} | {', '.join(f'`{path}`' for path in paths)} |")
        lines.append("")
    return lines


def _around(schema: str, path: str) -> str:
    """The subject of the field around this one; empty if there is none in the table."""
    above = path.rpartition("/")[0]
    while above and above not in table(schema):
        above = above.rpartition("/")[0]
    return field_class(schema, above) if above else ""
