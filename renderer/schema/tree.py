"""Looks around one self-contained schema: resolves references, finds the fields of a node and the node of a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from renderer.plain import tokens
from renderer.schema.values import Node, Tokens
from renderer.schema.words import either, fits, listed, name, type_of, wanted

_DEEPEST = 40  # references in a row; schemas that lead nowhere end here
_PLURAL = ("anyOf", "oneOf")


class Tree:
    """A schema whose references all begin with `#/`."""

    def __init__(self, root: Node) -> None:
        self.root = root

    def resolve(self, node: Any) -> Node:
        """The node that a reference names; an empty one for `true` and `false`."""
        for _ in range(_DEEPEST):
            if not isinstance(node, dict):
                return {}
            if not isinstance(node.get("$ref"), str):
                return node
            node = self._part(node["$ref"])
        return {}

    def members(self, node: Any, depth: int = 0) -> Iterator[Node]:
        """The node and the nodes of its `allOf`, with references resolved."""
        node = self.resolve(node)
        yield node
        for member in node.get("allOf", ()) if depth < _DEEPEST else ():
            yield from self.members(member, depth + 1)

    def fields(self, node: Any) -> Node:
        """The properties of a mapping, in the order of the schema."""
        return {key: value for member in self.members(node) for key, value in member.get("properties", {}).items()}

    def at(self, parts: Tokens) -> Node:
        """The schema of the value with this path; an empty one if several forms are possible."""
        node: Any = self.root
        for token in parts:
            node = self._step(node, token)
        return self.resolve(node)

    def types(self, node: Any) -> list[str]:
        """The JSON types that a node accepts; empty means every type."""
        found: list[str] = []
        for member in self.members(node):
            found += self._types(member)
        return list(dict.fromkeys(found))

    def takes_type_of(self, value: Any, node: Any) -> bool:
        """Whether the node accepts values of this value's type."""
        types = self.types(node)
        return not types or any(fits(value, each) for each in types)

    def expected(self, node: Any) -> str:
        """What a value must be, in words; empty if the schema does not say."""
        return either(dict.fromkeys(self._phrases(node)))

    def _phrases(self, node: Any) -> list[str]:
        for member in self.members(node):
            if words := member.get("x-rollspec-expected"):
                return [str(words)]
            if values := allowed(member):
                return [name(values[0]) if len(values) == 1 else f"one of {listed(values)}"]
            if forms := [phrase for key in _PLURAL for form in member.get(key, ()) for phrase in self._phrases(form)]:
                return forms
        return wanted(self.types(node))

    def _types(self, node: Node) -> list[str]:
        if "type" in node:
            return [node["type"]] if isinstance(node["type"], str) else list(node["type"])
        if values := allowed(node):
            return [type_of(value) for value in values]
        forms = [self.types(form) for key in _PLURAL for form in node.get(key, ())]
        return [each for form in forms for each in form] if all(forms) else []

    def _step(self, node: Any, token: str | int) -> Any:
        for member in self.members(node):
            if isinstance(token, int):
                if isinstance(member.get("items"), dict):
                    return member["items"]
            elif token in member.get("properties", {}):
                return member["properties"][token]
            elif isinstance(member.get("additionalProperties"), dict):
                return member["additionalProperties"]
        return {}

    def _part(self, reference: str) -> Any:
        node: Any = self.root
        for word in tokens(reference):
            node = node.get(word, {}) if isinstance(node, dict) else {}
        return node


def allowed(node: Node) -> list[Any]:
    """The values of `const` or `enum`."""
    return [node["const"]] if "const" in node else list(node.get("enum", ()))
