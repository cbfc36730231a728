"""A bad and a good example of a rule, from a failing fixture and `good.yaml`.

An example has the lines in which the two differ, the fields that the findings are about, and the keys around them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

GOOD = "good.yaml"
_FINDING = re.compile(r"# (?:error|warning|note): (\S+) (/.*?): ")
_LONGEST = 6  # lines of a field that is shown whole
_IN_EVERY_APP = ("  image: ", "  tag: ", "---")


def excerpts(folder: Path) -> tuple[str, str]:
    """Parts of the failing fixture that differs least from the good one, and of the good one."""
    good = _lines(folder / GOOD)
    failing = [path for path in sorted(folder.glob("*.yaml")) if _fails(path)]
    path = min(failing, key=lambda path: _distance(_lines(path), good))
    bad = _lines(path)
    differ = [
        (a, b, c, d) for tag, a, b, c, d in SequenceMatcher(None, bad, good, False).get_opcodes() if tag != "equal"
    ]
    about = [found.groups() for line in _text(path) if (found := _FINDING.match(line))]
    return (
        _excerpt(bad, [*((a, b) for a, b, _, _ in differ), *_about(bad, about)]),
        _excerpt(good, [*((c, d) for _, _, c, d in differ), *_about(good, about)]),
    )


def _about(lines: list[str], findings: Iterable[tuple[str | Any, ...]]) -> Iterator[tuple[int, int]]:
    """The lines of the fields that the findings name; of a long one, the first line."""
    roots = [node for node in yaml.compose_all("\n".join(lines), yaml.SafeLoader) if isinstance(node, yaml.MappingNode)]
    for file, pointer in findings:
        for root in roots:
            if file in ("spec", _name(root)):
                first, last = _lines_of(root, pointer.split("/")[1:])
                yield first, last + 1 if last - first < _LONGEST else first + 1


def _name(root: yaml.MappingNode) -> str:
    """`Kind/name` of an object."""
    fields = {key.value: value for key, value in root.value}
    metadata = {key.value: value.value for key, value in fields["metadata"].value}
    return f"{fields['kind'].value}/{metadata.get('name', '')}"


def _lines_of(node: yaml.Node, parts: list[str]) -> tuple[int, int]:
    """The first and the last line of the value at a pointer, or of the nearest value around it."""
    first = node.start_mark.line
    for part in parts:
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, yaml.MappingNode) and part in (
            names := {key.value: (key, value) for key, value in node.value}
        ):
            first, node = names[part][0].start_mark.line, names[part][1]
        elif isinstance(node, yaml.SequenceNode) and part.isdecimal() and int(part) < len(node.value):
            node = node.value[int(part)]
            first = node.start_mark.line
        else:
            return first, first
    return first, max(each.start_mark.line for each in _leaves(node))


def _leaves(node: yaml.Node) -> Iterator[yaml.Node]:
    yield node
    children = node.value if isinstance(node, yaml.SequenceNode | yaml.MappingNode) else []
    for child in children:
        for each in child if isinstance(child, tuple) else (child,):
            yield from _leaves(each)


def _fails(path: Path) -> bool:
    return any(line.startswith(("# error: ", "# warning: ", "# note: ")) for line in _text(path))


def _text(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def _lines(path: Path) -> list[str]:
    """The YAML lines of a fixture, with the settings that the rule reads as comments."""
    return [line for line in _text(path) if not line.startswith(("# error: ", "# warning: ", "# note: "))]


def _distance(lines: list[str], good: list[str]) -> tuple[int, int]:
    same = sum(block.size for block in SequenceMatcher(None, lines, good, False).get_matching_blocks())
    return len(lines) + len(good) - 2 * same, len(lines)


def _excerpt(lines: list[str], ranges: list[tuple[int, int]]) -> str:
    """The lines of the ranges and the keys that enclose them; `kind` of each document that has some."""
    kept: set[int] = set()
    for start, end in ranges:
        for number in range(start, end) if end > start else (start - 1,):
            kept.update(_enclosing(lines, number))
    begins = [number for number, line in enumerate(lines) if line.startswith("apiVersion: ")]
    shown: list[str] = []
    for start, end in zip(begins, [*begins[1:], len(lines)], strict=True):
        inside = sorted(number for number in kept if start <= number < end and lines[number] != "---")
        if inside and lines[start + 1] == "kind: App":
            inside = sorted({*inside, *_spec(lines, start, end)})
        if inside:
            head = [start + 1] if start + 1 not in inside else []
            shown += ["---"] if shown else []
            shown += _shown(lines, sorted({*head, *inside} - {start}))
    comments = [line for line in lines[: begins[0]] if line.startswith("# ")]
    return "\n".join([*comments, *shown, ""])


def _shown(lines: list[str], numbers: list[int]) -> Iterator[str]:
    """The lines of these numbers; a key whose value is left out gets `{...}` or `[...]`."""
    for number, following in pairwise([*numbers, 0]):
        line = lines[number]
        if line.endswith(":") and _depth(lines[following]) <= _depth(line):
            line += " [...]" if lines[number + 1].lstrip().startswith("- ") else " {...}"
        yield line


def _spec(lines: list[str], start: int, end: int) -> list[int]:
    """The `spec` of an app without its image and tag: it is short, and what is wrong may be that two fields meet."""
    first = lines.index("spec:", start, end)
    found = [number for number in range(first, end) if not lines[number].startswith(_IN_EVERY_APP)]
    return found if len(found) > 1 else []


def _enclosing(lines: list[str], number: int) -> list[int]:
    """The line and the lines of the keys and list items around it."""
    found, depth = [number, *_sibling(lines, number)], _depth(lines[number])
    while depth > 0 and number > 0:
        number -= 1
        if lines[number].strip() and _depth(lines[number]) < depth:
            found.append(number)
            depth = _depth(lines[number])
    return found


def _sibling(lines: list[str], number: int) -> list[int]:
    """The start of the list item before this one."""
    depth = _depth(lines[number])
    if depth % 1:
        for before in range(number - 1, -1, -1):
            if _depth(lines[before]) < depth:
                break
            if _depth(lines[before]) == depth:
                return [before]
    return []


def _depth(line: str) -> float:
    """The indent of a line; a list item is half a step deeper than the key that holds the list."""
    indent = len(line) - len(line.lstrip(" "))
    return indent + 0.5 if line.lstrip(" ").startswith("- ") else indent
