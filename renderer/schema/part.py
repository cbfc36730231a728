"""The part of a schema that judges documents in which only some names occur, exactly as the whole schema does."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from renderer.plain import unescape
from renderer.schema.bundle import Definition, closed
from renderer.schema.values import Node

_SCHEMAS_BY_NAME = frozenset({"patternProperties", "definitions", "dependencies"})
_DATA = frozenset({"enum", "const", "default", "examples", "required"})


def names_in(data: Any) -> set[str]:
    """Every key of every mapping of a document."""
    found: set[str] = set()
    waiting = [data]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            found.update(node)
            waiting += node.values()
        elif isinstance(node, list | tuple):
            waiting += node
    return found


def part(root: Node, definition: Definition, names: Set[str]) -> Node:
    """The schema without the properties of other names, and with only the definitions that it then needs.

    The schema of a property says nothing about a document that does not have it. What asks for a property or forbids
    others (`required`, `additionalProperties`) stays.
    """

    def kept(node: Any) -> Any:
        if isinstance(node, list):
            return [kept(each) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:  # other keys of the node do not count
            _, _, name, *inner = node["$ref"].split("/")
            return kept(_within(definition(name), inner)) if inner else {"$ref": node["$ref"]}
        return {key: _kept_value(key, value) for key, value in node.items() if key != "description"}

    def _kept_value(key: str, value: Any) -> Any:
        if key == "properties":
            return {name: kept(each) for name, each in value.items() if name in names}
        if key in _SCHEMAS_BY_NAME:
            return {name: kept(each) for name, each in value.items()}
        return value if key in _DATA else kept(value)

    return closed(kept(root), lambda name: kept(definition(name)))


def _within(node: Any, tokens: list[str]) -> Any:
    """The value that a JSON pointer leads to; what it goes through may be left out of the part."""
    for token in tokens:
        node = node[unescape(token)]
    return node
