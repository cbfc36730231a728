"""The comments of a file of manifests, by document and JSON pointer; ruamel.yaml is imported only for this."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from renderer.layout import HEADER
from renderer.yamlio import each_positions

_OF_TOOLS = ("# Source: ", HEADER)
Comments = dict[str, tuple[str, ...]]  # the lines above each pointer


def comments_of(text: bytes) -> list[Comments]:
    """The comments of each document that is not empty, at the field that they are above or behind, if any has one.

    Those at the end of a document are its last field's, and those of a document that has nothing else the next one's.
    """
    decoded = text.decode(errors="replace")
    lines = _lines(decoded) if b"#" in text else {}
    if not lines:
        return []
    marks = [number for number, line in enumerate(decoded.split("\n")) if line[:3] == "---" and not line[3:4].strip()]
    found, start = [], 0
    for known in each_positions(text):
        if len(known) > 1:
            fields = _fields(known)
            end = next((mark for mark in marks if mark > max(fields)), len(lines) + max(lines) + 1)
            found.append(_of_document(fields, {line: lines[line] for line in lines if start <= line < end}))
            start = end
    return found


def _fields(known: Mapping[str, Any]) -> dict[int, str]:
    """The outermost field that begins in each line."""
    fields: dict[int, str] = {}
    for pointer in known:
        line = known[pointer][0].line - 1
        if pointer and len(pointer) < len(fields.get(line, pointer + "/")):
            fields[line] = pointer
    return fields


def _of_document(fields: Mapping[int, str], lines: Mapping[int, str]) -> Comments:
    found: Comments = {}
    waiting: tuple[str, ...] = ()
    for line in sorted({*fields, *lines}):
        waiting = (*waiting, lines[line]) if line in lines else waiting
        if line in fields and waiting:
            found[fields[line]], waiting = waiting, ()
    if waiting:
        last = fields[max(fields)]
        found[last] = (*found.get(last, ()), *waiting)
    return found


def _lines(text: str) -> dict[int, str]:
    """The comments of a file by line, without those that Helm and rollspec write.

    ruamel.yaml reads no tab between tokens, which YAML allows: it gets a blank in place of each.
    """
    from ruamel.yaml import YAML  # slow to load, and only an import needs it
    from ruamel.yaml.error import YAMLError

    found: dict[int, str] = {}
    try:
        for token in YAML(typ="rt").scan(text.replace("\t", " ")):
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
