"""Makes one self-contained schema of ours and the sets that it refers to, with only the definitions it needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from renderer.schema.values import Node

SetReader = Callable[[str], bytes]  # `kubernetes` -> the text of that set's definitions; asked once for each
Definition = Callable[[str], Node]  # a name -> its schema; raises LookupError for an unknown name

_HERE = '"#/definitions/'
_INNER = (dict, list)


def parsed(text: bytes, sets: tuple[str, ...], read_set: SetReader) -> tuple[Node, Definition]:
    """Our schema without definitions, and what gives one of them, of ours or of a set.

    A reference `kubernetes.json#/definitions/PodSpec` becomes `#/definitions/kubernetes.PodSpec`. References are
    rewritten in the text: nothing else in our schemas begins like a reference, and a copy of the parsed tree takes four
    times as long.
    """
    own = text.decode()
    for name in sets:
        own = own.replace(f'"{name}.json#/definitions/', f"{_HERE}{name}.")
    root: Node = json.loads(own)
    known: Node = root.pop("definitions", {})
    loaded: dict[str, dict[str, str]] = {}

    def definition(name: str) -> Node:
        if name not in known:
            owner, _, inner = name.partition(".")
            if owner in sets and owner not in loaded:
                loaded[owner] = _lines(read_set(owner))
            if inner not in loaded.get(owner, ()):
                raise LookupError(f"no definition {name} in the schemas of these versions")
            known[name] = json.loads(loaded[owner][inner].replace(_HERE, f"{_HERE}{owner}."))
        found: Node = known[name]
        return found

    return root, definition


def closed(root: Node, definition: Definition) -> Node:
    """The schema, with every definition that it refers to, also by way of others.

    Raises LookupError if a reference leads nowhere: a defect of the schemas that ship.
    """
    reached: Node = {}
    waiting = list(_references(root))
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached[name] = definition(name)
            waiting.extend(_references(reached[name]))
    return {**root, "definitions": {name: reached[name] for name in sorted(reached)}}


def _lines(text: bytes) -> dict[str, str]:
    """The texts of a set's definitions: each is a line, `"PodSpec":{...},`; to parse all of them takes longer."""
    lines = text.decode().partition('"definitions":{\n')[2].splitlines()
    pairs = (line.removesuffix(",").partition(":") for line in lines if line.startswith('"'))
    return {json.loads(name): value for name, _, value in pairs}


def _references(tree: Node) -> Iterator[str]:
    """The names of the definitions that a tree refers to; a reference may lead to a part of one."""
    waiting: list[Any] = [tree]
    while waiting:
        node = waiting.pop()
        if node.__class__ is dict and node.get("$ref").__class__ is str:
            yield node["$ref"].split("/")[2]
        waiting += [each for each in (node.values() if node.__class__ is dict else node) if each.__class__ in _INNER]
