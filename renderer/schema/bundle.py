"""One self-contained schema out of ours and the sets it refers to: only the definitions that are reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from renderer.schema.values import Node

Documents = Callable[[str], Node]  # `kubernetes.json` -> that document; asked once for each


def bundle(root: Node, documents: Documents) -> Node:
    """`root` with every reachable definition under `definitions`.

    A reference `kubernetes.json#/definitions/PodSpec` becomes `#/definitions/kubernetes.PodSpec`; a reference into a
    definition (`.../Container/properties/args`) brings that part alone, as `kubernetes.Container.args`. Raises
    LookupError when a reference leads nowhere: a defect of the schemas that ship.
    """
    waiting: list[tuple[str, str]] = []
    schema = _copy({key: value for key, value in root.items() if key != "definitions"}, "", waiting)
    loaded = {"": root}
    definitions: Node = {}
    while waiting:
        document, place = waiting.pop()
        name = _name(document, place)
        if name in definitions:
            continue
        if document not in loaded:
            loaded[document] = documents(document)
        definitions[name] = _copy(_part(loaded[document], document, place), document, waiting)
    return {**schema, "definitions": {name: definitions[name] for name in sorted(definitions)}}


def _copy(node: Any, home: str, waiting: list[tuple[str, str]]) -> Any:
    """A copy whose references point into the bundle; what they need is added to `waiting`."""
    if isinstance(node, dict):
        return {key: _value(key, value, home, waiting) for key, value in node.items()}
    if isinstance(node, list):
        return [_copy(item, home, waiting) for item in node]
    return node


def _value(key: str, value: Any, home: str, waiting: list[tuple[str, str]]) -> Any:
    # A property may be called `$ref` too (CustomResourceDefinition): then its value is a schema, not text.
    if key != "$ref" or not isinstance(value, str):
        return _copy(value, home, waiting) if isinstance(value, (dict, list)) else value
    document, _, place = value.partition("#")
    waiting.append((document or home, place))
    return f"#/definitions/{_name(document or home, place)}"


def _name(document: str, place: str) -> str:
    words = [word for word in place.split("/")[2:] if word != "properties"]
    return ".".join([*([document.removesuffix(".json")] if document else []), *words])


def _part(node: Any, document: str, place: str) -> Any:
    for word in place.split("/")[1:]:
        if not isinstance(node, dict) or word not in node:
            raise LookupError(f"no {document}#{place} in the schemas of these versions")
        node = node[word]
    return node
