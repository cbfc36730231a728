"""The comments of a file of manifests, by document and JSON pointer; ruamel.yaml is imported only for this."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from renderer.layout import HEADER
from renderer.yamlio import each_positions

_OF_TOOLS = ("# Source: ", HEADER)
Comments = dict[str, tuple[str, ...]]  # the lines above each pointer


def comments_of(text: bytes) -> list[Comments]:
    """The comments of each document that is not empty, at the field that they are above or behind, if any has one."""
    lines = _lines(text.decode(errors="replace")) if b"#" in text else {}
    if not lines:
        return []
    return [_of_document(known, lines) for known in each_positions(text) if len(known) > 1]


def _of_document(known: Mapping[str, Any], lines: Mapping[int, str]) -> Comments:
    fields: dict[int, str] = {}
    for pointer in known:
        line = known[pointer][0].line - 1
        if pointer and len(pointer) < len(fields.get(line, pointer + "/")):
            fields[line] = pointer
    first, last = min(fields), max(fields)
    found: Comments = {}
    waiting: tuple[str, ...] = ()
    for line in range(max(0, first - 20), last + 1):
        comment = lines.get(line)
        if comment and line not in fields:
            waiting = (*waiting, comment)
        elif line in fields:
            own = (*waiting, *((comment,) if comment else ()))
            found.update({fields[line]: own} if own else {})
            waiting = ()
        elif line < first:  # another document's, or the line between two
            waiting = ()
    return found


def _lines(text: str) -> dict[int, str]:
    """The comments of a file by line, without those that Helm and rollspec write."""
    from ruamel.yaml import YAML  # slow to load, and only an import needs it
    from ruamel.yaml.error import YAMLError

    found: dict[int, str] = {}
    try:
        for token in YAML(typ="rt").scan(text):
            for comment in _flat(getattr(token, "comment", None)):
                first = comment.start_mark.line
                for offset, line in enumerate(comment.value.split("\n")):
                    if line.strip().startswith("#") and not line.strip().startswith(_OF_TOOLS):
                        found[first + offset] = line.strip()
    except YAMLError:
        return {}
    return found


def _flat(comment: Any) -> Iterator[Any]:
    if isinstance(comment, list):
        for each in comment:
            yield from _flat(each)
    elif comment is not None:
        yield comment
